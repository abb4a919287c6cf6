"""The same behaviours in every language, each held against the real package by a driver."""

import json
import os
import tomllib
import unittest
from pathlib import Path

from behaviours.answers import Answers
from behaviours.base import RESULTS, number
from behaviours.content import Content
from behaviours.drops import Drops
from behaviours.leaving import Leaving
from behaviours.mistakes import Mistakes
from behaviours.paths import Paths
from behaviours.session import Session
from behaviours.transport import Transport
from behaviours.weather import Weather
from harness.drivers import languages

GROUPS = (Session, Paths, Content, Answers, Transport, Mistakes, Drops, Leaving, Weather)
LANGUAGES = ["c", "go", "node", "python", "rust"]
LISTED = Path(__file__).with_name("behaviours.toml")


class Table(unittest.TestCase):
    """The list of behaviours is that of the tests, and there is a language to hold to it."""

    def test_every_behaviour_has_one_test_and_every_test_one_behaviour(self):
        listed = [entry["id"] for entry in tomllib.loads(LISTED.read_text())["behaviour"]]
        self.assertEqual(listed, [f"B{n:02}" for n in range(1, 41)])
        loader = unittest.defaultTestLoader
        tested = [number(name) for group in GROUPS for name in loader.getTestCaseNames(group)]
        self.assertEqual(sorted(tested), listed)

    def test_every_language_has_a_driver_or_a_reason_why_it_has_none(self):
        drivers = languages()
        self.assertEqual(sorted(drivers), LANGUAGES, "AGENT_RECEIPTS_DRIVERS names others: run this by `cargo xtask test`")
        for language, driver in drivers.items():
            self.assertTrue(driver.get("command") or driver.get("missing"), language)


def load_tests(loader, standard_tests, pattern):
    """Every group once for each language that has a driver."""
    suite = unittest.TestSuite([loader.loadTestsFromTestCase(Table)])
    for language, driver in languages().items():
        if driver.get("command"):
            groups = (group.of(language, driver["command"], __name__) for group in GROUPS)
            suite.addTests(map(loader.loadTestsFromTestCase, groups))
    return suite


def tearDownModule():
    """Leaves what was found for the README's table, which `cargo xtask test` holds against it."""
    results = os.environ.get("AGENT_RECEIPTS_BEHAVIOURS")
    if results:
        Path(results).write_text(json.dumps(RESULTS, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    unittest.main()
