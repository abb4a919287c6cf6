"""The official SDKs' clients cannot tell the proxy from the server, and every call of theirs leaves its receipts."""

import collections
import shutil
import tempfile
import unittest
from pathlib import Path

from harness import database, programs, proxy
from harness.flows import NO_NODE, Flow, differences, node, package, python

WORKSHOP = python("servers/workshop.py")
# What is recorded beside tool calls, by the method of the request.
FROM_THE_CLIENT = {"resources/read", "prompts/get"}
FROM_THE_SERVER = {"sampling/createMessage", "elicitation/create"}


class Twice(unittest.TestCase):
    """Each flow twice, without the proxy and with it."""

    def needs_node(self) -> None:
        if NO_NODE:
            self.skipTest(NO_NODE)

    def flow(self, flow: Flow, in_node: bool = True) -> None:
        if in_node:
            self.needs_node()
        with programs.Daemon() as daemon:
            environment = proxy.environment(daemon)
            plain = flow.run(flow.server, environment)
            # Two that fail alike would be alike.
            self.assertEqual(plain["errors"], [])
            self.assertNotIn("Connection closed", "".join(step["outcome"] for step in plain["steps"][:-2]))
            self.between()
            proxied = flow.run(proxy.wrapped(flow.name, flow.server), environment)
            self.assertEqual(differences(plain, proxied), [])
            self.assertEqual(daemon.stop(), 0, daemon.said())
            done = programs.verify(daemon.database, daemon.public_key)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.recorded(flow.name, proxied, database.rows(daemon.database))

    def between(self) -> None:
        """What has to be done between the two runs."""

    def recorded(self, name: str, transcript: dict, rows: list[database.Row], repeats: bool = False) -> None:
        """Each call has one receipt from before it was forwarded and one of what became of it, with its name and arguments; and so has what
        the server asks, which some servers do again whenever a client connects again.
        """
        own = proxy.of_server(rows, name)
        self.assertGreaterEqual(len(transcript["calls"]), 10)
        made = [(call["name"], proxy.recorded_hash(call["arguments"]) if "arguments" in call else None) for call in transcript["calls"]]
        expected = collections.Counter(made)
        for pending in (True, False):
            found = collections.Counter(
                (row.action["tool_name"], row.action.get("parameters_hash"))
                for row in own
                if (row.action["tool_name"], row.action.get("parameters_hash")) in expected
                and (row.subject["outcome"]["status"] == "pending") == pending
            )
            self.assertEqual(found, expected, f"pending: {pending}")
        asked = [method for method in transcript["asked"] if method in FROM_THE_CLIENT]
        asked += [request["method"] for request in transcript["requests"] if request["method"] in FROM_THE_SERVER]
        for method, times in collections.Counter(asked).items():
            with self.subTest(method=method):
                found = [row.action["tool_name"] for row in own].count(method)
                self.assertGreaterEqual(found, 2 * times)
                if not repeats:
                    self.assertEqual(found, 2 * times)


class Clients(Twice):
    def test_everything_by_the_typescript_client(self):
        self.flow(Flow("everything-typescript", node("everything.mjs"), [*package("everything"), "stdio"]))

    def test_everything_by_the_python_client(self):
        self.flow(Flow("everything-python", python("python/everything.py"), [*package("everything"), "stdio"]))

    def test_the_python_server_by_the_typescript_client(self):
        self.flow(Flow("workshop-typescript", node("workshop.mjs"), WORKSHOP))

    def test_the_python_server_by_the_python_client_in_the_newest_protocol(self):
        newest = (("INTEROP_MODE", "auto"),)
        self.flow(Flow("workshop-newest", python("python/workshop.py"), WORKSHOP, newest), in_node=False)

    def test_the_python_server_by_the_python_client_in_the_protocol_before(self):
        before = (("INTEROP_MODE", "legacy"),)
        self.flow(Flow("workshop-before", python("python/workshop.py"), WORKSHOP, before), in_node=False)


class Files(Twice):
    """The file system server has a folder that both runs find empty."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="arf-"))).resolve() / "files"
        self.folder.mkdir()

    def between(self) -> None:
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def files(self, name: str, client: list[str]) -> None:
        variables = (("INTEROP_FOLDER", str(self.folder)),)
        self.flow(Flow(name, client, [*package("filesystem"), str(self.folder)], variables))

    def test_files_by_the_typescript_client(self):
        self.files("files-typescript", node("filesystem.mjs"))

    def test_files_by_the_python_client(self):
        self.files("files-python", python("python/filesystem.py"))


if __name__ == "__main__":
    unittest.main()
