"""Frames that the daemon cannot take: none becomes a receipt, each is counted, and no other frame suffers."""

import unittest

from harness import database, programs, reference
from harness.frames import Wire, frame

REJECTED = {
    "not JSON": b"{",
    "no object": b"[]",
    "another version": frame("x", v="2"),
    "no session": frame("x", session_id=""),
    "no tool": frame("x", tool={}),
    "an unknown decision": frame("x", decision="maybe"),
    "a time that is none": frame("x", ts_emit="yesterday"),
    "a negative count": frame("x", drop_count=-1),
    "half a target": frame("x", target_system="filesystem"),
    "a name too long": frame("x", issuer_name="é" * 129),
    "an agent with a slash": frame("x", agent_id="a/b"),
    "a number too large": b'{"v":"1","ts_emit":"2026-01-01T00:00:00Z","session_id":"s","channel":"sdk",'
    b'"tool":{"name":"x"},"decision":"allowed","input":1e400}',
}


class RejectedFrames(unittest.TestCase):
    def test_a_rejected_frame_is_counted_in_the_chain(self):
        with programs.Daemon() as daemon:
            with Wire(daemon.socket) as wire:
                wire.send(frame("before", ack=True))
                self.assertTrue(wire.reply()["ok"])
                for rejected in REJECTED.values():
                    wire.send(rejected)
                wire.send(frame("after", ack=True))
                self.assertTrue(wire.reply()["ok"])
                self.assertEqual(wire.finish(), b"")
            self.assertEqual(daemon.stop(), 0, daemon.said())
            rows = database.rows(daemon.database)
            names = [row.action["tool_name"] for row in rows]
            self.assertEqual([name for name in names if name in ("before", "x", "after")], ["before", "after"])
            drops = [row for row in rows if row.action["type"] == "agent_receipts.events_dropped"]
            counted = sum(row.action["emitter_metadata"]["drop_count"] for row in drops)
            self.assertEqual(counted, len(REJECTED), daemon.said())
            self.assertEqual([row.sequence for row in rows], list(range(1, len(rows) + 1)))
            verdict = reference.verdicts(daemon.database, daemon.public_key, [programs.CHAIN])[programs.CHAIN]
            self.assertTrue(verdict.valid, verdict.error)

    def test_a_rejected_frame_that_asked_is_told_why(self):
        with programs.Daemon() as daemon, Wire(daemon.socket) as wire:
            wire.send(frame("x", decision="maybe", ack=True))
            reply = wire.reply()
            self.assertEqual((reply["v"], reply["ok"]), ("1", False))
            self.assertTrue(reply["error"]["code"])
            self.assertIn("decision", reply["error"]["message"])
            wire.send(frame("after", ack=True))
            self.assertTrue(wire.reply()["ok"], "the connection lives on")

    def test_a_frame_that_claims_too_much_ends_its_own_connection_only(self):
        with programs.Daemon() as daemon, Wire(daemon.socket) as good, Wire(daemon.socket) as bad:
            bad.socket.sendall(b"\xff\xff\xff\xff")
            self.assertEqual(bad.socket.recv(1), b"", "the connection is closed without a word")
            good.send(frame("unharmed", ack=True))
            self.assertTrue(good.reply()["ok"])


if __name__ == "__main__":
    unittest.main()
