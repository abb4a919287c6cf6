"""The events that the emitting processes send, as arguments of the published client's `emit`.

Each is made from its process's number and its own index alone, so that a test knows what must have been recorded.
"""

import json

# With the risk that the published taxonomy gives them; the daemon must look it up, whatever the emitter wishes.
ACTION_TYPES = {"filesystem.file.delete": "high", "system.command.execute": "high", "filesystem.file.read": "low"}
OUTCOMES = ("success", "failure", "denied", "pending")


def tool_name(number: int, index: int) -> str:
    return f"tool-{number:02d}-{index:03d}"


def event(number: int, index: int) -> dict:
    """One event: payloads, decisions, errors, targets and action types take turns at coprime steps."""
    made: dict = {
        "channel": ("sdk", "mcp", "claude-code", "größe")[index % 4],
        "tool_name": tool_name(number, index),
        "decision": {"denied": "denied", "pending": "pending"}.get(outcome(index), "allowed"),
    }
    if index % 3 == 0:
        made["tool_server"] = "github"
    if index % 5 != 0:
        made["input"] = json.dumps(PAYLOADS[(index + number) % len(PAYLOADS)])
    if index % 7 != 0:
        # Not every writer puts keys in the same order or escapes alike: the hash must not care.
        made["output"] = json.dumps(PAYLOADS[(index * 3) % len(PAYLOADS)], ensure_ascii=False, indent=1).encode()
    if outcome(index) == "failure":
        made["error"] = f"exit status {index}"
    if index % 6 == 0:
        made["target_system"], made["target_resource"] = "filesystem", f"/srv/données/{number}/{index}.txt"
    if index % 11 == 0:
        made["action_type"] = list(ACTION_TYPES)[index % len(ACTION_TYPES)]
    return made


def outcome(index: int) -> str:
    return OUTCOMES[index % len(OUTCOMES)]


PAYLOADS = (
    {},
    [],
    "text with \"quotes\", \\ and \u2028 in it",
    {"b": 2, "a": 1, "A": [True, False, None]},
    {"\u20ac": "Euro", "\r": "CR", "\ufb33": "dalet", "1": "one", "\U0001f600": "face", "\u0080": "control", "ö": "o"},
    [0, -0.0, 0.1, 1e-7, 1e-6, 1e21, 1e20, 333333333.33333329, 5e-324, 1.7976931348623157e308, 9007199254740991],
    {"deep": {"deeper": [{"deepest": [[[["bottom"]]]]}]}},
    {"html": "<script>&amp;</script>", "nul": "\u0000", "del": "\u007f"},
    {"long": "x" * 20_000},
)
