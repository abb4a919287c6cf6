"""Events that did not get through: counted, and told to the daemon with the next one that does."""

from behaviours.base import EVENT, Behaviour
from harness.receiver import Receiver, abandoned

# More than a socket takes in that nobody reads.
BIG = EVENT | {"input": '"' + "x" * 900_000 + '"'}
MIDDLING = EVENT | {"input": '"' + "x" * 60_000 + '"'}


class Drops(Behaviour):
    def told(self, receiver: Receiver, count: int) -> list[int | None]:
        return [event.get("drop_count") for event in receiver.events(count)]

    def test_b31_a_dead_daemon_is_counted(self):
        driver = self.driver()
        driver.new(socket=self.places.socket)
        self.assertEqual(driver.dropped(), 0)
        self.fails(driver, 3)
        self.assertEqual(driver.dropped(), 3)
        abandoned(self.places.socket)
        self.fails(driver, 2)
        self.assertEqual(driver.dropped(), 5)

    def test_b32_drops_are_told_with_the_next_success_and_once(self):
        driver = self.driver()
        driver.new(socket=self.places.socket)
        self.fails(driver, 3)
        with Receiver(self.places.socket) as receiver:
            driver.sent(EVENT)
            self.assertEqual(self.told(receiver, 1), [3 + driver.transport_errors])
            self.assertEqual(driver.dropped(), 0)
            before = driver.transport_errors
            driver.sent(EVENT)
            self.assertEqual(self.told(receiver, 2)[1] or 0, driver.transport_errors - before)

    def test_b33_drops_are_kept_when_telling_fails(self):
        driver = self.driver()
        driver.new(socket=self.places.socket)
        self.fails(driver, 2)
        with Receiver(self.places.socket, reads=False) as receiver:
            self.is_error(driver.emit(BIG), "transport")
            self.assertEqual(driver.dropped(), 3)
            receiver.begin()
            driver.sent(EVENT)
            # What came of the big one is no event, and nothing that follows is taken for its rest.
            self.assertEqual(self.told(receiver, 1), [3 + driver.transport_errors])

    def test_b34_a_daemon_that_reads_nothing_is_a_counted_drop(self):
        driver = self.driver()
        driver.new(socket=self.places.socket)
        with Receiver(self.places.socket, reads=False) as receiver:
            # Some fit into the socket; 200 of them fit into none.
            answers = []
            while len(answers) < 200 and (not answers or answers[-1] == {"ok": True}):
                answers.append(driver.emit(MIDDLING))
            self.is_error(answers[-1], "transport")
            self.assertEqual(driver.dropped(), 1)
            receiver.begin()
            driver.sent(EVENT)
            self.assertEqual(driver.dropped(), 0)
            driver.end()
            # Those of which it was said that they went out, and the last one, which tells of the other.
            arrived = receiver.all()
            self.assertEqual(len(arrived), len(answers) - 1 + 1)
            self.assertEqual(sum(event.get("drop_count", 0) for event in arrived), 1 + driver.transport_errors)
