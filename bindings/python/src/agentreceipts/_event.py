"""One event as one run of bytes, as `ar_emitter_emit_packed` takes it (`ffi/README.md`, section 4).

The library judges what an event says; here is only judged what Python alone can get wrong: types, and text that is not Unicode.
"""

from __future__ import annotations

from struct import Struct

from ._errors import EmitCallerError
from ._library import ABSENT

MAX_FRAME_SIZE = 1 << 20

_HEAD_OF_8 = Struct("=9I").pack
_HEAD_OF_21 = Struct("=22I").pack
_encode = str.encode


def pack(
    channel: str,
    tool_name: str,
    decision: str,
    tool_server: str = "",
    action_type: str = "",
    target_system: str = "",
    target_resource: str = "",
    input: bytes | str | None = None,
    output: bytes | str | None = None,
    error: str = "",
    issuer_name: str = "",
    issuer_model: str = "",
    operator_id: str = "",
    operator_name: str = "",
    idempotency_key: str = "",
    correlation_id: str = "",
    agent_id: str = "",
    agent_type: str = "",
    model: str = "",
    usage: bytes | str | None = None,
    capture_method: str = "",
) -> bytes:
    """Packs an event. Payloads that are ``None`` or empty are absent, as in the reference; all other texts if they are empty.

    :raises EmitCallerError: (a ``ValueError``) for a wrong type, text with a lone surrogate, a payload beyond a frame.
    """
    texts = (channel, tool_server, tool_name, action_type, error, decision)
    more = (
        issuer_name,
        issuer_model,
        operator_id,
        operator_name,
        idempotency_key,
        correlation_id,
        agent_id,
        agent_type,
        model,
        capture_method,
        target_system,
        target_resource,
    )
    try:
        # `str.encode` takes nothing but `str`, whatever a subclass says.
        a, b, c, d, e, f = map(_encode, texts)
        i, o = _payload(input), _payload(output)
        head = (len(a), len(b), len(c), len(d), len(i) or ABSENT, len(o) or ABSENT, len(e), len(f))
        if usage is None and more == _NOTHING:
            return b"".join((_HEAD_OF_8(8, *head), a, b, c, d, i, o, e, f))
        rest = [_encode(text) for text in more]
        rest.insert(9, _payload(usage))
    except (TypeError, UnicodeEncodeError, BufferError) as fault:
        raise _blame(locals()) from fault
    lengths = [len(text) for text in rest]
    lengths[9] = lengths[9] or ABSENT
    return b"".join((_HEAD_OF_21(21, *head, *lengths), a, b, c, d, i, o, e, f, *rest))


_NOTHING = ("",) * 12
_PAYLOADS = ("input", "output", "usage")


def _payload(value: object) -> bytes:
    if value is None:
        return b""
    if isinstance(value, str):
        if len(value) > MAX_FRAME_SIZE:
            raise _too_large(len(value))
        return _encode(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        size = value.nbytes if isinstance(value, memoryview) else len(value)
        if size > MAX_FRAME_SIZE:
            raise _too_large(size)
        return bytes(value)
    raise TypeError


def _too_large(length: int) -> EmitCallerError:
    fault = EmitCallerError(f"emitter: frame too large: a payload of {length} (max {MAX_FRAME_SIZE} bytes)")
    fault.code = 27
    return fault


def _blame(given: dict[str, object]) -> EmitCallerError:
    """Says which field is wrong, by its name and type and never by its content."""
    for name in pack.__code__.co_varnames[: pack.__code__.co_argcount]:
        value = given[name]
        if name in _PAYLOADS:
            if value is not None and not isinstance(value, (str, bytes, bytearray, memoryview)):
                return _told(name, f"must be bytes, a str or None, got {type(value).__name__!r}", 26)
        elif not isinstance(value, str):
            return _told(name, f"must be a str, got {type(value).__name__!r}", 29)
        if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
            return _told(name, "holds a lone surrogate, which no UTF-8 can", 4)
    return _told("the event", "cannot be read", 29)


def _told(name: str, what: str, code: int) -> EmitCallerError:
    fault = EmitCallerError(f"emitter: {name} {what}")
    fault.code = code
    return fault
