"""What a caller does that can never work: Python's own exceptions, nothing sent, nothing counted, no crash."""

import pytest
from conftest import EVENT, without_server

from agentreceipts import DaemonEmitter, EmitCallerError, ErrorCode
from agentreceipts import _library as library

TEXTS = (
    "channel",
    "tool_name",
    "decision",
    "tool_server",
    "action_type",
    "target_system",
    "target_resource",
    "error",
    "issuer_name",
    "issuer_model",
    "operator_id",
    "operator_name",
    "idempotency_key",
    "correlation_id",
    "agent_id",
    "agent_type",
    "model",
    "capture_method",
)
PAYLOADS = ("input", "output", "usage")


class Odd:
    """Equal to everything and without a length: no reason to be taken for a text."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        raise ZeroDivisionError


NO_TEXTS = (None, 1, 1.5, True, b"bytes", ["list"], {"a": 1}, object(), Odd(), str)


@pytest.fixture(params=["emit", "emit_acknowledged"])
def emit(request):
    """Both ways to emit, where nothing must even be tried: trying would be a transport error."""
    emitter = without_server()
    yield getattr(emitter, request.param)
    assert emitter.dropped == 0


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_of_another_type_is_a_value_error_that_names_it(emit, name):
    for value in NO_TEXTS:
        with pytest.raises(ValueError, match=rf"^emitter: {name} must be a str, got '"):
            emit(**{**EVENT, name: value})


@pytest.mark.parametrize("name", TEXTS)
def test_a_lone_surrogate_is_a_value_error_that_names_it(emit, name):
    for text in ("\ud800", "a\udfffb", "\udc00\ud800"):
        with pytest.raises(ValueError, match=rf"^emitter: {name} holds a lone surrogate") as raised:
            emit(**{**EVENT, name: text})
        assert raised.value.code == ErrorCode.UTF8


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_of_another_type_is_a_value_error_that_names_it(emit, name):
    cyclic: list = []
    cyclic.append(cyclic)
    for value in (1, 0, 1.5, True, {"a": 1}, {}, [1], cyclic, object(), Odd(), float("nan"), range(3)):
        with pytest.raises(ValueError, match=rf"^emitter: {name} must be bytes, a str or None, got '"):
            emit(**{**EVENT, name: value})
    with pytest.raises(ValueError, match=rf"^emitter: {name} holds a lone surrogate"):
        emit(**{**EVENT, name: '"\ud800"'})


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_not_json_is_a_value_error(emit, name):
    wrong = (" ", "{", "'a'", "None", "NaN", "Infinity", "1e400", "[-1e999999]", "{}{}", "[" * 100_000, "[" * 10_001 + "]" * 10_001)
    for text in wrong:
        with pytest.raises(ValueError):
            emit(**{**EVENT, name: text})
    for data in (b"\xff", b'"\xed\xa0\x80"', b'"\xc0\x80"', b"\x00", bytearray(b"\xfe"), memoryview(b'"\xff"')):
        with pytest.raises(ValueError):
            emit(**{**EVENT, name: data})


def test_a_number_that_no_double_can_hold_is_a_value_error_and_one_that_rounds_is_not(emit):
    with pytest.raises(ValueError) as raised:
        emit(**EVENT, input="9" * 400)
    assert raised.value.code == ErrorCode.PAYLOAD


def test_what_is_longer_than_a_frame_is_a_value_error(emit):
    for given in ({"input": "x" * (1 << 21)}, {"output": b" " * (1 << 21)}, {"usage": memoryview(bytes(1 << 21))}, {"error": "x" * (1 << 21)}):
        with pytest.raises(ValueError) as raised:
            emit(**EVENT, **given)
        assert raised.value.code == ErrorCode.TOO_LARGE


def test_what_the_protocol_forbids_is_a_value_error(emit):
    wrong = (
        ({"channel": ""}, ErrorCode.MISSING_FIELD),
        ({"tool_name": ""}, ErrorCode.MISSING_FIELD),
        ({"decision": ""}, ErrorCode.UNKNOWN_DECISION),
        ({"decision": "Allowed"}, ErrorCode.UNKNOWN_DECISION),
        ({"target_system": "filesystem"}, ErrorCode.HALF_TARGET),
        ({"target_resource": "/srv"}, ErrorCode.HALF_TARGET),
        ({"operator_name": "alone"}, ErrorCode.OPERATOR_NAME_ALONE),
        ({"issuer_name": "é" * 129}, ErrorCode.FIELD_TOO_LONG),
        ({"agent_id": "a/b"}, ErrorCode.AGENT_ID),
    )
    for given, code in wrong:
        with pytest.raises(EmitCallerError) as raised:
            emit(**{**EVENT, **given})
        assert raised.value.code == code, given


def test_keywords_that_are_missing_or_unknown_are_type_errors(emit):
    for left_out in ("channel", "tool_name", "decision"):
        with pytest.raises(TypeError, match=left_out):
            emit(**{name: value for name, value in EVENT.items() if name != left_out})
    with pytest.raises(TypeError, match="tool"):
        emit(**EVENT, tool="read_file")
    with pytest.raises(TypeError):
        emit("sdk", "read_file", "allowed")


def test_payloads_never_stand_in_a_message(emit):
    for payload in ('{"password":"hunter2"', b'"hunter2\xff"', '"hunter2\ud800"'):
        with pytest.raises(ValueError) as raised:
            emit(**EVENT, input=payload)
        assert "hunter2" not in str(raised.value)


def test_wrong_arguments_of_the_constructor_are_value_errors(places):
    for name in ("socket_path", "session_id", "issuer_name", "issuer_model", "operator_id", "operator_name"):
        for value in (None, 1, b"bytes", ["x"], object()):
            with pytest.raises(ValueError, match=rf"^emitter: {name} must be a str"):
                DaemonEmitter(**{name: value})
    for name in ("session_id", "issuer_name"):
        with pytest.raises(ValueError, match=f"{name} holds a lone surrogate"):
            DaemonEmitter(**{name: "\ud800"})
    for value in (None, 1, "yes"):
        with pytest.raises(ValueError, match="best_effort must be a bool"):
            DaemonEmitter(best_effort=value)
    for value in (1, b"bytes", ["x"]):
        with pytest.raises(ValueError, match="^emitter: drop_folder must be a str"):
            DaemonEmitter(drop_folder=value)
    for name in ("socket_path", "drop_folder"):
        with pytest.raises(ValueError) as raised:
            DaemonEmitter(**{name: "/tmp/a\0b"})
        assert raised.value.code == ErrorCode.PATH
    with pytest.raises(ValueError) as raised:
        DaemonEmitter(issuer_name="x" * 257)
    assert raised.value.code == ErrorCode.FIELD_TOO_LONG
    with pytest.raises(TypeError):
        DaemonEmitter("/tmp/positional.sock")


def test_a_path_that_no_socket_can_have_is_a_transport_error(places):
    from agentreceipts import EmitTransportError

    for path in ("/tmp/" + "x" * 300, "/", "relative/nowhere", "/dev/null"):
        with pytest.raises(EmitTransportError):
            DaemonEmitter(socket_path=path).emit(**EVENT)


def test_a_time_out_that_is_none_is_a_value_error(places):
    for timeout in (0, -1, float("nan"), float("inf"), None, "5", True, 1e300, [5]):
        with pytest.raises(ValueError, match="timeout"):
            without_server().emit_acknowledged(timeout=timeout, **EVENT)


def test_an_emitter_whose_making_failed_is_harmless():
    half = DaemonEmitter.__new__(DaemonEmitter)
    assert repr(half) == "<DaemonEmitter>"
    with pytest.raises(ValueError):
        half.emit(**EVENT)
    with pytest.raises(ValueError):
        half.close()
    del half


def test_a_ticket_that_was_given_back_is_an_error_and_no_crash(places):
    emitter = without_server()
    library.emitter_free(emitter._ticket, None)
    for use in (lambda: emitter.emit(**EVENT), emitter.close, lambda: emitter.dropped):
        with pytest.raises(ValueError) as raised:
            use()
        assert raised.value.code == ErrorCode.HANDLE
    emitter.__del__()


def test_events_larger_than_the_rest_of_memory_are_judged_by_their_length(emit):
    class Endless(str):
        def __len__(self) -> int:
            return 1 << 62

    with pytest.raises(ValueError):
        emit(**EVENT, input=Endless('{"a":1}'))
