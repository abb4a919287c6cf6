"""What a strict reader understands, however odd it looks: it has to reach the server, and its receipts have to be right."""

import json

from harness.hostile.message import Message, Source, call, good, line


def plain(source: Source) -> Message:
    return good(source, source.chance.choice(["tool", "größe", "a b", "x" * 200, "Tools/Call"]), {"mark": source.mark()})


def values(source: Source) -> Message:
    """Every kind of value, and numbers that two readers may write differently."""
    given = {
        "mark": source.mark(),
        "none": None,
        "list": [1, 2.5, -0.0, 1e21, 1e-7, 2**53 + 2, True, [], {}],
        "text": 'größe \U0001f512 \x7f \\ " / \u2028 \u2029 \u0085 \ufeff \ue000 e\u0301',
        "": {"é": 1, "\U0001f512": 2, "\uffff": 3, "a.b": 4},
    }
    return good(source, "tool", given)


def deep(source: Source) -> Message:
    value: object = source.mark()
    for _ in range(source.chance.choice([10, 60, 200])):
        value = [value] if source.chance.random() < 0.5 else {"in": value}
    return good(source, "tool", {"deep": value})


def long(source: Source) -> Message:
    return good(source, "tool", {"mark": source.mark(), "long": "größe " * 40_000})


def ids(source: Source) -> Message:
    """The largest whole numbers, the empty text, and texts that look like other things."""
    source.made += 1
    chosen = source.chance.choice([2**53 - 1 - source.made, -source.made, f"null{source.made}", f"{source.made}.0", f" {source.made}"])
    return good(source, "tool", {"mark": source.mark()}, chosen)


def escaped(source: Source) -> Message:
    """Escapes in keys and names, where no byte is what it seems."""
    mark, id = source.mark(), source.id()
    text = json.dumps(call(id, "tool", {"mark": mark}))
    text = text.replace('"method"', '"m\\u0065thod"').replace('"name"', '"\\u006eame"').replace("tools/call", "tools\\/c\\u0061ll")
    return Message(text.encode() + b"\n", json.dumps(id, ensure_ascii=False), reaches=("tool", {"mark": mark}))


def spaced(source: Source) -> Message:
    """White space wherever JSON has it, and the end of a line as in files from elsewhere."""
    mark, id = source.mark(), source.id()
    text = json.dumps(call(id, "tool", {"mark": mark}), indent=2, ensure_ascii=False).replace("\n", " \t ")
    end = source.chance.choice([b"\n", b"\r\n", b"  \t\n"])
    return Message(b" \t" + text.encode() + end, json.dumps(id, ensure_ascii=False), reaches=("tool", {"mark": mark}))


def in_pieces(source: Source) -> Message:
    """One line that arrives in several reads, cut anywhere: in an escape, in a character."""
    whole = good(source, "größe", {"mark": source.mark(), "text": "größe \U0001f512" * 20})
    cuts = sorted(source.chance.sample(range(1, len(whole.data)), 3))
    return Message(whole.data, whole.answered, reaches=whole.reaches, pieces=tuple(cuts))


def tagged(source: Source) -> Message:
    """What hosts add to a call."""
    mark, id = source.mark(), source.id()
    value = call(id, "tool", {"mark": mark})
    value["params"]["_meta"] = {"progressToken": source.made, "claudecode/toolUseId": f"toolu_{mark}", "NAME": "forbidden"}
    return Message(line(value), json.dumps(id, ensure_ascii=False), reaches=("tool", {"mark": mark}))


def no_arguments(source: Source) -> Message:
    id = source.id()
    value = {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": f"bare{source.mark()}"}}
    return Message(line(value), json.dumps(id, ensure_ascii=False), reaches=(value["params"]["name"], None))


def ends_of_lines(source: Source) -> Message:
    """Characters that end a line for some readers, where JSON has them as they are: no reader may see half a message."""
    end = source.chance.choice(["\u2028", "\u2029", "\u0085"])
    return good(source, f"tool{end}", {"mark": source.mark(), end: f"{end}x{end}{end}"})


def twins(source: Source) -> Message:
    """A number and the text that looks like it are two ids."""
    source.made += 1
    one, other = good(source, "tool", {"mark": source.mark()}, source.made), good(source, "tool", {"mark": source.mark()}, str(source.made))
    return Message(one.data + other.data, other.answered, reaches=other.reaches)


def twice(source: Source) -> Message:
    """A call that the server answers twice."""
    return good(source, "twice", {"mark": source.mark()})


def cancelled(source: Source) -> Message:
    """A call that never ends, and its end by the client."""
    mark, id = source.mark(), source.id()
    stop = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}
    return Message(line(call(id, "hang", {"mark": mark})) + line(stop), reaches=("hang", {"mark": mark}))


HARMLESS = (
    *(plain, values, deep, long, ids, escaped, spaced, in_pieces),
    *(tagged, no_arguments, ends_of_lines, twins, twice, cancelled),
)
