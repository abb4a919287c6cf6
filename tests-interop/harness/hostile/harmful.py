"""What two readers could take for two things, or what is no message at all: it must not reach the server, and is recorded as refused."""

import json

from harness.hostile.message import BLOCKED, Message, Source, call, line


def refused(data: bytes, *marks: str, times: int = 1) -> Message:
    return Message(data, kept_back=marks, refused=times)


def batch(source: Source) -> Message:
    """Several calls at once: one, two, none, one in another."""
    marks = [source.mark() for _ in range(source.chance.choice([0, 1, 2, 3]))]
    calls: list = [call(source.id(), "tool", {"mark": mark}) for mark in marks]
    return refused(line([calls] if source.chance.random() < 0.3 else calls), *marks)


def twice_the_key(source: Source) -> Message:
    """Some readers take the first of two equal keys, others the last."""
    mark, id = source.mark(), json.dumps(source.id())
    method, name, arguments = '"method":"tools/call"', '"name":"tool"', f'"arguments":{{"mark":"{mark}"}}'
    texts = [
        f'{{"jsonrpc":"2.0","id":{id},"method":"ping",{method},"params":{{{name},{arguments}}}}}',
        f'{{"jsonrpc":"2.0","id":{id},{method},"params":{{"name":"other",{name},{arguments}}}}}',
        f'{{"jsonrpc":"2.0","id":{id},{method},"params":{{{name},"n\\u0061me":"{BLOCKED}",{arguments}}}}}',
        f'{{"jsonrpc":"2.0","id":{id},{method},"params":{{}},"params":{{{name},{arguments}}}}}',
        f'{{"jsonrpc":"2.0","id":{id},{method},"params":{{{name},"arguments":{{}},{arguments}}}}}',
        f'{{"jsonrpc":"2.0","id":{id},{method},"params":{{{name},"arguments":{{"a":{{"b":1,"b":"{mark}"}}}}}}}}',
        f'{{"jsonrpc":"2.0","id":0,"id":{id},{method},"params":{{{name},{arguments}}}}}',
    ]
    return refused(source.chance.choice(texts).encode() + b"\n", mark)


def another_case(source: Source) -> Message:
    """Some readers find keys in any case, and fold letters that only look alike."""
    mark = source.mark()
    value = call(source.id(), "tool", {"mark": mark})
    params = value["params"]
    kind = source.chance.randrange(7)
    if kind == 0:
        value["Method"] = value.pop("method")
    elif kind == 1:
        value["PARAMS"] = {"name": BLOCKED, "arguments": {"mark": mark}}
    elif kind == 2:
        params["Name"] = BLOCKED
    elif kind == 3:
        params["argument\u017f"] = {"mark": mark}
    elif kind == 4:
        value["ID"] = 7
    elif kind == 5:
        params["NAME"] = params.pop("name")
    else:
        value["param\u017f"] = {"name": BLOCKED, "arguments": {"mark": mark}}
    return refused(line(value), mark)


def odd_arguments(source: Source) -> Message:
    mark = source.mark()
    return refused(line(call(source.id(), "tool", source.chance.choice([None, [mark], mark, 7, True, [[{"mark": mark}]]]))), mark)


def odd_name(source: Source) -> Message:
    mark = source.mark()
    return refused(line(call(source.id(), source.chance.choice([None, "", 7, ["tool"], {"name": "tool"}]), {"mark": mark})), mark)


def odd_params(source: Source) -> Message:
    mark = source.mark()
    value = {"jsonrpc": "2.0", "id": source.id(), "method": "tools/call"}
    params = source.chance.choice([None, ["tool", {"mark": mark}], mark, {"arguments": {"mark": mark}}])
    return refused(line(value | {"params": params}), mark)


def odd_id(source: Source) -> Message:
    """Ids that are none, or that two readers write differently."""
    mark = source.mark()
    text = source.chance.choice(["null", "1.5", "1.0", "1e2", "true", "[1]", '{"a":1}', "9007199254740993", "-9007199254740993", "1e400"])
    return refused(line(call("ID", "tool", {"mark": mark})).replace(b'"ID"', text.encode()), mark)


def same_id(source: Source) -> Message:
    """A second call with the id of one that is not answered yet: of two answers, which would be whose?"""
    mark, id = source.mark(), source.id()
    hanging = line(call(id, "hang", {"mark": source.mark()}))
    return refused(hanging + line(call(id, "tool", {"mark": mark})), mark)


def notification(source: Source) -> Message:
    """A call without an id: no answer would ever tell what came of it."""
    mark = source.mark()
    value = call(1, "tool", {"mark": mark})
    del value["id"]
    return refused(line(value), mark)


def envelope(source: Source) -> Message:
    """Neither a request nor an answer, or both."""
    mark = source.mark()
    value = call(source.id(), "tool", {"mark": mark})
    changes = [{"jsonrpc": "1.0"}, {"jsonrpc": 2.0}, {"result": {}}, {"error": {"code": 1, "message": "x"}}, {"method": 7}]
    return refused(line(value | source.chance.choice(changes)), mark)


def not_json(source: Source) -> Message:
    """What lenient readers forgive."""
    mark = source.mark()
    text = line(call(source.id(), "tool", {"mark": mark})).rstrip(b"\n")
    kind = source.chance.randrange(9)
    broken = [
        text[:-1],
        text[:-1] + b",}",
        text + text,
        text + b" // more",
        b"\xef\xbb\xbf" + text,
        text.replace(b'"mark": ', b'"n": NaN, "mark": '),
        text.replace(b'"mark": ', b'"n": 01, "mark": '),
        text.replace(b'"mark": ', b'"n": 1e999, "mark": '),
        b"\x00" + text,
    ][kind]
    return refused(broken + b"\n", mark)


def not_utf8(source: Source) -> Message:
    """Bytes that some readers replace and others skip; halves of characters that no text has."""
    mark = source.mark()
    text = line(call(source.id(), "tool", {"mark": mark, "x": "HERE"}))
    bad = source.chance.choice([b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80", b"\\ud800", b"\\udc00\\ud800"])
    return refused(text.replace(b"HERE", bad), mark)


def line_in_a_line(source: Source) -> Message:
    """A carriage return is white space to JSON and the end of a line to some readers: a call hides behind it."""
    mark = source.mark()
    hidden = json.dumps(call(source.id(), source.chance.choice(["tool", BLOCKED]), {"mark": mark}))
    around = source.chance.choice(['{{"jsonrpc":"2.0","method":"notifications/x","params":{{"a":\r{}\r}}}}', '{{"id":1,"method":"ping","a":[\r{}\r]}}'])
    return refused(around.format(hidden).encode() + b"\n", mark)


def too_deep(source: Source) -> Message:
    mark = source.mark()
    depth = source.chance.choice([20_000, 100_000])
    value = line(call(source.id(), "tool", "DEEP")).replace(b'"DEEP"', b'{"a":' * depth + f'"{mark}"'.encode() + b"}" * depth)
    return refused(value, mark)


HARMFUL = (
    *(batch, twice_the_key, another_case, odd_arguments, odd_name, odd_params, odd_id, same_id, notification),
    *(envelope, not_json, not_utf8, line_in_a_line, too_deep),
)
