"""Every language's own package and the published emitter at once, on one daemon: one chain without a gap."""

import subprocess
import sys
import threading
import unittest
from pathlib import Path

from harness import database, programs, reference
from harness.drivers import Driver, languages
from harness.places import Places

EVENTS = 40
# Two processes with the published client, among ours.
PUBLISHED = ("published-1", "published-2")


class AllAtOnce(unittest.TestCase):
    """The drivers emit from threads of this process, each with an emitter of its own language in its own process."""

    def test_all_languages_and_the_published_client_make_one_gapless_chain(self):
        for language, driver in languages().items():
            if driver.get("missing"):
                self.skipTest(f"{language}: {driver['missing']}")
        self.assertIn("rust", languages(), "AGENT_RECEIPTS_DRIVERS names no driver: run this by `cargo xtask test`")
        with programs.Daemon() as daemon:
            pids, lost = self.record(daemon)
            sessions = [*languages(), *PUBLISHED]
            daemon.wait_for_receipts(EVENTS * len(sessions))
            self.assertEqual(daemon.stop(), 0, daemon.said())
            rows = database.rows(daemon.database)
            self.assertEqual({row.chain_id for row in rows}, {programs.CHAIN})
            self.assertEqual([row.sequence for row in rows], list(range(1, len(rows) + 1)))
            for session in sessions:
                own = [row for row in rows if row.receipt["issuer"].get("session_id") == session]
                named = [row.action["tool_name"] for row in own if "tool_name" in row.action]
                self.assertEqual(sorted(named), sorted(f"{session}-{index}" for index in range(EVENTS)), session)
                self.assertEqual({row.action["peer_credential"]["pid"] for row in own}, {pids[session]})
            # Beside the events: a receipt for each loss that was told, and the end of the chain.
            told = [row for row in rows if row.action["type"].endswith("events_dropped")]
            self.assertEqual(len(rows), EVENTS * len(sessions) + len(told) + 1)
            self.assertEqual(bool(told), lost > 0)
            self.both_verifiers_accept(daemon)

    def record(self, daemon: programs.Daemon) -> tuple[dict[str, int], int]:
        """Lets everybody emit at once; gives who was which process, and how many attempts did not get through."""
        places = Places()
        self.addCleanup(places.remove)
        drivers = {
            name: self.enterContext(Driver(known["command"], places, places.environment())) for name, known in languages().items()
        }
        script = str(Path(__file__).with_name("harness") / "emitter_session.py")
        published = {
            session: subprocess.Popen(
                [sys.executable, "-B", script, str(daemon.socket), session, str(EVENTS)],
                stdout=subprocess.DEVNULL,
                env=daemon.environment(),
            )
            for session in PUBLISHED
        }
        faults: list[BaseException] = []
        threads = [threading.Thread(target=emit, args=(name, driver, daemon, faults)) for name, driver in drivers.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(programs.DEADLINE)
        self.assertEqual(faults, [])
        for process in published.values():
            self.assertEqual(process.wait(programs.DEADLINE), 0)
        everybody = {name: driver.process for name, driver in drivers.items()} | published
        pids = {name: process.pid for name, process in everybody.items()}
        for driver in drivers.values():
            driver.end()
        return pids, sum(driver.transport_errors for driver in drivers.values())

    def both_verifiers_accept(self, daemon: programs.Daemon) -> None:
        done = programs.verify(daemon.database, daemon.public_key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        copy = database.copy(daemon.database, daemon.folder / "published" / "receipts.db")
        verdict = reference.verdicts(copy, daemon.public_key, [programs.CHAIN])[programs.CHAIN]
        self.assertTrue(verdict.valid, f"{verdict.error} at {verdict.broken_at}")


def emit(name: str, driver: Driver, daemon: programs.Daemon, faults: list[BaseException]) -> None:
    """Emits one language's events; what goes wrong is for the test's own thread to see."""
    try:
        driver.new(socket=daemon.socket, session=name)
        for index in range(EVENTS):
            given = f'{{"index":{index},"text":"größe \\u2028"}}'
            driver.sent({"channel": "sdk", "tool_name": f"{name}-{index}", "decision": "allowed", "input": given})
    except BaseException as fault:
        faults.append(fault)


if __name__ == "__main__":
    unittest.main()
