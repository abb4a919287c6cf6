"""Two hundred generated sessions of clients that want a call to be made unseen, in front of servers that read in four ways.

The seed is printed, and AGENT_RECEIPTS_SEED sets it: the same seed makes the same sessions.
"""

import concurrent.futures
import os
import tempfile
import unittest
from pathlib import Path

from harness import database, programs, proxy
from harness.hostile import check
from harness.hostile.play import Seen, play
from harness.hostile.session import SERVERS, Session, generate, rules

SESSIONS = 200
SEED = os.environ.get("AGENT_RECEIPTS_SEED", "receipts")
# As many at once as a small machine has cores, and one that waits.
AT_ONCE = 3


class Hostile(unittest.TestCase):
    def test_no_call_is_made_unseen(self):
        missing = [reader for reader, command in SERVERS.items() if command is None]
        if missing:
            self.skipTest(f"the servers that this machine cannot run: {', '.join(missing)}")
        print(f"seed {SEED!r}", flush=True)
        sessions = [generate(SEED, number) for number in range(SESSIONS)]
        with programs.Daemon() as daemon:
            played = self.play(daemon, sessions)
            daemon.wait_until(lambda: database.count(daemon.database, "mcp.session.end") >= SESSIONS, "all sessions are recorded to their end")
            self.assertEqual(daemon.stop(), 0, daemon.said())
            done = programs.verify(daemon.database, daemon.public_key)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            rows = database.rows(daemon.database)
        # A count of losses in the chain excuses nothing: below, no receipt may be missing.
        reached = 0
        for session, seen in zip(sessions, played, strict=True):
            with self.subTest(session=session.name, reader=session.reader, end=session.end):
                own = [row for row in rows if row.pid == seen.pid]
                self.assertEqual(check.faults(session, seen, own), [], seen.errors)
                reached += len(seen.calls)
        # Nothing above is held by a proxy that lets nothing through.
        self.assertGreater(reached, SESSIONS * 3)

    def play(self, daemon: programs.Daemon, sessions: list[Session]) -> list[Seen]:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="arh-")))
        known, environment = rules(folder), proxy.environment(daemon)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(lambda session: play(session, folder, known, environment), sessions))


if __name__ == "__main__":
    unittest.main()
