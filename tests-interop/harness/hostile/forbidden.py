"""Calls that the rules block, and what a client may try to have them made all the same."""

import json

from harness.hostile.message import BLOCKED, Message, Source, call, line


def plainly(source: Source) -> Message:
    mark = source.mark()
    name = source.chance.choice([BLOCKED, f"{BLOCKED}_things", BLOCKED.upper(), f"{BLOCKED}\u0000", f"{BLOCKED} tool"])
    return Message(line(call(source.id(), name, {"mark": mark})), kept_back=(mark,), refused=1)


def escaped(source: Source) -> Message:
    mark = source.mark()
    text = json.dumps(call(source.id(), BLOCKED, {"mark": mark})).replace(BLOCKED, "\\u0066orbidd\\u0065n")
    return Message(text.encode() + b"\n", kept_back=(mark,), refused=1)


FORBIDDEN = (plainly, escaped)
