"""The frames of the recording that is made by hand, in the order in which they are sent.

Together they have every member that a frame can have, and the payloads on which implementations differ.
"""

from harness.frames import frame

AGENT = "researcher-1"


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


# Nulls in here are what published verifiers disagree about; arrays keep theirs.
USAGE = {
    "input_tokens": 1200,
    "cost": 0.1,
    "rate": 1e-7,
    "none": None,
    "cache": {"read": None, "write": 3, "steps": [1, None, {"gone": None, "kept": "ü"}]},
}
USAGE_SIGNED = {
    "input_tokens": 1200,
    "cost": 0.1,
    "rate": 1e-7,
    "cache": {"write": 3, "steps": [1, None, {"kept": "ü"}]},
}

FRAMES: list[dict] = [
    frame("smallest"),
    frame("acknowledged", ack=True),
    frame("unicode", input={"ключ": "значение", "emoji": "\U0001f512", "e\u0301": "é"}, output="\u2028"),
    frame("nested", input=nested(200), output={"a": {"b": {"c": [{"d": []}]}}}),
    frame("floats", input=[1.5, -0.0, 1e300, 1e-300, 0.30000000000000004], output=1e21),
    frame("big-integer", input=2**53 + 1),
    frame("null-payload", input=None, output=None),
    frame("usage", usage=USAGE, model="m-1", capture_method="transcript"),
    frame("usage-list", usage=[1, 2, None]),
    frame(
        "identified",
        issuer_name="Editor",
        issuer_model="m-2",
        operator_id="did:web:example.org",
        operator_name="Example",
        idempotency_key="once-1",
        correlation_id="toolu_1",
        ack=True,
    ),
    frame("operator-without-name", operator_id="did:web:example.org"),
    frame("targeted", target_system="filesystem", target_resource="/srv/ü", action_type="filesystem.file.delete"),
    frame("empty-strings", error="", issuer_name="", agent_id="", target_system="", target_resource=""),
    frame("failed", error="no such file", output={"isError": True}),
    frame("mcp-failed", channel="mcp", output={"isError": True}),
    frame("refused", decision="denied", error="policy"),
    frame("waiting", decision="pending"),
    frame("offset-time", ts_emit="2026-11-22T05:39:59.123456789+02:00"),
    frame("after-drops", drop_count=3),
    frame("agent-first", agent_id=AGENT, agent_type="general", model="m-3", usage={"n": None}),
    frame("agent-second", agent_id=AGENT, ack=True),
    frame("agent-after-drops", agent_id=AGENT, drop_count=2),
    frame("unknown-member", future={"a": [1]}),
    frame("last"),
]

DROPPED = {"interop": 3, f"interop/agent/{AGENT}": 2}
# Each event one, and one for each count of drops.
RECEIPTS = len(FRAMES) + len(DROPPED)
