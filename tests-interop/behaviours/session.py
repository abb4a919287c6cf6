"""Whose session an event is of."""

import uuid

from behaviours.base import EVENT, Behaviour
from harness.receiver import Receiver


class Session(Behaviour):
    def test_b01_a_given_session_is_that_of_every_event(self):
        given = "sitzung 7/größe \U0001f512"
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket, session=given)
            self.assertEqual(driver.text("session_id"), given)
            driver.sent(EVENT)
            driver.sent(EVENT)
            self.assertEqual([event["session_id"] for event in receiver.events(2)], [given, given])

    def test_b02_a_session_is_made_as_a_random_uuid(self):
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            for on, given in (("absent", None), ("empty", "")):
                driver.new(on, socket=self.places.socket, session=given)
                made = driver.text("session_id", on)
                self.assertEqual(str(uuid.UUID(made)), made)
                self.assertEqual((uuid.UUID(made).version, uuid.UUID(made).variant), (4, uuid.RFC_4122))
                driver.sent(EVENT, on)
            sessions = [event["session_id"] for event in receiver.events(2)]
            self.assertEqual(sessions, [driver.text("session_id", on) for on in ("absent", "empty")])

    def test_b03_two_emitters_have_two_sessions(self):
        driver, other = self.driver(), self.driver()
        made = [who.text("session_id", who.new(on, socket=self.places.socket)) for who in (driver, other) for on in "ab"]
        self.assertEqual(len(set(made)), 4, made)

    def test_b04_the_session_outlives_the_connection(self):
        driver = self.driver()
        driver.new(socket=self.places.socket)
        sessions = {driver.text("session_id")}
        for _ in range(3):
            with Receiver(self.places.socket) as receiver:
                driver.sent(EVENT)
                sessions |= {event["session_id"] for event in receiver.events(1)}
        self.assertEqual(sessions, {driver.text("session_id")})
