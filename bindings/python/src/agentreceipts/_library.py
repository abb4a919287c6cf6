"""The C library beside this file: loaded once, its functions declared, its version held against ours.

Contract: `ffi/README.md` of the project. Only `ctypes` is used here, which every interpreter has, and nothing else is installed; `emit` alone has a quicker way besides.
"""

from __future__ import annotations

import ctypes
import os
import sys

# The numbers of the header that the declarations below were written from.
ABI_MAJOR, ABI_MINOR = 1, 0
# The length that stands for an absent field in a packed event.
ABSENT = 0xFFFFFFFF
# A flag of `ar_emitter_config`: nothing is left for the session's next emitter.
NO_DROP_FOLDER = 4

_NAME = "libagent_receipts.dylib" if sys.platform == "darwin" else "libagent_receipts.so"


class Text(ctypes.Structure):
    """`ar_text`: bytes that are read during the call only."""

    _fields_ = (("data", ctypes.c_char_p), ("length", ctypes.c_size_t))


class Config(ctypes.Structure):
    """`ar_emitter_config`."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("flags", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("dial_timeout_ms", ctypes.c_uint32),
        ("write_timeout_ms", ctypes.c_uint32),
        ("socket_path", Text),
        ("session_id", Text),
        ("issuer_name", Text),
        ("issuer_model", Text),
        ("operator_id", Text),
        ("operator_name", Text),
        ("drop_folder", Text),
    )


class Error(ctypes.Structure):
    """`ar_error`."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("code", ctypes.c_int32),
        ("error_class", ctypes.c_int32),
        ("message", ctypes.c_char * 496),
    )


class Ack(ctypes.Structure):
    """`ar_ack`: what became of an event."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("sequence", ctypes.c_uint64),
        ("receipt_id_length", ctypes.c_size_t),
        ("chain_id_length", ctypes.c_size_t),
        ("receipt_hash_length", ctypes.c_size_t),
        ("refusal_code_length", ctypes.c_size_t),
        ("refusal_message_length", ctypes.c_size_t),
        ("receipt_id", ctypes.c_char * 128),
        ("chain_id", ctypes.c_char * 1024),
        ("receipt_hash", ctypes.c_char * 80),
        ("refusal_code", ctypes.c_char * 64),
        ("refusal_message", ctypes.c_char * 512),
    )


def _load() -> ctypes.CDLL:
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), _NAME)
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"cannot load `{_NAME}`: {error}; install a wheel of agentreceipts that was built for this machine") from error


_library = _load()
_POINTER, _TICKET, _BYTES, _SIZE = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_size_t


def _declare(name: str, *arguments: type) -> ctypes._NamedFuncPointer:
    function = _library[name]
    function.argtypes = arguments
    function.restype = ctypes.c_int32
    return function


def address(name: str) -> int:
    """Where a function of the library is, for who calls it without `ctypes`."""
    return ctypes.cast(_library[name], _POINTER).value or 0


abi_check = _declare("ar_abi_check", ctypes.c_uint32, ctypes.c_uint32, _POINTER)
error_class = _declare("ar_error_class", ctypes.c_int32)
last_error = _declare("ar_last_error", _POINTER)
default_socket_path = _declare("ar_default_socket_path", _BYTES, _SIZE, _POINTER, _POINTER)
emitters_close_all = _declare("ar_emitters_close_all")
emitter_new = _declare("ar_emitter_new", _POINTER, _POINTER, _POINTER)
emitter_close = _declare("ar_emitter_close", _TICKET, _POINTER)
emitter_free = _declare("ar_emitter_free", _TICKET, _POINTER)
emitter_dropped = _declare("ar_emitter_dropped", _TICKET, _POINTER, _POINTER)
emitter_session_id = _declare("ar_emitter_session_id", _TICKET, _BYTES, _SIZE, _POINTER, _POINTER)
emitter_socket_path = _declare("ar_emitter_socket_path", _TICKET, _BYTES, _SIZE, _POINTER, _POINTER)
emit_packed = _declare("ar_emitter_emit_packed", _TICKET, _BYTES, _SIZE, _POINTER)
emit_packed_acknowledged = _declare(
    "ar_emitter_emit_packed_acknowledged", _TICKET, _BYTES, _SIZE, ctypes.c_uint32, _POINTER, _POINTER
)

if abi_check(ABI_MAJOR, ABI_MINOR, None) != 0:
    raise ImportError(f"`{_NAME}` is not the library of this package: install agentreceipts again")
