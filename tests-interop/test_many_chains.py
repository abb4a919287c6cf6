"""A daemon with a chain for each session: a published client writes them, and two verifiers look at each."""

import os
import unittest

from harness import database, programs, reference, sessions

SESSIONS = ["plain", "with/slash", "naïve ☃", "7"]
EVENTS = 3


class ChainsOfSessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = sessions.written(cls, SESSIONS, EVENTS)
        cls.exit_code = cls.daemon.stop()
        cls.rows = database.rows(cls.daemon.database)
        cls.chains = sorted({row.chain_id for row in cls.rows})

    def test_each_session_has_one_chain_of_its_own(self):
        self.assertEqual(self.exit_code, 0, self.daemon.said())
        self.assertEqual(len(self.chains), len(SESSIONS))
        for chain in self.chains:
            self.assertTrue(chain.startswith(f"{programs.CHAIN}/session/{os.getuid()}/"), chain)
            found = {row.receipt["issuer"].get("session_id") for row in self.rows if row.chain_id == chain}
            # The terminator is the daemon's own and of no session.
            self.assertEqual(len(found - {None}), 1, chain)

    def test_both_verifiers_accept_every_chain(self):
        done = programs.verify(self.daemon.database, self.daemon.public_key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        copy = database.copy(self.daemon.database, self.daemon.folder / "published" / "receipts.db")
        for chain, verdict in reference.verdicts(copy, self.daemon.public_key, self.chains).items():
            self.assertTrue(verdict.valid, f"{chain}: {verdict.error} at {verdict.broken_at}")
            self.assertEqual((verdict.length, verdict.status), (EVENTS + 1, "interrupted"))


if __name__ == "__main__":
    unittest.main()
