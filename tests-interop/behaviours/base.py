"""What all behaviours are tested with: a driver of one language, private folders, and the results of the run."""

import collections
import unittest

from harness.drivers import Driver
from harness.places import Places

# The results of this run: by language, by behaviour, whether it held.
RESULTS: dict[str, dict[str, bool]] = collections.defaultdict(dict)

EVENT = {"channel": "sdk", "tool_name": "read_file", "decision": "allowed"}
MAX_FRAME = 1 << 20


class Behaviour(unittest.TestCase):
    """Tests named `test_bNN_…`, run once for each language: `language` and `command` are set by `of`."""

    language: str
    command: list[str]
    maxDiff = 2000

    @classmethod
    def of(cls, language: str, command: list[str], module: str) -> type["Behaviour"]:
        """This group of behaviours for one language, as a class of the module that runs it."""
        known = {"language": language, "command": command, "__module__": module}
        return type(f"{cls.__name__}In{language.capitalize()}", (cls,), known)

    def run(self, result=None):
        told = lambda: len(result.failures) + len(result.errors) + len(result.skipped)
        before = told()
        super().run(result)
        RESULTS[self.language][number(self._testMethodName)] = told() == before
        return result

    def setUp(self):
        self.places = self.enterContext(Removed())

    def driver(self, folder=None, **environment: str | None) -> Driver:
        """A driver of this language that ends with the test."""
        return self.enterContext(Driver(self.command, self.places, self.places.environment(**environment), folder))

    def is_error(self, answer: dict, *kinds: str) -> None:
        self.assertIn(answer.get("error"), kinds, answer)
        self.assertTrue(answer.get("message"), answer)

    def fails(self, driver: Driver, times: int, on: str = "a") -> None:
        """Emits what cannot get through."""
        for _ in range(times):
            self.is_error(driver.emit(EVENT, on), "transport")


class Removed(Places):
    """Places that a test enters and leaves."""

    def __enter__(self) -> Places:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def number(method: str) -> str:
    """`test_b07_home` is about B07."""
    return method.split("_")[1].upper()
