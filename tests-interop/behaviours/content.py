"""What stands in a frame."""

import json

from behaviours.base import EVENT, Behaviour
from harness.receiver import Receiver

TEXTS = {
    "tool_server": "github",
    "action_type": "filesystem.file.read",
    "error": "exit status 1",
    "issuer_name": "Editor",
    "issuer_model": "m-2",
    "operator_id": "did:web:example.org",
    "operator_name": "Example",
    "idempotency_key": "once-1",
    "correlation_id": "toolu_1",
    "agent_id": "agent-1",
    "agent_type": "explorer",
    "model": "m-3",
    "capture_method": "hook",
    "target_system": "filesystem",
    "target_resource": "/srv/a.txt",
}
PAYLOADS = {"input": '{"path":"a.txt"}', "output": "[true,null]", "usage": '{"tokens":7}'}
IDENTITY = {name: TEXTS[name] for name in ("issuer_name", "issuer_model", "operator_id", "operator_name")}
# As no writer of JSON would write it again.
VERBATIM = (
    '{ "b" : 1.50 ,"a":[ 1e2 , -0.0,\t"\\ud800 \\u00E9\\/" ] ,\n"A":{ } }',
    '[100000000000000000000000,0.1000,1E+2,"\\u0000"]',
    '"größe \U0001f512 \u2028"',
    " null ",
)
SCRIPTS = (
    "größe straße",
    "Ελληνικά кириллица עברית العربية",
    "日本語 中文 한국어 ไทย हिन्दी",
    "\U0001f512\U0001f468\u200d\U0001f469\u200d\U0001f467 \U00010348 e\u0301",
    'quotes " backslash \\ slash / <script>&amp;',
    "tab\tline\nreturn\rbell\x07 delete\x7f next\x85 escape\x1b[31m",
    "\u2028\u2029\ufeff\ufffe\U0010ffff",
    "zero\x00byte",
)


class Content(Behaviour):
    def one(self, event: dict, **given) -> bytes:
        """The body of the frame that one event becomes."""
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket, session="s", **given)
            driver.sent(event)
            return receiver.wait_for(1)[0]

    def test_b09_a_frame_has_the_required_members_and_no_others(self):
        event = json.loads(self.one(EVENT))
        self.assertRegex(event.pop("ts_emit"), r"^20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{1,9}Z$")
        required = {"v": "1", "session_id": "s", "channel": "sdk", "tool": {"name": "read_file"}, "decision": "allowed"}
        self.assertEqual(event, required)

    def test_b10_every_field_arrives(self):
        for decision in ("allowed", "denied", "pending"):
            with self.subTest(decision=decision):
                event = json.loads(self.one(TEXTS | PAYLOADS | EVENT | {"decision": decision}))
                del event["ts_emit"]
                expected = TEXTS | {name: json.loads(text) for name, text in PAYLOADS.items()}
                del expected["tool_server"]
                tool = {"server": "github", "name": "read_file"}
                expected |= {"v": "1", "session_id": "s", "channel": "sdk", "tool": tool, "decision": decision}
                self.assertEqual(event, expected)

    def test_b11_payloads_arrive_byte_for_byte(self):
        for text in VERBATIM:
            for field in PAYLOADS:
                with self.subTest(field=field, text=text):
                    body = self.one(EVENT | {field: text})
                    self.assertIn(f'"{field}":'.encode() + text.encode() + b",", body)

    def test_b12_text_of_any_script_arrives(self):
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket)
            for text in SCRIPTS:
                driver.sent({"channel": text, "tool_server": text, "tool_name": text, "error": text, "decision": "allowed"})
            for text, event in zip(SCRIPTS, receiver.events(len(SCRIPTS)), strict=True):
                self.assertEqual((event["channel"], event["error"]), (text, text))
                self.assertEqual(event["tool"], {"server": text, "name": text})

    def test_b13_the_emitters_identity_stands_in_every_event(self):
        with Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket, identity=IDENTITY)
            driver.sent(EVENT)
            driver.sent(EVENT)
            for event in receiver.events(2):
                self.assertEqual({name: event.get(name) for name in IDENTITY}, IDENTITY)

    def test_b14_what_one_event_says_of_its_identity_wins(self):
        for own in ({"issuer_name": "Other"}, {"operator_name": "Another"}, {name: "x" for name in IDENTITY}):
            with self.subTest(own=own):
                event = json.loads(self.one(EVENT | own, identity=IDENTITY))
                self.assertEqual({name: event.get(name) for name in IDENTITY}, IDENTITY | own)
        with self.subTest("the next event is the emitter's own again"), Receiver(self.places.socket) as receiver:
            driver = self.driver()
            driver.new(socket=self.places.socket, identity=IDENTITY)
            driver.sent(EVENT | {"issuer_name": "Other"})
            driver.sent(EVENT)
            self.assertEqual([event["issuer_name"] for event in receiver.events(2)], ["Other", "Editor"])
