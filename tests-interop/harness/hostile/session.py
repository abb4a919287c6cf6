"""One generated session: who reads on the other side, what is said, and how it ends."""

import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.flows import PROGRAMS
from harness.hostile.forbidden import FORBIDDEN
from harness.hostile.harmful import HARMFUL
from harness.hostile.harmless import HARMLESS
from harness.hostile.message import Message, Source, call, good, line

READERS = PROGRAMS / "readers"
NODE = os.environ.get("AGENT_RECEIPTS_NODE")
GO_READER = os.environ.get("AGENT_RECEIPTS_GO_READER")
# Four kinds of servers that read in four ways; those that this machine cannot run are told to be missing by the test.
SERVERS: dict[str, list[str] | None] = {
    "text": [sys.executable, "-B", str(READERS / "text.py")],
    "split": [sys.executable, "-B", str(READERS / "split.py")],
    "lines": [NODE, str(READERS / "lines.mjs")] if NODE else None,
    "stream": [GO_READER] if GO_READER else None,
}
# How a session ends: when all is answered; at once; in the middle of a line; by the server, in the middle of a call.
ENDS = ("answered", "answered", "answered", "left", "cut", "crash")
MESSAGES = 12


@dataclass(frozen=True)
class Session:
    """What one client does, from the first byte to the last."""

    number: int
    reader: str
    messages: tuple[Message, ...]
    # How many messages go into one write, one after the other.
    writes: tuple[int, ...]
    end: str

    @property
    def name(self) -> str:
        return f"hostile-{self.number:03}"

    @property
    def is_whole(self) -> bool:
        """Whether the client waits for all answers, and the server lives to give them."""
        return self.end == "answered"


def generate(seed: str, number: int) -> Session:
    """The session of this number, always the same for the same seed."""
    chance = random.Random(f"{seed}/{number}")
    source = Source(chance, number)
    messages = [chosen(source, chance) for _ in range(MESSAGES)]
    # The first call shows that the session works at all, the last one that it still does.
    messages = [good(source, "tool", {"mark": source.mark()}), *messages, good(source, "tool", {"mark": source.mark()})]
    end = ENDS[number // len(SERVERS) % len(ENDS)]
    if end == "crash":
        fatal = Message(line(call(source.id(), "crash", {"mark": source.mark()})))
        messages.insert(chance.randrange(2, len(messages)), fatal)
    if end == "cut":
        whole = line(call(source.id(), "tool", {"mark": source.mark()}))
        messages.append(Message(whole[: chance.choice([-1, -2, -10, len(whole) // 2])]))
    writes = tuple(chance.choice([1, 1, 1, 2, 5]) for _ in messages)
    return Session(number, list(SERVERS)[number % len(SERVERS)], tuple(messages), writes, end)


def chosen(source: Source, chance: random.Random) -> Message:
    kind = chance.random()
    return chance.choice(HARMLESS if kind < 0.45 else HARMFUL if kind < 0.88 else FORBIDDEN)(source)


def command(reader: str) -> list[str]:
    known = SERVERS[reader]
    assert known is not None, reader
    return known


def rules(folder: Path) -> Path:
    """The rules of all these sessions, in the published form."""
    path = folder / "rules.yaml"
    path.write_text(
        "rules:\n"
        "  - name: nothing_forbidden\n"
        "    description: nothing forbidden\n"
        "    enabled: true\n"
        '    tool_pattern: "forbidden*"\n'
        "    action: block\n"
    )
    return path
