"""Emitters of three languages: alone, and all at once on one chain."""

import os
import unittest

from obsigna import hash_raw_receipt, verify_raw

from harness import database, programs, reference
from harness.languages import LANGUAGES, ended

EVENTS = 10


class OneFrame(unittest.TestCase):
    """One frame of a process in another language, to a daemon of its own, is a receipt that both verifiers accept."""

    def one_frame_of(self, language):
        if language.missing:
            self.skipTest(language.missing)
        with programs.Daemon() as daemon:
            process = language.start(daemon, "alone", 1)
            told = ended(language, process)
            daemon.wait_for_receipts(1)
            self.assertEqual(daemon.stop(), 0, daemon.said())
            row = database.rows(daemon.database)[0]
            self.assertEqual((row.chain_id, row.sequence, row.action["tool_name"]), (programs.CHAIN, 1, "alone-0"))
            self.assertEqual(row.receipt["issuer"]["session_id"], "alone")
            given = {"index": 0, "text": "größe \U0001f512" + (" <&>" if language.name == "go" else ""), "half": 0.5}
            self.assertEqual(row.action["parameters_hash"], reference.payload_hash(given))
            self.assertEqual(hash_raw_receipt(row.text), row.receipt_hash)
            self.assertTrue(verify_raw(row.text, daemon.public_key.read_text()))
            done = programs.verify(daemon.database, daemon.public_key)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.peer_is(row.action["peer_credential"], told, process.pid)

    def peer_is(self, peer, told, pid):
        """The kernel's word on the sender is what the sender says of itself, and is not us."""
        self.assertEqual((peer["pid"], peer["uid"], peer["gid"]), (told["pid"], told["uid"], told["gid"]))
        self.assertEqual((peer["pid"], peer["uid"]), (pid, os.getuid()))
        self.assertNotIn(peer["pid"], (0, os.getpid()))
        if told["exe_path"] is not None:
            self.assertEqual(peer["exe_path"], told["exe_path"])
            self.assertNotEqual(peer["exe_path"], programs.binary("agent-receipts-daemon"))

    def test_python(self):
        self.one_frame_of(LANGUAGES[0])

    def test_node(self):
        self.one_frame_of(LANGUAGES[1])

    def test_go(self):
        self.one_frame_of(LANGUAGES[2])


class AllAtOnce(unittest.TestCase):
    def test_three_languages_at_once_make_one_gapless_chain(self):
        for language in LANGUAGES:
            if language.missing:
                self.skipTest(language.missing)
        with programs.Daemon() as daemon:
            processes = [language.start(daemon, language.name, EVENTS) for language in LANGUAGES]
            told = {each.name: ended(each, process) for each, process in zip(LANGUAGES, processes, strict=True)}
            daemon.wait_for_receipts(EVENTS * len(LANGUAGES))
            self.assertEqual(daemon.stop(), 0, daemon.said())
            rows = database.rows(daemon.database)[:-1]
            self.assertEqual([row.sequence for row in rows], list(range(1, EVENTS * len(LANGUAGES) + 1)))
            for language in LANGUAGES:
                own = [row for row in rows if row.receipt["issuer"]["session_id"] == language.name]
                self.assertEqual([row.action["tool_name"] for row in own], [f"{language.name}-{n}" for n in range(EVENTS)])
                self.assertEqual({row.action["peer_credential"]["pid"] for row in own}, {told[language.name]["pid"]})
            done = programs.verify(daemon.database, daemon.public_key)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            copy = database.copy(daemon.database, daemon.folder / "published" / "receipts.db")
            verdict = reference.verdicts(copy, daemon.public_key, [programs.CHAIN])[programs.CHAIN]
            self.assertTrue(verdict.valid, f"{verdict.error} at {verdict.broken_at}")
        self.assertEqual(len({process["pid"] for process in told.values()}), len(LANGUAGES))


if __name__ == "__main__":
    unittest.main()
