"""The road to the daemon: many on it at once, and none there."""

import collections

from behaviours.base import EVENT, Behaviour
from harness.receiver import Receiver, abandoned

THREADS, EACH = 64, 10


class Transport(Behaviour):
    def test_b18_many_threads_at_once(self):
        payload = '{"text":"' + "x" * 2000 + '"}'
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket)
            # The connection is there before the crowd is.
            driver.sent(EVENT | {"correlation_id": "first"})
            answer = driver.ask("threads", on="a", threads=THREADS, each=EACH, event=EVENT | {"input": payload})
            self.assertIs(answer.get("ok"), True, answer)
            # Where threads share no emitter, each has kept its own.
            kept = driver.dropped() + answer.get("kept", 0)
            driver.end()
            arrived = receiver.all()
        marks = collections.Counter(event["correlation_id"] for event in arrived[1:])
        self.assertLessEqual(set(marks), {f"{thread}-{index}" for thread in range(THREADS) for index in range(EACH)})
        self.assertEqual(set(marks.values()), {1}, "an event arrived twice")
        self.assertEqual(len(marks) + answer["failed"], THREADS * EACH)
        self.assertGreater(len(marks), THREADS * EACH // 2, "most events failed")
        self.assertTrue(all(event["input"] == {"text": "x" * 2000} for event in arrived[1:]))
        # What failed was told, or is still to be told.
        told = sum(event.get("drop_count", 0) for event in arrived)
        self.assertEqual(told + kept, answer["failed"] + driver.transport_errors)

    def test_b19_without_a_daemon_it_is_a_transport_error(self):
        driver = self.driver()
        driver.new(socket=self.places.socket)
        with self.subTest("no socket"):
            self.is_error(driver.emit(EVENT), "transport")
            self.is_error(driver.emit(EVENT, acknowledged_ms=5000), "transport")
        abandoned(self.places.socket)
        with self.subTest("a socket that nobody listens on"):
            self.is_error(driver.emit(EVENT), "transport")
        with self.subTest("no socket but a file"):
            self.places.socket.unlink()
            self.places.socket.write_text("not a socket")
            self.is_error(driver.emit(EVENT), "transport")

    def test_b20_with_best_effort_it_is_none(self):
        driver = self.driver()
        driver.new(socket=self.places.socket, best_effort=True)
        for _ in range(3):
            self.assertEqual(driver.emit(EVENT), {"ok": True})
        self.assertEqual(driver.dropped(), 3)
        self.is_error(driver.emit(EVENT | {"input": "{"}), "caller")
        self.is_error(driver.emit(EVENT | {"channel": ""}), "caller")
        self.assertEqual(driver.dropped(), 3)
        driver.ask("close", on="a")
        self.is_error(driver.emit(EVENT), "closed")
