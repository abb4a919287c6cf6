"""Plays a generated session through the proxy, and keeps what both ends saw."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import proxy
from harness.hostile.message import Message
from harness.hostile.session import Session, command
from harness.stdio import Client


@dataclass(frozen=True)
class Seen:
    """What became of a session."""

    # The calls that the server understood, in its order: name and arguments, which are None where there were none.
    calls: tuple[tuple[object, object], ...]
    # The lines that the client was sent.
    heard: tuple[bytes, ...]
    pid: int
    code: int
    errors: str


def play(session: Session, folder: Path, rules: Path, environment: dict[str, str]) -> Seen:
    log, errors = folder / f"{session.name}.log", folder / f"{session.name}.err"
    log.touch()
    line = proxy.wrapped(session.name, command(session.reader), "--rules", str(rules))
    client = Client(line, environment | {"INTEROP_LOG": str(log)}, errors)
    for group in groups(session):
        if not say(client, group):
            break
    if session.is_whole:
        client.wait_for_answers([each.answered for each in session.messages if each.answered])
    code = client.end()
    notes = [json.loads(text) for text in log.read_text().split("\n") if text]
    calls = tuple((note.get("name"), understood(note["arguments"])) for note in notes)
    return Seen(calls, tuple(client.heard), client.process.pid, code, errors.read_text(errors="replace"))


def understood(arguments: str | None) -> object:
    """What a reader took the arguments for; no receipt has the hash of what nobody else can read."""
    try:
        return json.loads(arguments) if arguments else None
    except (ValueError, RecursionError):
        return f"unreadable: {arguments[:200]}"


def groups(session: Session) -> Iterator[list[Message]]:
    """The messages that go into one write."""
    rest = list(session.messages)
    for size in session.writes:
        if rest:
            yield rest[:size]
        rest = rest[size:]


def say(client: Client, group: list[Message]) -> bool:
    data = b"".join(message.data for message in group)
    start = 0
    for cut in group[0].pieces:
        if not client.write(data[start:cut]):
            return False
        client.wait_until_read()
        start = cut
    return client.write(data[start:])
