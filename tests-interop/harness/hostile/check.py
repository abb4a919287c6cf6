"""Holds what a server saw and what a client heard against the receipts."""

import collections
import json

from harness import database, proxy
from harness.hostile.message import BLOCKED
from harness.hostile.play import Seen
from harness.hostile.session import Session
from harness.stdio import answers

Made = tuple[str, str | None]


def faults(session: Session, seen: Seen, rows: list[database.Row]) -> list[str]:
    """All that is wrong; `rows` are the receipts of this session's proxy, in their order."""
    found = []
    calls = [row for row in rows if row.action["type"].startswith(f"mcp.{session.name}.")]
    saw = collections.Counter(made(name, arguments) for name, arguments in seen.calls)
    first, last = pairs(calls)
    pending = collections.Counter(made_of(row) for row in first.values())
    for call, times in (saw - pending).items():
        found.append(f"the server saw {call} {times} times more than is recorded before")
    if session.is_whole:
        for call, times in (pending - saw).items():
            found.append(f"{call} is recorded as forwarded {times} times more than the server saw it")
    for key, row in first.items():
        closing = last.get(key, [])
        if len(closing) != 1 or made_of(closing[0]) != made_of(row):
            found.append(f"{made_of(row)} was forwarded and has {len(closing)} receipts of its end")
    found += [*kept_back(session, seen), *reached(session, seen, last), *refusals(session, [row for row in calls if row.correlation not in first])]
    ends = [row for row in rows if row.action["type"] == "mcp.session.end"]
    if len(ends) != 1:
        found.append(f"the session has {len(ends)} ends")
    return found


def pairs(calls: list[database.Row]) -> tuple[dict[str, database.Row], dict[str, list[database.Row]]]:
    """By their correlation: the receipts of calls from before they were forwarded, and those of what became of them."""
    first = {row.correlation: row for row in calls if is_pending(row)}
    last = collections.defaultdict(list)
    for row in calls:
        if row.correlation in first and not is_pending(row):
            last[row.correlation].append(row)
    return first, last


def kept_back(session: Session, seen: Seen) -> list[str]:
    """Calls that must not arrive, whatever the server takes for one."""
    said = json.dumps(seen.calls, ensure_ascii=False)
    found = [f"{mark} reached the server" for message in session.messages for mark in message.kept_back if f'{mark}"' in said]
    blocked = [name for name, _ in seen.calls if isinstance(name, str) and name.casefold().startswith(BLOCKED)]
    return found + [f"{name!r} reached the server" for name in blocked]


def reached(session: Session, seen: Seen, last: dict[str, list[database.Row]]) -> list[str]:
    """Calls that must arrive as they were made, be answered by the server, and be recorded with that answer."""
    if not session.is_whole:
        return []
    found = []
    results = [each for each in answers(seen.heard) if "result" in each]
    closings = {(row.action.get("idempotency_key"), row.subject["outcome"].get("response_hash")) for rows in last.values() for row in rows}
    for message in session.messages:
        if message.reaches and made(*message.reaches) not in {made(*call) for call in seen.calls}:
            found.append(f"{str(message.reaches)[:300]} did not reach the server")
        if message.answered is None:
            continue
        own = [each["result"] for each in results if same_id(each["id"], message.answered)]
        if not own:
            found.append(f"{message.answered} has no answer of the server")
        elif not any(same_key(key, message.answered) and hash == proxy.recorded_hash(own[0]) for key, hash in closings):
            found.append(f"{message.answered}: its answer is not the one that is recorded")
    return found


def refusals(session: Session, denied: list[database.Row]) -> list[str]:
    """Each refused message has a receipt, and one that the rules blocked says which; `denied` are those that were never forwarded."""
    denied = [row for row in denied if row.action["tool_name"] != "unasked"]
    wanted = sum(message.refused for message in session.messages)
    found = []
    if session.is_whole and len(denied) != wanted:
        found.append(f"{wanted} messages had to be refused, and {len(denied)} refusals are recorded")
    for row in denied:
        error = row.subject["outcome"].get("error", "")
        if not error:
            found.append(f"{made_of(row)} was refused, and nothing says why")
        if error.startswith("blocked by policy"):
            ruling = json.loads(row.action["target"]["resource"])
            if (ruling["action"], ruling["rule"]) != ("block", "nothing_forbidden"):
                found.append(f"{made_of(row)} was blocked, and the receipt says {ruling}")
    return found


def made(name: object, arguments: object) -> Made:
    """A call as a receipt has it."""
    return str(name), None if arguments is None else proxy.recorded_hash(arguments)


def made_of(row: database.Row) -> Made:
    return row.action["tool_name"], row.action.get("parameters_hash")


def is_pending(row: database.Row) -> bool:
    return row.subject["outcome"]["status"] == "pending"


def same_id(id: object, json_text: str) -> bool:
    return id == json.loads(json_text) and isinstance(id, str) == json_text.startswith('"')


def same_key(key: str | None, json_text: str) -> bool:
    return key is not None and json.loads(key) == json.loads(json_text) and key.startswith('"') == json_text.startswith('"')
