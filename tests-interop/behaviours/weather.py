"""A machine that is not as it should be, and a daemon that comes and goes."""

import sys
import uuid
from pathlib import Path

from behaviours.base import EVENT, Behaviour
from harness import database, programs
from harness.drivers import ATTEMPTS
from harness.receiver import Receiver

CODES = Path(__file__).resolve().parent.parent.parent / "ffi" / "error-codes.txt"


class Weather(Behaviour):
    def nowhere_to_write(self) -> dict[str, Path]:
        """Places where nobody can write: not even root where the system itself says no."""
        locked = self.places.folder / "locked"
        locked.mkdir(mode=0o555)
        self.addCleanup(locked.chmod, 0o755)
        file = self.places.folder / "file"
        file.touch(mode=0o444)
        places = {"a folder without the right to write": locked, "a file where a folder should be": file}
        return places | ({"the system's own folder": Path("/proc")} if sys.platform == "linux" else {})

    def test_b38_folders_that_cannot_be_written_keep_nobody_from_emitting(self):
        for what, place in self.nowhere_to_write().items():
            with self.subTest(what):
                everywhere = dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR"), str(place))
                driver = self.driver(place if place.is_dir() else Path("/"), **everywhere)
                driver.new("lost", socket=self.places.socket)
                self.fails(driver, 2, "lost")
                self.assertEqual(driver.dropped("lost"), 2)
                with Receiver(self.places.socket) as receiver:
                    driver.new("a", socket=self.places.socket)
                    driver.sent(EVENT)
                    self.assertEqual(uuid.UUID(receiver.events(1)[0]["session_id"]).version, 4)
                self.assertEqual(driver.ask("close", on="lost"), {"ok": True})
                driver.end()

    def test_b39_the_same_emitter_reaches_a_restarted_daemon(self):
        with programs.Daemon() as daemon:
            driver = self.driver()
            driver.new(socket=daemon.socket, session="s")
            before = self.acknowledged(driver, "before")
            self.assertEqual(daemon.stop(), 0, daemon.said())
            self.is_error(driver.emit(EVENT | {"tool_name": "lost"}), "transport")
            daemon.run()
            after = self.acknowledged(driver, "after")
            driver.end()
            self.assertEqual(daemon.stop(), 0, daemon.said())
            rows = database.rows(daemon.database)
            names = {row.id: row.action.get("tool_name") for row in rows}
            self.assertEqual((names[before], names[after]), ("before", "after"))
            # The one that was lost in between stands in the chain as such.
            lost = [row for row in rows if row.action["type"].endswith("events_dropped")]
            self.assertEqual(len(lost), 1, [row.action["type"] for row in rows])
            done = programs.verify(daemon.database, daemon.public_key)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def acknowledged(self, driver, tool: str) -> str:
        """Emits until there is a receipt; its id."""
        for _ in range(ATTEMPTS):
            answer = driver.emit(EVENT | {"tool_name": tool}, acknowledged_ms=60_000)
            if answer.get("error") != "transport":
                break
        self.assertIs(answer.get("ok"), True, answer)
        return answer["receipt_id"]

    def test_b40_the_numbered_error_codes_are_all_known(self):
        lines = (line.split() for line in CODES.read_text().splitlines() if not line.startswith("#"))
        listed = {name: int(code) for code, name, kind in lines if kind != "retired"}
        self.assertGreater(len(listed), 10)
        self.assertEqual(self.driver().ask("error_codes"), {"codes": listed})
