"""Counts that nobody was told of when an emitter or its process ended: left for the session's next emitter."""

from behaviours.base import EVENT, Behaviour
from harness.receiver import Receiver


class Leaving(Behaviour):
    def leaves(self, session: str, drops: int, close: bool, abort: bool = False) -> None:
        """A process that loses events and ends."""
        driver = self.driver()
        driver.new(socket=self.places.socket, session=session)
        self.fails(driver, drops)
        if close:
            driver.ask("close", on="a")
        driver.end(abort)

    def tells(self, session: str) -> int:
        """How many drops a new process of the session tells in its first two events, beside its own."""
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket, session=session)
            driver.sent(EVENT)
            driver.sent(EVENT)
            driver.end()
            return sum(event.get("drop_count", 0) for event in receiver.all()) - driver.transport_errors

    def test_b35_drops_at_close_are_told_by_the_next_emitter(self):
        with self.subTest("of another process"):
            self.leaves("s", 3, close=True)
            self.assertEqual(self.tells("s"), 3)
            self.assertEqual(self.tells("s"), 0)
        with self.subTest("those of two emitters add up"):
            self.leaves("s", 2, close=True)
            self.leaves("s", 1, close=True)
            self.assertEqual(self.tells("s"), 3)
        with self.subTest("of the same process"):
            driver = self.driver()
            driver.new("first", socket=self.places.socket, session="t")
            self.fails(driver, 2, "first")
            driver.ask("close", on="first")
            with Receiver(self.places.socket) as receiver:
                driver.new("second", socket=self.places.socket, session="t")
                driver.sent(EVENT, "second")
                self.assertEqual(receiver.events(1)[0].get("drop_count"), 2 + driver.transport_errors)

    def test_b36_drops_at_the_end_of_a_process_are_told_likewise(self):
        for abort in (False, True):
            with self.subTest("told to end" if abort else "at the end of its input"):
                self.leaves("s", 3, close=False, abort=abort)
                self.assertEqual(self.tells("s"), 3)
                self.assertEqual(self.tells("s"), 0)

    def test_b37_another_session_does_not_tell_them(self):
        self.leaves("mine", 2, close=True)
        for other in ("other", "mine/", "mine ", "../mine", "MINE"):
            with self.subTest(other=other):
                self.assertEqual(self.tells(other), 0)
        self.assertEqual(self.tells("mine"), 2)
