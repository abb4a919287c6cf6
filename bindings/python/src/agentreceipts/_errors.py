"""What emitting raises: one exception for each class of the library's numbered errors."""

from __future__ import annotations

import ctypes

from . import _library

CALLER, CLOSED, TRANSPORT, REFUSED = 1, 2, 3, 4


class EmitTransportError(Exception):
    """The daemon was not reached in time: not dialled, or the event not written whole, or not answered.

    Another time the same event may get through. Unless no reply came, the library has counted it as dropped, and tells the daemon with the
    next event that gets through. ``code`` is the number of the error, one of :class:`agentreceipts.ErrorCode`.
    """

    code: int = 209


class EmitCallerError(ValueError):
    """The call can never work as it was made; nothing was sent, and nothing counts as dropped."""

    code: int = 29


class EmitClosedError(RuntimeError):
    """The emitter was closed before."""

    code: int = 100


class EmitRefusedError(Exception):
    """The daemon answered that it made no receipt. ``refusal`` is its word for programs, ``reason`` its sentence for people."""

    code: int = 300

    def __init__(self, message: str, refusal: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.refusal = refusal
        self.reason = reason


class EmitLibraryError(RuntimeError):
    """A fault of the library itself."""

    code: int = 902


def failed(code: int) -> Exception:
    """The exception for a call that gave ``code`` on this thread just now."""
    error = _library.Error(size=ctypes.sizeof(_library.Error))
    _library.last_error(ctypes.byref(error))
    kind = int(_library.error_class(code))
    # A signal's handler may have failed a call of its own in between.
    words = error.message.decode("utf-8", "replace") if error.code == code else f"error {code}"
    return made(code, kind, words)


def made(code: int, kind: int, words: str) -> Exception:
    """The exception of the class ``kind``, in the words of the reference where it has any."""
    fault: EmitTransportError | EmitCallerError | EmitClosedError | EmitRefusedError | EmitLibraryError
    if kind == TRANSPORT:
        fault = EmitTransportError(f"emitter: {words}")
    elif kind == CLOSED:
        fault = EmitClosedError("emitter: closed")
    elif kind == CALLER:
        fault = EmitCallerError(f"emitter: {words}")
    elif kind == REFUSED:
        fault = EmitRefusedError(f"emitter: {words}")
    else:
        fault = EmitLibraryError(f"emitter: {words}")
    fault.code = code
    return fault
