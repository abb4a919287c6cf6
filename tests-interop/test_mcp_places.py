"""Where proxies run: two at once, and where nothing may be written."""

import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from harness import database, programs, proxy
from harness.hostile.message import call
from harness.hostile.session import command
from harness.stdio import Client

CALLS = 50
# Every file system of a namespace of its own is read-only, but for the devices; then comes what the arguments say. That it is so is
# seen by trying.
READ_ONLY = """
mount --make-rprivate / || exit 71
awk '$5 !~ "^/(dev|proc|sys)(/|$)" { print $5 }' /proc/self/mountinfo | while read -r place; do
    mount -o remount,bind,ro "$place" || exit 72
done || exit 72
for place in "$HOME" "$XDG_RUNTIME_DIR" /tmp; do
    if touch "$place/written" 2>/dev/null; then rm "$place/written"; echo "$place can be written" >&2; exit 73; fi
done
exec "$@"
"""


class Places(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="arp-")))

    def client(self, daemon: programs.Daemon, name: str, before: tuple[str, ...] = (), flags: tuple[str, ...] = ()) -> Client:
        environment = proxy.environment(daemon) | {"INTEROP_LOG": "/dev/null"}
        line = [*before, *proxy.wrapped(name, command("text"), *flags)]
        return Client(line, environment, self.folder / f"{name}.err")

    def calls(self, client: Client, faults: list[str]) -> None:
        """Makes its calls, one after the other; what goes wrong is for the test's own thread to see."""
        for number in range(CALLS):
            answer = client.ask(call(number, "tool", {"number": number}))
            if "result" not in answer:
                faults.append(f"{answer}")

    def finished(self, daemon: programs.Daemon, sessions: int) -> list[database.Row]:
        """The receipts, when all sessions are recorded to their end and the chain is accepted."""
        daemon.wait_until(lambda: database.count(daemon.database, "mcp.session.end") >= sessions, "all sessions are recorded")
        self.assertEqual(daemon.stop(), 0, daemon.said())
        done = programs.verify(daemon.database, daemon.public_key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return database.rows(daemon.database)

    def recorded(self, rows: list[database.Row], name: str) -> None:
        """Each call has its two receipts."""
        expected = sorted(proxy.canonical_hash({"number": number}) for number in range(CALLS))
        own = [row for row in proxy.of_server(rows, name) if row.action["tool_name"] == "tool"]
        for status in ("pending", "success"):
            found = [row.action["parameters_hash"] for row in own if row.subject["outcome"]["status"] == status]
            self.assertEqual(sorted(found), expected, status)

    def at_once(self, *flags: str) -> None:
        with programs.Daemon() as daemon:
            clients = {name: self.client(daemon, name, flags=flags) for name in ("one", "other")}
            faults: list[str] = []
            threads = [threading.Thread(target=self.calls, args=(client, faults)) for client in clients.values()]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(programs.DEADLINE)
            self.assertEqual(faults, [])
            codes = {name: client.end() for name, client in clients.items()}
            said = {name: client.errors.read_text() for name, client in clients.items()}
            self.assertEqual(codes, {"one": 0, "other": 0}, said)
            for text in said.values():
                self.assertNotRegex(text, "(?i)in use|exists|refused|cannot")
            rows = self.finished(daemon, len(clients))
        self.assertEqual({row.chain_id for row in rows}, {programs.CHAIN})
        self.assertEqual([row.sequence for row in rows], list(range(1, len(rows) + 1)))
        for name in clients:
            self.recorded(rows, name)

    def test_two_at_once_share_one_chain(self):
        self.at_once()

    def test_two_at_once_that_ask_for_any_port_share_one_chain(self):
        self.at_once("--approvals", "0")

    def test_where_nothing_may_be_written_everything_is_recorded(self):
        before = ("unshare", "--mount", "--map-root-user", "sh", "-c", READ_ONLY, "sh")
        able = subprocess.run([*before, "true"], env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/tmp", "XDG_RUNTIME_DIR": "/tmp"}, capture_output=True, text=True)
        if able.returncode in (1, 71, 72, 127):
            self.skipTest(f"nobody may make a file system read-only here: {able.stderr.strip()}")
        self.assertEqual(able.returncode, 0, able.stderr)
        with programs.Daemon() as daemon:
            client = self.client(daemon, "sealed", before)
            faults: list[str] = []
            self.calls(client, faults)
            self.assertEqual(faults, [])
            self.assertEqual(client.end(), 0, client.errors.read_text())
            self.recorded(self.finished(daemon, 1), "sealed")


if __name__ == "__main__":
    unittest.main()
