"""Several processes at once emit by a published client that nobody here wrote; two verifiers look at the result."""

import collections
import os
import sys
import unittest

from harness import programs, recordings, reference
from harness.events import ACTION_TYPES, event, outcome, tool_name
from harness.recordings import EVENTS_EACH, PROCESSES


class PublishedEmitter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.recording = recordings.by_published_client()
        cls.events = [row for row in cls.recording.rows if "peer_credential" in row.action]

    def test_the_daemon_ended_well(self):
        self.assertEqual(self.recording.exit_code, 0, self.recording.log)

    def test_our_verifier_accepts_every_chain(self):
        done = programs.verify(self.recording.database, self.recording.public_key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_published_verifier_accepts_every_chain(self):
        self.assertEqual(self.recording.chains, [programs.CHAIN])
        copy = self.recording.copy("published")
        for chain, verdict in reference.verdicts(copy, self.recording.public_key, self.recording.chains).items():
            self.assertTrue(verdict.valid, f"{chain}: {verdict.error} at {verdict.broken_at}")
            self.assertEqual(verdict.length, PROCESSES * EVENTS_EACH + 1)
            self.assertEqual(verdict.status, "interrupted")

    def test_every_event_became_one_receipt(self):
        found = collections.Counter(row.action["tool_name"] for row in self.events)
        sent = collections.Counter(
            tool_name(number, index) for number in range(PROCESSES) for index in range(EVENTS_EACH)
        )
        self.assertEqual(found, sent)

    def test_the_chain_is_gapless_and_ends_interrupted(self):
        rows = self.recording.rows
        self.assertEqual([row.sequence for row in rows], list(range(1, PROCESSES * EVENTS_EACH + 2)))
        last = rows[-1]
        self.assertEqual(last.action["type"], "agent_receipts.chain_interrupted")
        self.assertEqual(last.subject["chain"].get("terminal"), True)
        self.assertEqual(last.subject["chain"].get("status"), "interrupted")
        self.assertNotIn("peer_credential", last.action)
        self.assertFalse(any(row.subject["chain"].get("terminal") for row in rows[:-1]))

    def test_receipts_name_the_process_that_emitted(self):
        by_session = {f"session-{emitter['number']}": emitter for emitter in self.recording.emitters}
        self.assertEqual(len({emitter["pid"] for emitter in by_session.values()}), PROCESSES)
        for row in self.events:
            emitter = by_session[row.receipt["issuer"]["session_id"]]
            peer = row.action["peer_credential"]
            self.assertEqual(peer["platform"], sys.platform)
            for member in ("pid", "uid", "gid", "exe_path"):
                self.assertEqual(peer.get(member), emitter[member], f"{member} of {row.action['tool_name']}")

    def test_the_principal_is_the_emitting_user(self):
        import pwd

        try:
            login = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            login = f"{sys.platform}:{os.getuid()}"
        self.assertEqual({row.subject["principal"]["id"] for row in self.events}, {f"did:user:{login}"})

    def test_one_emitters_events_stand_in_the_order_of_sending(self):
        # A client that had to dial again has two connections, whose frames the daemon may read in either order.
        orderly = [emitter for emitter in self.recording.emitters if emitter["again"] == 0]
        for emitter in orderly:
            session = f"session-{emitter['number']}"
            names = [r.action["tool_name"] for r in self.events if r.receipt["issuer"]["session_id"] == session]
            self.assertEqual(names, sorted(names), session)

    def test_each_receipt_says_what_was_sent(self):
        by_name = {row.action["tool_name"]: row for row in self.events}
        for number in range(PROCESSES):
            for index in range(EVENTS_EACH):
                with self.subTest(number=number, index=index):
                    self.check_event(event(number, index), index, by_name[tool_name(number, index)])

    def check_event(self, sent: dict, index: int, row) -> None:
        import json

        action, result = row.action, row.subject["outcome"]
        hash_of = lambda text: reference.payload_hash(json.loads(text)) if text is not None else None
        self.assertEqual(action.get("parameters_hash"), hash_of(sent.get("input")))
        self.assertEqual(result.get("response_hash"), hash_of(sent.get("output")))
        self.assertEqual(result.get("error"), sent.get("error"))
        status = {"success": "success", "pending": "pending"}.get(outcome(index), "failure")
        self.assertEqual(result["status"], status)
        server = (sent["tool_server"],) if "tool_server" in sent else ()
        derived = ".".join((sent["channel"], *server, sent["tool_name"]))
        self.assertEqual(action["type"], sent.get("action_type", derived))
        self.assertEqual(action["risk_level"], ACTION_TYPES.get(action["type"], "medium"))
        target = None
        if "target_system" in sent:
            target = {"system": sent["target_system"], "resource": sent["target_resource"]}
        self.assertEqual(action.get("target"), target)


if __name__ == "__main__":
    unittest.main()
