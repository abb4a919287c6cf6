"""Frames with every member there is: what they become, and that the published hashes and verifiers agree."""

import os
import unittest

from obsigna import hash_raw_receipt, verify_raw

from harness import programs, recordings, reference
from harness.raw_events import AGENT, DROPPED, FRAMES, RECEIPTS, USAGE_SIGNED

AGENT_CHAIN = f"{programs.CHAIN}/agent/{AGENT}"


class RawFrames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.recording = recordings.by_hand()
        cls.by_tool = {row.action["tool_name"]: row for row in cls.recording.rows}

    def test_our_verifier_accepts_every_chain(self):
        done = programs.verify(self.recording.database, self.recording.public_key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_published_verifier_accepts_every_chain(self):
        self.assertEqual(self.recording.chains, [programs.CHAIN, AGENT_CHAIN])
        copy = self.recording.copy("published")
        for chain, verdict in reference.verdicts(copy, self.recording.public_key, self.recording.chains).items():
            self.assertTrue(verdict.valid, f"{chain}: {verdict.error} at {verdict.broken_at}")
            self.assertEqual(verdict.status, "interrupted", chain)

    def test_stored_hashes_and_signatures_are_the_published_ones(self):
        pem = self.recording.public_key.read_text()
        self.assertEqual(len(self.recording.rows), RECEIPTS + len(self.recording.chains))
        for row in self.recording.rows:
            with self.subTest(tool=row.action.get("tool_name")):
                self.assertEqual(hash_raw_receipt(row.text), row.receipt_hash)
                self.assertTrue(verify_raw(row.text, pem))

    def test_payload_hashes_are_the_published_ones(self):
        for sent in FRAMES:
            name = sent["tool"]["name"]
            with self.subTest(tool=name):
                row = self.by_tool[name]
                self.assertEqual(row.action.get("parameters_hash"), self.expected_hash(sent.get("input")))
                self.assertEqual(row.subject["outcome"].get("response_hash"), self.expected_hash(sent.get("output")))

    def expected_hash(self, payload):
        if payload is None:
            return None
        # Numbers are IEEE doubles, as the protocol has it; Python alone would keep every digit of an integer.
        return reference.payload_hash(int(float(payload)) if isinstance(payload, int) else payload)

    def test_a_big_integer_is_hashed_as_the_double_that_it_is(self):
        self.assertEqual(self.by_tool["big-integer"].action["parameters_hash"], reference.payload_hash(2**53))

    def test_usage_is_signed_without_its_null_members_and_arrays_keep_theirs(self):
        runtime = self.by_tool["usage"].receipt["issuer"]["runtime"]
        self.assertEqual(runtime, {"usage": USAGE_SIGNED, "model": "m-1", "capture_method": "transcript"})
        self.assertEqual(self.by_tool["usage-list"].receipt["issuer"]["runtime"], {"usage": [1, 2, None]})

    def test_a_frame_that_asks_is_told_what_is_on_disk(self):
        asked = [sent["tool"]["name"] for sent in FRAMES if sent.get("ack")]
        self.assertEqual(sorted(self.recording.acknowledgements), sorted(asked))
        for name, reply in self.recording.acknowledgements.items():
            row = self.by_tool[name]
            told = {"v": "1", "ok": True, "receipt_id": row.id, "chain_id": row.chain_id}
            self.assertEqual(reply, told | {"sequence": row.sequence, "receipt_hash": row.receipt_hash})

    def test_a_frame_that_does_not_ask_is_sent_no_byte(self):
        self.assertEqual(self.recording.unasked, b"")

    def test_drops_are_told_right_before_the_event_that_brought_the_count(self):
        for chain, count in DROPPED.items():
            rows = [row for row in self.recording.rows if row.chain_id == chain]
            drops = [row for row in rows if row.action["type"] == "agent_receipts.events_dropped"]
            self.assertEqual([row.action["emitter_metadata"] for row in drops], [{"drop_count": count}], chain)
            after = rows[rows.index(drops[0]) + 1]
            self.assertIn("after-drops", after.action["tool_name"])
            self.assertEqual(drops[0].action["peer_credential"], after.action["peer_credential"])

    def test_an_agents_chain_says_where_it_came_from(self):
        rows = [row for row in self.recording.rows if row.chain_id == AGENT_CHAIN]
        delegation = rows[0].subject["delegation"]
        self.assertEqual(delegation["parent_chain_id"], programs.CHAIN)
        parent = next(row for row in self.recording.rows if row.id == delegation["parent_receipt_id"])
        self.assertEqual((parent.chain_id, parent.action["tool_name"]), (programs.CHAIN, "after-drops"))
        self.assertEqual(delegation["delegator"], {"id": parent.receipt["issuer"]["id"]})
        self.assertFalse(any("delegation" in row.subject for row in rows[1:]))
        self.assertEqual(rows[0].receipt["issuer"]["runtime"]["agent_id"], AGENT)

    def test_members_stand_where_the_protocol_puts_them(self):
        row = self.by_tool["identified"]
        issuer = row.receipt["issuer"]
        self.assertEqual((issuer["name"], issuer["model"]), ("Editor", "m-2"))
        self.assertEqual(issuer["operator"], {"id": "did:web:example.org", "name": "Example"})
        self.assertEqual(row.action["idempotency_key"], "once-1")
        self.assertEqual(row.subject["correlation_id"], "toolu_1")
        nameless = self.by_tool["operator-without-name"].receipt["issuer"]["operator"]
        self.assertEqual(nameless, {"id": "did:web:example.org", "name": ""})
        targeted = self.by_tool["targeted"].action
        self.assertEqual(targeted["target"], {"system": "filesystem", "resource": "/srv/ü"})
        self.assertEqual((targeted["type"], targeted["risk_level"]), ("filesystem.file.delete", "high"))

    def test_outcomes_follow_decision_error_and_the_tools_own_word(self):
        outcomes = {name: row.subject["outcome"]["status"] for name, row in self.by_tool.items()}
        expected = {"smallest": "success", "failed": "failure", "mcp-failed": "failure", "refused": "failure"}
        expected |= {"waiting": "pending", "empty-strings": "success"}
        self.assertEqual({name: outcomes[name] for name in expected}, expected)

    def test_empty_strings_are_absent(self):
        row = self.by_tool["empty-strings"]
        self.assertNotIn("name", row.receipt["issuer"])
        self.assertNotIn("target", row.action)
        self.assertNotIn("error", row.subject["outcome"])
        self.assertEqual(row.chain_id, programs.CHAIN)

    def test_every_receipt_names_this_process(self):
        mine = {row.action["peer_credential"]["pid"] for row in self.recording.rows if "peer_credential" in row.action}
        self.assertEqual(mine, {os.getpid()})


if __name__ == "__main__":
    unittest.main()
