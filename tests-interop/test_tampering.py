"""A copy of the database in which something was changed: both verifiers must say so, each for itself."""

import contextlib
import re
import sqlite3
import unittest
from pathlib import Path

from harness import programs, recordings, reference

# What is changed: a pattern whose first group is one byte of the stored text, and that byte's replacement.
CHANGES = {
    "an event's tool": (r'"tool_name":"tool-0(\d)-', "9"),
    "a payload's hash": (r'"parameters_hash":"sha256:([0-9a-f])', None),
    "a link": (r'"previous_receipt_hash":"sha256:([0-9a-f])', None),
    "a sequence number": (r'"sequence":\d*(\d)[,}]', None),
    "the chain's name": (r'"chain_id":"intero(p)"', "q"),
    "a process id": (r'"pid":(\d)', None),
    "a time": (r'"issuanceDate":"2(\d)', None),
    "the outcome": (r'"status":"(s)uccess"', "S"),
    "the signature": (r'"proofValue":"u([A-Za-z0-9_-])', None),
}
INDEX = 101


def other_digit(byte: str) -> str:
    return "1" if byte == "0" else "0" if byte.isdigit() else "a" if byte != "a" else "b"


class Tampering(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.recording = recordings.by_published_client()

    def edit(self, name: str, statement: str, *arguments) -> Path:
        copy = self.recording.copy(re.sub(r"\W+", "-", name))
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            changed = connection.execute(statement, arguments).rowcount
            connection.commit()
        self.assertGreater(changed, 0, "nothing was changed")
        return copy

    def assert_broken(self, database: Path) -> None:
        ours = programs.verify(database, self.recording.public_key)
        self.assertEqual(ours.returncode, 1, ours.stdout + ours.stderr)
        self.assertIn("BROKEN", ours.stdout)
        try:
            theirs = reference.verdicts(database, self.recording.public_key, self.recording.chains)
        except ValueError:
            return  # so broken that the published reader does not even take it for a receipt
        self.assertFalse(all(verdict.valid for verdict in theirs.values()))

    def test_an_untouched_copy_is_valid(self):
        copy = self.recording.copy("untouched")
        done = programs.verify(copy, self.recording.public_key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("VALID", done.stdout)

    def test_one_changed_byte_is_found_by_both_verifiers(self):
        suitable = re.compile(r'"parameters_hash".*"status":"success"', re.DOTALL)
        row = next(row for row in self.recording.rows[INDEX:] if suitable.search(row.text))
        for name, (pattern, replacement) in CHANGES.items():
            with self.subTest(name):
                found = re.search(pattern, row.text)
                self.assertIsNotNone(found, row.text)
                new = replacement or other_digit(found[1])
                text = row.text[: found.start(1)] + new + row.text[found.end(1) :]
                self.assertEqual(sum(a != b for a, b in zip(text, row.text, strict=True)), 1)
                sql = "UPDATE receipts SET receipt_json = ? WHERE rowid = ?"
                self.assert_broken(self.edit(name, sql, text, row.rowid))

    def test_a_removed_receipt_is_found_by_both_verifiers(self):
        self.assert_broken(self.edit("removed", "DELETE FROM receipts WHERE sequence = ?", INDEX))

    def test_a_removed_beginning_is_found_by_both_verifiers(self):
        self.assert_broken(self.edit("beheaded", "DELETE FROM receipts WHERE sequence <= 3"))

    def test_two_swapped_receipts_are_found_by_both_verifiers(self):
        swap = """UPDATE receipts SET receipt_json = (SELECT other.receipt_json FROM receipts AS other
                  WHERE other.sequence = 40 + 41 - receipts.sequence) WHERE sequence IN (40, 41)"""
        self.assert_broken(self.edit("swapped", swap))

    def test_another_key_verifies_nothing(self):
        with programs.Daemon() as stranger:
            ours = programs.verify(self.recording.database, stranger.public_key)
            self.assertEqual(ours.returncode, 1, ours.stdout + ours.stderr)
            copy = self.recording.copy("stranger")
            theirs = reference.verdicts(copy, stranger.public_key, self.recording.chains)
            self.assertFalse(any(verdict.valid for verdict in theirs.values()))

    def test_a_database_without_a_receipt_is_never_valid(self):
        empty = self.edit("empty", "DELETE FROM receipts")
        done = programs.verify(empty, self.recording.public_key)
        self.assertNotEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
