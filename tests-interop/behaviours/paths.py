"""Which socket an emitter dials: the one that the daemon listens on in the same environment."""

import itertools

from behaviours.base import EVENT, Behaviour
from harness.programs import default_socket
from harness.receiver import Receiver


class Paths(Behaviour):
    def resolves_as_the_daemon(self, values: dict[str, tuple[str | None, ...]], **fixed: str | None) -> set[str]:
        """Holds the path in every combination of values against the daemon's own word; gives the paths."""
        seen = set()
        for combination in itertools.product(*values.values()):
            environment = dict(zip(values, combination, strict=True)) | fixed
            with self.subTest(environment=environment):
                driver = self.driver(**environment)
                expected = default_socket(self.places.environment(**environment))
                answer = driver.ask("default_socket_path")
                if expected is None:
                    self.is_error(answer, "caller", "other")
                    continue
                self.assertEqual(answer, {"text": expected})
                self.assertEqual(driver.text("socket_path", driver.new()), expected)
                seen.add(expected)
        return seen

    def arrives_at(self, path, **environment: str | None) -> None:
        with Receiver(path) as receiver:
            driver = self.driver(**environment)
            driver.new()
            driver.sent(EVENT)
            self.assertEqual(receiver.events(1)[0]["tool"], {"name": "read_file"})

    def test_b05_the_variable_names_the_socket(self):
        named = str(self.places.folder / "named" / "events.sock")
        seen = self.resolves_as_the_daemon({"AGENTRECEIPTS_SOCKET": (None, "", named)})
        self.assertEqual(seen, {named, str(self.places.default_socket)})
        self.arrives_at(self.places.folder / "named" / "events.sock", AGENTRECEIPTS_SOCKET=named)

    def test_b06_the_runtime_folder_holds_the_socket(self):
        own = str(self.places.folder / "run")
        seen = self.resolves_as_the_daemon({"XDG_RUNTIME_DIR": (None, "", "relative/run", own)})
        self.assertGreaterEqual(len(seen), 2, "the variable made no difference")
        self.arrives_at(self.places.default_socket)

    def test_b07_data_and_home_lead_where_the_daemon_goes(self):
        values = {"XDG_DATA_HOME": (None, "", "relative", "/data"), "HOME": (None, "", "/home/x")}
        seen = self.resolves_as_the_daemon(values, XDG_RUNTIME_DIR=None)
        self.assertTrue(seen)

    def test_b08_a_path_in_code_wins(self):
        driver = self.driver(AGENTRECEIPTS_SOCKET=str(self.places.folder / "not-this.sock"))
        driver.new(socket=self.places.socket)
        self.assertEqual(driver.text("socket_path"), str(self.places.socket))
        with Receiver(self.places.socket) as receiver:
            driver.sent(EVENT)
            receiver.wait_for(1)
