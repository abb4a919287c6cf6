"""A database that the published store wrote is imported, backed up, and read as what it is."""

import os
import subprocess
import unittest

from harness import database, programs
from test_resume import WRITTEN, write_by_published_store


class Imported(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = programs.Daemon()
        cls.addClassCleanup(cls.daemon.remove)
        cls.daemon.initialise()
        write_by_published_store(cls.daemon)
        cls.foreign = cls.daemon.database.rename(cls.daemon.folder / "foreign.db")
        cls.rows = [(row.id, row.text) for row in database.rows(cls.foreign)]

    def say(self, *words: str) -> subprocess.CompletedProcess:
        files = ["--db", str(self.daemon.database)]
        keys = [] if words[0] in ("list", "export") else ["--public-key", str(self.daemon.public_key)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTRECEIPTS_")}
        command = [programs.binary("agent-receipts"), *words, *files, *keys]
        return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=programs.DEADLINE)

    def test_it_is_taken_in_verified_and_exported_byte_for_byte(self):
        done = self.say("import", str(self.foreign))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = self.say("verify", "--strict")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"(archive foreign): VALID ({WRITTEN} receipts)", done.stdout)
        exported = self.say("export").stdout.splitlines()
        self.assertEqual(exported, [text.replace("\n", " ") for _, text in self.rows])
        self.assertEqual([(row.id, row.text) for row in database.rows(self.foreign)], self.rows)

    def test_its_backup_is_what_it_is(self):
        copy = self.daemon.folder / "copy.db"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTRECEIPTS_")}
        command = [programs.binary("agent-receipts"), "backup", str(copy), "--db", str(self.foreign)]
        command += ["--public-key", str(self.daemon.public_key)]
        done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=programs.DEADLINE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual([(row.id, row.text) for row in database.rows(copy)], self.rows)


if __name__ == "__main__":
    unittest.main()
