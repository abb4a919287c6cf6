"""Events whose sender waits for the daemon's word."""

import json

from behaviours.base import EVENT, Behaviour
from harness import database, programs
from harness.receiver import Receiver

PATIENT = 60_000


class Answers(Behaviour):
    def test_b15_an_acknowledged_event_is_in_the_chain_and_verifies(self):
        with programs.Daemon() as daemon:
            driver = self.driver()
            driver.new(socket=daemon.socket, session="waits")
            told = [driver.emit(EVENT | {"tool_name": f"tool-{n}"}, acknowledged_ms=PATIENT) for n in range(3)]
            driver.end()
            self.assertEqual(daemon.stop(), 0, daemon.said())
            rows = {row.id: row for row in database.rows(daemon.database)}
            for n, answer in enumerate(told):
                self.assertIs(answer.get("ok"), True, answer)
                row = rows[answer["receipt_id"]]
                self.assertEqual((answer["chain_id"], answer["sequence"]), (row.chain_id, row.sequence))
                self.assertEqual((answer["receipt_hash"], row.action["tool_name"]), (row.receipt_hash, f"tool-{n}"))
                self.assertEqual(row.receipt["issuer"]["session_id"], "waits")
            done = programs.verify(daemon.database, daemon.public_key)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_b16_a_refusal_is_reported_with_its_code(self):
        refusal = {"code": "chain_limit", "message": 'zu viele "Ketten" \U0001f512'}
        reply = json.dumps({"v": "1", "ok": False, "error": refusal}).encode()
        with Receiver(self.places.socket, lambda body: reply) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket)
            self.assertEqual(driver.emit(EVENT, acknowledged_ms=PATIENT), {"refused": refusal})
            self.assertIs(receiver.events(1)[0]["ack"], True)
            # The daemon counts what it refuses.
            self.assertEqual(driver.dropped(), 0)

    def test_b17_waiting_ends_at_the_deadline(self):
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket)
            self.is_error(driver.emit(EVENT, acknowledged_ms=300), "transport")
            arrived = receiver.wait_for(1)
            # Nobody knows what became of it; a drop it is not.
            self.assertEqual((len(arrived), driver.dropped()), (1, 0))
            driver.sent(EVENT)
            self.assertNotIn("drop_count", receiver.events(2)[1])
