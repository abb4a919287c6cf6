"""A chain is moved to an archive: the published verifier accepts what stays and what went, each by itself."""

import os
import subprocess
import unittest

from harness import database, programs, reference, sessions

SESSIONS = ["goes", "stays"]
EVENTS = 4


class Retired(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = sessions.written(cls, SESSIONS, EVENTS)
        cls.daemon.stop()
        cls.before = database.rows(cls.daemon.database)
        cls.goes, cls.stays = sorted({row.chain_id for row in cls.before}, key=lambda chain: "stays" in chain)
        done = cls.say("retire", "--chain", cls.goes, "--name", "x")
        assert done.returncode == 0, done.stdout + done.stderr
        cls.archive = cls.daemon.database.with_name(cls.daemon.database.name + ".archives") / "x" / "receipts.db"

    @classmethod
    def say(cls, *words: str) -> subprocess.CompletedProcess:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTRECEIPTS_")}
        command = [programs.binary("agent-receipts"), *words, "--db", str(cls.daemon.database)]
        command += ["--public-key", str(cls.daemon.public_key)]
        if words[0] == "retire":
            command += ["--daemon-bin", str(programs.binary("agent-receipts-daemon"))]
        return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=programs.DEADLINE)

    def test_no_row_is_lost_and_none_is_changed(self):
        after = database.rows(self.daemon.database) + database.rows(self.archive)
        texts = sorted((row.id, row.text) for row in after)
        self.assertEqual(texts, sorted((row.id, row.text) for row in self.before))

    def test_both_verifiers_accept_what_stays_and_what_went(self):
        done = self.say("verify", "--strict")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for name, path, chain in [("main", self.daemon.database, self.stays), ("archive", self.archive, self.goes)]:
            self.assertEqual({row.chain_id for row in database.rows(path)}, {chain}, name)
            # The published store writes an index of its own, and what was archived is for reading alone.
            copy = database.copy(path, self.daemon.folder / name / "receipts.db")
            copy.chmod(0o600)
            verdict = reference.verdicts(copy, self.daemon.public_key, [chain])[chain]
            self.assertTrue(verdict.valid, f"{name}: {verdict.error} at {verdict.broken_at}")
            self.assertEqual((verdict.length, verdict.status), (EVENTS + 1, "interrupted"), name)


if __name__ == "__main__":
    unittest.main()
