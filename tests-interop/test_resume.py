"""A database that the published store wrote, under its own receipts, is continued by our daemon with the same key."""

import contextlib
import os
import unittest

from obsigna import (
    ActionInput,
    Chain,
    CreateReceiptInput,
    DaemonEmitter,
    Issuer,
    Outcome,
    Principal,
    create_receipt,
    hash_receipt,
    open_store,
    sign_receipt,
)

from harness import database, programs, reference

WRITTEN = 5
EMITTED = 3


class Resumed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = programs.Daemon()
        cls.addClassCleanup(cls.daemon.remove)
        cls.daemon.initialise()
        write_by_published_store(cls.daemon)
        cls.before = [(row.id, row.text, row.receipt_hash) for row in database.rows(cls.daemon.database)]
        cls.daemon.run()
        with DaemonEmitter(socket_path=str(cls.daemon.socket)) as emitter:
            for index in range(EMITTED):
                emitter.emit(channel="sdk", tool_name=f"after-{index}", decision="allowed", input="[1]")
        cls.daemon.wait_for_receipts(WRITTEN + EMITTED)
        cls.exit_code = cls.daemon.stop()
        cls.rows = database.rows(cls.daemon.database)

    def test_the_daemon_ended_well(self):
        self.assertEqual(self.exit_code, 0, self.daemon.said())

    def test_the_chain_goes_on_without_a_gap(self):
        self.assertEqual([row.sequence for row in self.rows], list(range(1, WRITTEN + EMITTED + 2)))
        self.assertEqual({row.chain_id for row in self.rows}, {programs.CHAIN})
        link = self.rows[WRITTEN].subject["chain"]["previous_receipt_hash"]
        self.assertEqual(link, self.rows[WRITTEN - 1].receipt_hash)

    def test_what_was_there_is_untouched(self):
        after = [(row.id, row.text, row.receipt_hash) for row in self.rows[:WRITTEN]]
        self.assertEqual(after, self.before)

    def test_both_verifiers_accept_the_whole(self):
        done = programs.verify(self.daemon.database, self.daemon.public_key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        copy = database.copy(self.daemon.database, self.daemon.folder / "published" / "receipts.db")
        verdict = reference.verdicts(copy, self.daemon.public_key, [programs.CHAIN])[programs.CHAIN]
        self.assertTrue(verdict.valid, f"{verdict.error} at {verdict.broken_at}")
        self.assertEqual(verdict.length, WRITTEN + EMITTED + 1)


def write_by_published_store(daemon: programs.Daemon) -> None:
    """A chain that its writer left open, as the published SDK makes, signs and stores one."""
    private_key = daemon.key.read_text()
    previous = None
    with contextlib.closing(open_store(str(daemon.database))) as store:
        for sequence in range(1, WRITTEN + 1):
            unsigned = create_receipt(
                CreateReceiptInput(
                    issuer=Issuer(id="did:agent-receipts-daemon:local"),
                    principal=Principal(id=f"did:user:{os.getuid()}"),
                    action=ActionInput(type="filesystem.file.read", risk_level="low"),
                    outcome=Outcome(status="success"),
                    chain=Chain(sequence=sequence, previous_receipt_hash=previous, chain_id=programs.CHAIN),
                )
            )
            receipt = sign_receipt(unsigned, private_key, "did:agent-receipts-daemon:local#k1")
            previous = hash_receipt(receipt)
            store.insert(receipt, previous)


if __name__ == "__main__":
    unittest.main()
