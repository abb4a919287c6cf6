"""What a hostile client says: bytes, and what has to come of them."""

import json
import random
from dataclasses import dataclass, field

# The prefix of the names that the rules of these tests block.
BLOCKED = "forbidden"


@dataclass(frozen=True)
class Message:
    """Some bytes on the client's side of the wire, with the line's end that they have."""

    data: bytes
    # The request's id as JSON, where an answer of the server has to come.
    answered: str | None = None
    # Marks of calls that must not reach the server, whatever the bytes look like.
    kept_back: tuple[str, ...] = ()
    # How many refusals have to be recorded for it.
    refused: int = 0
    # The name and arguments of a call that has to reach the server.
    reaches: tuple[str, object] | None = None
    # Bytes after which the client waits until the reader has taken them: the message arrives in pieces.
    pieces: tuple[int, ...] = field(default=())


class Source:
    """Makes unique ids and marks for one session."""

    def __init__(self, chance: random.Random, session: int):
        self.chance = chance
        self.session = session
        self.made = 0

    def mark(self) -> str:
        self.made += 1
        return f"mark-{self.session}-{self.made}-end"

    def id(self) -> int | str:
        self.made += 1
        return self.made if self.chance.random() < 0.6 else f"id {self.made} \u00e9"


def line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def call(id: object, name: str, arguments: object) -> dict:
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}}


def good(source: Source, name: str, arguments: dict, id: object = None) -> Message:
    """A call with nothing wrong."""
    id = source.id() if id is None else id
    return Message(line(call(id, name, arguments)), json.dumps(id, ensure_ascii=False), reaches=(name, arguments))
