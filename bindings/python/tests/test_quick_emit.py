"""`emit` in C and `emit` in Python are one method to whoever calls it: what differs is what it costs."""

import gc
import inspect
import json
import sys
from unittest import mock

import pytest
from conftest import EVENT, patiently, sent, without_server

from agentreceipts import DaemonEmitter

# What stands behind it, and every interpreter has.
plain_emit = DaemonEmitter._emit_plainly
KEYWORDS = tuple(inspect.signature(plain_emit).parameters)[1:]
PAYLOADS = ("input", "output", "usage")
NEEDED = {"channel": "c", "tool_name": "n", "decision": "denied"}
# Together with what they cannot be without.
PARTNERS = {"target_system": {"target_resource": "r"}, "target_resource": {"target_system": "s"}, "operator_name": {"operator_id": "o"}}


def test_it_says_what_the_other_says():
    told, plain = (list(inspect.signature(method).parameters.values()) for method in (DaemonEmitter.emit, plain_emit))
    # The emitter itself can only stand in its place, and C knows no annotations.
    assert [(one.name, one.kind, one.default) for one in told[1:]] == [(one.name, one.kind, one.default) for one in plain[1:]]
    assert inspect.getdoc(DaemonEmitter.emit) == inspect.getdoc(plain_emit)
    assert (DaemonEmitter.emit.__name__, DaemonEmitter.emit.__qualname__) == ("emit", "DaemonEmitter.emit")


def values(keyword):
    """What may be given, each a way of its own through the code."""
    if keyword == "decision":
        return ["allowed"]
    text = "grüße \U0001f600"
    return ['{"a":1}', b'"bytes"', f'"{text}"', f'"{text}"'.encode(), "", b"", None] if keyword in PAYLOADS else ["x", text, ""]


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_every_keyword_goes_the_quick_way_and_arrives_as_by_the_other(receiver, emitter, keyword, monkeypatch):
    given = [{**NEEDED, **PARTNERS.get(keyword, {}), keyword: value} for value in values(keyword)]
    given = [event for event in given if all(event[needed] for needed in NEEDED) and (event[keyword] or keyword not in PARTNERS)]
    assert given
    for event in given:
        patiently(lambda event=event: plain_emit(emitter, **event))
    # The quick way has no other behind it now.
    monkeypatch.delattr(DaemonEmitter, "_emit_plainly")
    for event in given:
        patiently(lambda event=event: emitter.emit(**event))
    # Names as a program reads them from somewhere: equal ones, and other objects than those of the source.
    for event in given:
        read = {"".join(list(name)): value for name, value in event.items()}
        patiently(lambda read=read: emitter.emit(**read))
    frames = [json.loads(body) for body in receiver.wait_for(3 * len(given))]
    for frame in frames:
        del frame["ts_emit"]
    plainly = frames[: len(given)]
    assert frames == plainly * 3


def outcome(call):
    try:
        return call()
    except Exception as error:
        return type(error), str(error), getattr(error, "code", None)


class Text(str):
    """A `str`, and may say anything of itself."""


class Data(bytes):
    def __bytes__(self):
        return b'{"other":true}'


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_what_is_not_plainly_right_ends_as_by_the_other(emitter, keyword):
    cyclic: list = []
    cyclic.append(cyclic)
    wrong = [1, None, b"x", b"\xff", bytearray(b"x"), memoryview(b"x"), Text("x"), Data(b"x"), "\ud800", cyclic, object, "x" * (1 << 21), ""]
    for value in wrong:
        event = {**NEEDED, keyword: value}
        assert outcome(lambda event=event: emitter.emit(**event)) == outcome(lambda event=event: plain_emit(emitter, **event)), repr(value)[:40]


def test_a_name_that_misbehaves_ends_as_by_the_other(emitter):
    class Name(str):
        __hash__ = str.__hash__

        def __eq__(self, other):
            raise LookupError("no comparing")

    class Unhashed(str):
        def __hash__(self):
            raise LookupError("no hash")

    for name in (Name("error"), Name("nonsense")):
        assert outcome(lambda name=name: emitter.emit(**{**NEEDED, name: "x"})) == outcome(lambda name=name: plain_emit(emitter, **{**NEEDED, name: "x"}))
    with pytest.raises(LookupError):
        emitter.emit(**{**NEEDED, Unhashed("error"): "x"})


def test_calls_that_no_method_takes_end_as_by_the_other(emitter):
    for given, named in (((), {}), (("c",), {}), (("c", "n", "allowed"), NEEDED), ((), {**NEEDED, "tool": "x"}), ((), {"channel": "c"})):
        assert outcome(lambda: emitter.emit(*given, **named)) == outcome(lambda: plain_emit(emitter, *given, **named))
    with pytest.raises(TypeError):
        DaemonEmitter.emit()
    with pytest.raises(TypeError):
        DaemonEmitter.emit(object(), **EVENT)


def test_payloads_that_may_change_are_taken_as_they_are_at_the_call(receiver, emitter):
    data = bytearray(b'{"a":1}')
    sent(emitter, input=data, output=memoryview(data), usage=Data(b"{}"))
    data[:] = b'{"b":2}'
    told = json.loads(receiver.wait_for(1)[0])
    assert (told["input"], told["output"], told["usage"]) == ({"a": 1}, {"a": 1}, {"other": True})


@pytest.mark.parametrize("ticket", ["x", -1, 1 << 64, None, 0, 1 << 63])
def test_a_ticket_that_somebody_broke_is_an_error_and_no_crash(ticket):
    emitter = without_server()
    ours, emitter._ticket = emitter._ticket, ticket
    with pytest.raises(Exception):
        emitter.emit(**EVENT)
    emitter._ticket = ours


def test_it_can_be_overridden_and_replaced_as_any_method(receiver, places):
    class Marked(DaemonEmitter):
        def emit(self, **event):
            super().emit(**{"correlation_id": "marked", **event})

    with Marked(socket_path=places.socket) as emitter:
        sent(emitter)
        assert json.loads(receiver.wait_for(1)[0])["correlation_id"] == "marked"
        with mock.patch.object(DaemonEmitter, "emit", autospec=True) as replaced:
            emitter.emit(**EVENT)
        replaced.assert_called_once()
        sent(emitter)
    assert len(receiver.wait_for(2)) == 2


def test_it_keeps_nothing_of_what_it_was_given(receiver, emitter):
    sent(emitter)
    given = {"channel": "".join(["s", "dk"]), "tool_name": "".join(["t", "é"]), "decision": "".join(["allow", "ed"]), "input": bytes([123, 125])}
    refused, unknown = {**given, "usage": "{".upper() + " "}, {**given, "tool": given["input"]}

    def held():
        return [sys.getrefcount(value) for value in (*given.values(), emitter._ticket)]

    def all_ways():
        sent(emitter, **given)
        sent(emitter, **given, output=bytearray(b"{}"))
        for nowhere, event in ((emitter, refused), (emitter, unknown), (unreached, given)):
            outcome(lambda: nowhere.emit(**event))
        outcome(lambda: emitter.emit(given["channel"], given["input"]))

    def blocks_after(frames):
        for _ in range(500):
            all_ways()
        receiver.wait_for(frames)
        # What was received is the test's, and not the emitter's.
        receiver.bodies.clear()
        gc.collect()
        return sys.getallocatedblocks()

    before, unreached = held(), without_server()
    # The interpreter keeps free room of its own, which the first half fills.
    at_first = blocks_after(1001)
    # Not one a call, of which there are 3,000.
    assert blocks_after(1000) - at_first < 300
    assert held() == before
