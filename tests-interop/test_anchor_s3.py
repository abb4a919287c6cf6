"""Checkpoints of our daemon in an object store that we did not write: locked, signed for, written once."""

import contextlib
import datetime
import sqlite3
import unittest
from pathlib import Path

from botocore.exceptions import ClientError

from harness import database, programs
from harness.anchor import Anchor
from harness.frames import Wire, frame
from harness.object_store import Keys, ObjectStore
from harness.programs import Daemon

EVENTS = 12
LOCK = "retention = { mode = 'compliance', days = 30 }\n"


class ObjectStoreAnchor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon("--checkpoint-receipts", "5"))
        with Wire(cls.daemon.socket) as wire:
            for number in range(EVENTS):
                wire.send(frame(f"tool-{number}", ack=True))
                wire.reply()
            wire.finish()
        if cls.daemon.stop() != 0:
            raise AssertionError(cls.daemon.said())
        cls.store = cls.enterClassContext(ObjectStore())

    def anchor(self, bucket: str, more: str) -> Anchor:
        sink = (
            f"name = 'vault'\nkind = 's3'\nbucket = '{bucket}'\nregion = 'eu-central-1'\nprefix = 'host-7/'\n"
            f"endpoint = '{self.store.url}'\nallow_http = true\ntimeout = '60s'\n{more}"
        )
        return self.enterContext(Anchor(self.daemon.database, self.daemon.public_key, sink))

    def once(self, anchor: Anchor, keys: Keys):
        """One round, while the server checks signatures and rights."""
        with self.store.checking():
            return anchor.run("--once", AWS_ACCESS_KEY_ID=keys.id, AWS_SECRET_ACCESS_KEY=keys.secret)

    def copied(self, bucket: str, folder: Path) -> Path:
        """The bucket's objects as files, by whatever tool."""
        folder.mkdir()
        for version in self.store.versions(bucket):
            (folder / version["Key"].rsplit("/", 1)[1]).write_bytes(self.store.read(bucket, version["Key"]))
        return folder

    def test_each_checkpoint_is_an_object_that_nobody_can_delete(self):
        bucket = self.store.bucket("locked", locks=True)
        keys = self.store.user("anchor-locked", bucket)
        anchor = self.anchor(bucket, LOCK)
        done = self.once(anchor, keys)
        self.assertEqual(done.returncode, 0, done.stderr)
        kept = sorted(path.name for path in (anchor.evidence / "vault").iterdir())
        versions = self.store.versions(bucket)
        self.assertGreaterEqual(len(versions), 2, "several checkpoints were made")
        self.assertEqual([version["Key"].rsplit("/", 1)[1] for version in versions], kept)
        for version in versions:
            self.assertTrue(version["Key"].startswith("host-7/"))
            note = self.store.read(bucket, version["Key"])
            self.assertEqual(note, (anchor.evidence / "vault" / version["Key"].rsplit("/", 1)[1]).read_bytes())
            about = self.store.owner.head_object(Bucket=bucket, Key=version["Key"])
            self.assertEqual(about["ObjectLockMode"], "COMPLIANCE")
            left = about["ObjectLockRetainUntilDate"] - datetime.datetime.now(datetime.timezone.utc)
            self.assertGreater(left, datetime.timedelta(days=29))
            with self.assertRaises(ClientError):
                self.store.owner.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])

    def test_a_second_round_and_a_second_anchor_write_nothing_again(self):
        bucket = self.store.bucket("again", locks=True)
        keys = self.store.user("anchor-again", bucket)
        first = self.anchor(bucket, LOCK)
        self.assertEqual(self.once(first, keys).returncode, 0)
        before = [(version["Key"], version["VersionId"]) for version in self.store.versions(bucket)]
        for anchor in (first, self.anchor(bucket, LOCK)):
            done = self.once(anchor, keys)
            self.assertEqual(done.returncode, 0, done.stderr)
            after = [(version["Key"], version["VersionId"]) for version in self.store.versions(bucket)]
            self.assertEqual(after, before)

    def test_a_bucket_without_locks_has_not_got_the_checkpoint(self):
        bucket = self.store.bucket("unlocked", locks=False)
        keys = self.store.user("anchor-unlocked", bucket)
        anchor = self.anchor(bucket, LOCK)
        done = self.once(anchor, keys)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("Lock", done.stderr)
        self.assertEqual(list((anchor.evidence / "vault").iterdir()), [])
        plain = self.anchor(bucket, "")
        self.assertEqual(self.once(plain, keys).returncode, 0, "without a retention it is not asked for")

    def test_another_object_in_the_place_of_a_checkpoint_is_an_alarm(self):
        bucket = self.store.bucket("taken", locks=True)
        keys = self.store.user("anchor-taken", bucket)
        first = self.anchor(bucket, LOCK)
        self.assertEqual(self.once(first, keys).returncode, 0)
        taken = self.store.bucket("forged", locks=True)
        for version in self.store.versions(bucket):
            self.store.owner.put_object(Bucket=taken, Key=version["Key"], Body=b"something else")
        keys = self.store.user("anchor-forged", taken)
        anchor = self.anchor(taken, LOCK)
        done = self.once(anchor, keys)
        self.assertEqual(done.returncode, 1)
        self.assertIn("ALARM", done.stderr)
        self.assertEqual(list((anchor.evidence / "vault").iterdir()), [])

    def test_a_wrong_secret_and_a_missing_right_are_told_and_the_secret_is_not(self):
        bucket = self.store.bucket("refused", locks=True)
        keys = self.store.user("anchor-refused", bucket)
        stranger = self.store.user("stranger", "elsewhere")
        wrong = (
            (Keys(keys.id, "hush-do-not-print-this-secret"), "SignatureDoesNotMatch"),
            (stranger, "AccessDenied"),
            (Keys("AKIANOBODY", "hush-do-not-print-this-secret"), "InvalidAccessKeyId"),
        )
        for given, expected in wrong:
            with self.subTest(expected):
                anchor = self.anchor(bucket, LOCK)
                done = self.once(anchor, given)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"refused with status 403: `{expected}", done.stderr)
                self.assertNotIn(given.secret, done.stdout + done.stderr)
                with contextlib.suppress(FileNotFoundError):
                    for path in anchor.folder.rglob("*.json"):
                        self.assertNotIn(given.secret, path.read_text())
        self.assertEqual(self.store.versions(bucket), [])

    def test_what_was_cut_off_or_forged_is_found_by_what_the_bucket_has(self):
        bucket = self.store.bucket("evidence", locks=True)
        keys = self.store.user("anchor-evidence", bucket)
        anchor = self.anchor(bucket, LOCK)
        self.assertEqual(self.once(anchor, keys).returncode, 0)
        evidence = self.copied(bucket, anchor.folder / "copied")
        done = programs.verify(self.daemon.database, self.daemon.public_key, "--anchors", str(evidence))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for name, statement in {
            "cut": "DELETE FROM receipts WHERE rowid = (SELECT MAX(rowid) FROM receipts)",
            "emptied": "DELETE FROM receipts",
        }.items():
            with self.subTest(name):
                copy = database.copy(self.daemon.database, anchor.folder / name / "receipts.db")
                with contextlib.closing(sqlite3.connect(copy)) as connection:
                    connection.execute(statement)
                    connection.execute("DELETE FROM ar_checkpoints")
                    connection.commit()
                done = programs.verify(copy, self.daemon.public_key, "--anchors", str(evidence))
                self.assertNotEqual(done.returncode, 0, done.stdout + done.stderr)
                # The anchor that delivered sees it, too, before anybody verifies.
                settings = anchor.config.read_text().replace(str(self.daemon.database), str(copy))
                anchor.config.write_text(settings)
                seen = self.once(anchor, keys)
                self.assertIn("ALARM", seen.stderr)
                anchor.config.write_text(settings.replace(str(copy), str(self.daemon.database)))
