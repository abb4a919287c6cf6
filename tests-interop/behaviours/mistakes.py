"""What the caller did that can never work: said so at once, nothing sent, nothing counted as lost."""

from behaviours.base import EVENT, MAX_FRAME, Behaviour
from harness.receiver import Receiver

# 256 bytes are the most that a text of an identity may have.
LONG = ("x" * 257, "é" * 129)
FITS = "é" * 128


class Mistakes(Behaviour):
    def are_refused(self, *events: dict, **given) -> None:
        """Each is the caller's error, however it is emitted; only what comes after them arrives, and tells of no drop."""
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket, **given)
            for event in events:
                shown = {name: value[:40] for name, value in event.items()}
                with self.subTest(event=shown):
                    self.is_error(driver.emit(event), "caller")
                    self.is_error(driver.emit(event, acknowledged_ms=5000), "caller")
            self.assertEqual(driver.dropped(), 0)
            driver.sent(EVENT | {"tool_name": "afterwards"})
            driver.end()
            arrived = receiver.all()
            self.assertEqual([event["tool"]["name"] for event in arrived], ["afterwards"])
            self.assertEqual(arrived[0].get("drop_count", 0), driver.transport_errors)

    def test_b21_an_event_needs_a_channel_and_a_tool(self):
        absent = [{name: value for name, value in EVENT.items() if name != left_out} for left_out in ("channel", "tool_name")]
        self.are_refused(EVENT | {"channel": ""}, EVENT | {"tool_name": ""}, *absent)

    def test_b22_a_decision_is_one_of_three(self):
        absent = {"channel": "sdk", "tool_name": "read_file"}
        words = ("", "allow", "Allowed", "allowed ", "denied\x00", "1", "größe")
        self.are_refused(absent, *(EVENT | {"decision": word} for word in words))

    def test_b23_a_payload_is_json(self):
        # Nothing at all is an absent payload in some languages, as in the reference's clients of theirs.
        texts = (" ", "{", '{"a":1,}', "[1 2]", "'a'", '"\\x"', '"\t"', "{}{}", "\ufeff{}", "tru", "01", "None", '{"a"}')
        self.are_refused(*(EVENT | {"input": text} for text in texts))
        self.are_refused(*(EVENT | {field: "{"} for field in ("output", "usage")))

    def test_b24_a_number_is_finite(self):
        texts = ("NaN", "Infinity", "-Infinity", "1e400", '{"a":[-1e400]}', '{"a":NaN}', "1e999999999999")
        self.are_refused(*(EVENT | {"input": text} for text in texts))
        self.are_refused(*(EVENT | {field: "1e400"} for field in ("output", "usage")))

    def test_b25_a_frame_has_a_limit(self):
        filled = lambda length: EVENT | {"input": '"' + "x" * length + '"'}
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket, session="s")
            driver.sent(filled(0))
            most = MAX_FRAME - len(receiver.wait_for(1)[0])
            self.is_error(driver.emit(filled(most + 1)), "caller")
            self.is_error(driver.emit(filled(2 * MAX_FRAME)), "caller")
            self.assertEqual(driver.dropped(), driver.transport_errors)
            driver.sent(filled(most))
            self.assertEqual(len(receiver.wait_for(2)[1]), MAX_FRAME)

    def test_b26_a_payload_nests_only_so_deep(self):
        nested = lambda depth: "[" * depth + "]" * depth
        self.are_refused(EVENT | {"input": nested(10_001)}, EVENT | {"output": nested(400_000)}, EVENT | {"usage": "[" * 10_001})
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket)
            driver.sent(EVENT | {"input": nested(9_000)})
            self.assertIn(nested(9_000).encode(), receiver.wait_for(1)[0])

    def test_b27_an_identity_has_limits(self):
        members = ("issuer_name", "issuer_model", "operator_id", "operator_name")
        wrong = [{"operator_id": "o"} | {member: text} for member in members for text in LONG] + [{"operator_name": "alone"}]
        driver = self.driver()
        for n, identity in enumerate(wrong):
            with self.subTest(identity=identity):
                self.is_error(driver.ask("new", on=f"e{n}", socket=str(self.places.socket), identity=identity), "caller")
        self.are_refused(*(EVENT | identity for identity in wrong))
        self.are_refused(*(EVENT | {"issuer_name": text} for text in LONG), identity={member: FITS for member in members})

    def test_b28_a_target_is_whole(self):
        halves = ({"target_system": "filesystem"}, {"target_resource": "/srv"}, {"target_system": "x", "target_resource": ""})
        self.are_refused(*(EVENT | half for half in halves))

    def test_b29_after_close_nothing_is_sent(self):
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            for on in ("used", "fresh", "other"):
                driver.new(on, socket=self.places.socket)
            driver.sent(EVENT, "used")
            for on in ("used", "fresh"):
                self.assertEqual(driver.ask("close", on=on), {"ok": True})
                self.is_error(driver.emit(EVENT, on), "closed")
                self.is_error(driver.emit(EVENT, on, acknowledged_ms=5000), "closed")
                self.assertEqual(driver.dropped(on), 0)
            driver.sent(EVENT | {"tool_name": "other"}, "other")
            driver.end()
            # Of two connections, which may be read in either order.
            self.assertCountEqual([event["tool"]["name"] for event in receiver.all()], ["read_file", "other"])

    def test_b30_closing_twice_is_harmless(self):
        driver = self.driver()
        driver.new(socket=self.places.socket, session="s")
        for _ in range(3):
            self.assertEqual(driver.ask("close", on="a"), {"ok": True})
        self.assertEqual((driver.text("session_id"), driver.text("socket_path")), ("s", str(self.places.socket)))
        self.assertIsInstance(driver.dropped(), int)
        driver.end()
