"""Over HTTP too the official clients cannot tell the proxy from the server: in front of it, and as the way to it from stdio."""

import os
import tempfile
import unittest
from pathlib import Path

from harness import database, programs, proxy
from harness.flows import Flow, differences, node, other_outcomes, package, python
from harness.remote import Listening, OnPort, bridge, front
from test_mcp_clients import Twice

REMOTE = ("INTEROP_REMOTE", "yes")
EVERYTHING = [*package("everything"), "streamableHttp"]
PATH = {"PATH": os.environ["PATH"]}
WORKSHOP = [*python("servers/workshop.py"), "--http"]


class Http(Twice):
    """Each flow three times: straight to the server, through the proxy over HTTP, and through it from stdio."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="arw-")))

    def three_ways(self, flow: Flow, server: Listening, compared=differences) -> None:
        self.needs_node()
        with programs.Daemon() as daemon:
            environment = proxy.environment(daemon)
            with server as url:
                plain = flow.run([url], environment)
                with Listening(front(f"{flow.name}-front", url), environment, self.folder / "front.log") as address:
                    in_front = flow.run([address], environment)
                from_stdio = flow.run(bridge(f"{flow.name}-bridge", url), environment)
            self.assertEqual(compared(plain, in_front), [])
            self.assertEqual(compared(plain, from_stdio), [])
            self.assertEqual(daemon.stop(), 0, daemon.said())
            done = programs.verify(daemon.database, daemon.public_key)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            rows = database.rows(daemon.database)
            repeats = compared is other_outcomes
            self.recorded(f"{flow.name}-front", in_front, rows, repeats)
            self.recorded(f"{flow.name}-bridge", from_stdio, rows, repeats)

    def workshop(self) -> Listening:
        return Listening(WORKSHOP, PATH, self.folder / "server.log")

    def test_everything_over_http(self):
        server = OnPort(EVERYTHING, PATH, self.folder / "server.log", "listening")
        self.three_ways(Flow("everything-http", node("everything.mjs"), [], (REMOTE,)), server, other_outcomes)

    def test_the_python_server_over_http(self):
        self.three_ways(Flow("workshop-http", node("workshop.mjs"), [], (REMOTE,)), self.workshop())

    def test_the_newest_protocol_over_http(self):
        newest = (("INTEROP_MODE", "auto"), REMOTE)
        self.three_ways(Flow("newest-http", python("python/workshop.py"), [], newest), self.workshop())


if __name__ == "__main__":
    unittest.main()
