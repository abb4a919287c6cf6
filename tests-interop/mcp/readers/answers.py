"""What the readers in Python do with what they take for a message: they believe it, note each call that they understood, and answer."""

import json
import os
import sys

LOG = os.open(os.environ["INTEROP_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def take(line: str) -> None:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return
    for each in message if isinstance(message, list) else [message]:
        if isinstance(each, dict) and isinstance(each.get("method"), str):
            answer(each)


def answer(message: dict) -> None:
    params = message.get("params")
    if message["method"] == "tools/call" and isinstance(params, dict):
        name = params.get("name")
        note = {"name": name, "arguments": json.dumps(params.get("arguments")) if "arguments" in params else None}
        os.write(LOG, json.dumps(note).encode() + b"\n")
        if name == "crash":
            os._exit(3)
        if name == "hang":
            return
        reply(message, {"content": [{"type": "text", "text": f"{name} größe \u2028"}]})
        if name == "twice":
            reply(message, {"content": [], "isError": True})
    else:
        reply(message, {})


def reply(message: dict, result: dict) -> None:
    if "id" in message:
        text = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}, ensure_ascii=False)
        sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
        sys.stdout.buffer.flush()
