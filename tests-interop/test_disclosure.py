"""Envelopes: the published client opens ours, and our command line opens its, with keys of either side."""

import json
import os
import tempfile
import unittest
from pathlib import Path

import obsigna
from obsigna.receipt.create import ActionInput, CreateReceiptInput, create_receipt
from obsigna.receipt.disclosure import decrypt_disclosure, decrypt_response, encrypt_disclosure, encrypt_response
from obsigna.receipt.types import Chain, Issuer, Outcome, Principal

from harness import database, forensic, programs, reference
from harness.frames import Wire, frame

# Objects whose canonical form is worth getting right; an envelope holds nothing but an object.
PAYLOADS = (
    {},
    {"b": 2, "a": 1, "A": [True, False, None]},
    {"\u20ac": "Euro", "\r": "CR", "\ufb33": "dalet", "\U0001f600": "face", "\u0080": "control"},
    {"numbers": [0, -0.0, 0.1, 1e-7, 1e21, 1e20, 333333333.33333329, 5e-324, 1.7976931348623157e308]},
    {"deep": {"deeper": [{"deepest": [[[["bottom"]]]]}]}},
    {"long": "x" * 20_000, "html": "<script>&amp;</script>", "nul": "\u0000"},
)


class Disclosure(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="ari-")))

    def recorded(self, public: Path, *flags: str) -> tuple[list[database.Row], programs.Daemon]:
        """What our daemon stores of every payload, as parameters and as response."""
        every = ("--forensic-public-key", str(public), "--receipt-version", "0.6.0")
        daemon = self.enterContext(programs.Daemon(*every, *flags))
        with Wire(daemon.socket) as wire:
            for payload in PAYLOADS:
                wire.send(frame("t", input=payload, output={"out": payload}, ack=True))
                self.assertTrue(wire.reply()["ok"])
        self.assertEqual(daemon.stop(), 0, daemon.said())
        rows = [row for row in database.rows(daemon.database) if row.action["tool_name"] == "t"]
        self.assertEqual(len(rows), len(PAYLOADS))
        return rows, daemon

    def test_the_published_client_opens_what_our_daemon_sealed(self):
        private, public = forensic.key_pair(self.folder)
        secret = private.read_bytes()
        rows, daemon = self.recorded(public, "--parameter-disclosure", "all", "--response-disclosure", "all")
        for row, payload in zip(rows, PAYLOADS, strict=True):
            envelope = row.action["parameters_disclosure"]
            self.assertEqual(envelope["recipients"][0]["kid"], obsigna_fingerprint(public.read_bytes()))
            opened = decrypt_disclosure(envelope, secret)
            self.assertEqual(opened, payload)
            self.assertEqual(reference.payload_hash(opened), row.action["parameters_hash"])
            outcome = row.subject["outcome"]
            response = decrypt_response(outcome["response_disclosure"], secret)
            self.assertEqual(response, {"out": payload})
            self.assertEqual(reference.payload_hash(response), outcome["response_hash"])
            with self.assertRaises(ValueError):
                decrypt_disclosure(envelope, os.urandom(32))
        verdict = reference.verdicts(daemon.database, daemon.public_key, [programs.CHAIN])[programs.CHAIN]
        self.assertTrue(verdict.valid, verdict.error)

    def test_our_command_line_opens_it_too_with_a_key_that_the_published_client_made(self):
        pair = obsigna.generate_forensic_key_pair()
        public, private = self.folder / "f.pub", self.folder / "f"
        public.write_bytes(pair.public_key)
        private.write_bytes(pair.private_key)
        private.chmod(0o600)
        rows, daemon = self.recorded(public, "--parameter-disclosure", "sdk.t")
        for row, payload in zip(rows, PAYLOADS, strict=True):
            answer = forensic.disclosed(daemon.database, daemon.public_key, private, str(row.sequence))
            self.assertEqual(answer["signature"], "valid")
            self.assertEqual(answer["parameters"], {"disclosed": True, "hash_matches": True, "value": payload})
            self.assertEqual(answer["response"], {"disclosed": False})

    def test_our_command_line_opens_what_the_published_client_sealed(self):
        private, public = forensic.key_pair(self.folder)
        recipient, kid = public.read_bytes(), obsigna_fingerprint(public.read_bytes())
        signing = obsigna.generate_key_pair()
        public_key = self.folder / "signing.pub"
        public_key.write_text(signing.public_key)
        stored = self.folder / "r.db"
        previous, store = None, obsigna.open_store(str(stored))
        for sequence, payload in enumerate(PAYLOADS, start=1):
            receipt = published_receipt(sequence, previous, payload, recipient, kid)
            signed = obsigna.sign_receipt(receipt, signing.private_key, "did:example:a#k1")
            previous = obsigna.hash_receipt(signed)
            store.insert(signed, previous)
        store.close()
        done = programs.verify(stored, public_key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for sequence, payload in enumerate(PAYLOADS, start=1):
            answer = forensic.disclosed(stored, public_key, private, str(sequence))
            self.assertEqual(answer["signature"], "valid")
            self.assertEqual(answer["parameters"], {"disclosed": True, "hash_matches": True, "value": payload})
            self.assertEqual(answer["response"]["value"], {"out": payload})
        stranger, _ = forensic.key_pair(self.folder / "other")
        refused = forensic.disclose(stored, public_key, stranger, "1")
        self.assertEqual(refused.returncode, 3, refused.stdout)
        self.assertNotIn("opened,", refused.stdout)

    def test_what_is_no_object_leaves_its_hash_alone(self):
        _, public = forensic.key_pair(self.folder)
        flags = ("--forensic-public-key", str(public), "--parameter-disclosure", "all")
        with programs.Daemon(*flags) as daemon, Wire(daemon.socket) as wire:
            wire.send(frame("t", input="a secret text", ack=True))
            self.assertTrue(wire.reply()["ok"])
            (row,) = database.rows(daemon.database)
            self.assertEqual(row.action["parameters_hash"], reference.payload_hash("a secret text"))
            self.assertNotIn("parameters_disclosure", row.action)
            self.assertIn("not disclosed, hash only", daemon.said())
            self.assertNotIn("a secret text", daemon.said())


def obsigna_fingerprint(public: bytes) -> str:
    """The form of a key id that both sides write: SHA-256 over the raw public key."""
    import hashlib

    return "sha256:" + hashlib.sha256(public).hexdigest()


def published_receipt(sequence: int, previous: str | None, payload: dict, recipient: bytes, kid: str):
    """A receipt by the published client, of which nothing is ours."""
    response = {"out": payload}
    return create_receipt(
        CreateReceiptInput(
            issuer=Issuer(id="did:example:a"),
            principal=Principal(id="did:example:p"),
            action=ActionInput(
                type="filesystem.file.read",
                risk_level="low",
                parameters_hash=reference.payload_hash(payload),
                parameters_disclosure=encrypt_disclosure(payload, recipient, kid),
            ),
            outcome=Outcome(status="success", response_disclosure=encrypt_response(response, recipient, kid)),
            chain=Chain(sequence=sequence, previous_receipt_hash=previous, chain_id="published"),
            response_body=json.loads(json.dumps(response)),
        )
    )


if __name__ == "__main__":
    unittest.main()
