"""Record what agents do: a thin emitter for the agent-receipts daemon.

    from agentreceipts import DaemonEmitter
    with DaemonEmitter() as emitter:
        emitter.emit(channel="sdk", tool_name="read_file", decision="allowed", input='{"path":"a.txt"}')

It holds no key, no store and no canonicaliser, starts no thread, logs nothing unless it is given a logger, and opens nothing before the first
event. What the emitter does is done by one C library, the same for every language. Whatever is not needed for that is imported when it is used.
"""

from __future__ import annotations

from ._emitter import DaemonEmitter, default_socket_path
from ._errors import EmitCallerError, EmitClosedError, EmitLibraryError, EmitRefusedError, EmitTransportError
from ._event import MAX_FRAME_SIZE
from ._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._asyncio import AsyncDaemonEmitter
    from ._codes import ErrorCode
    from ._protocol import DAEMON_PROTOCOL_RANGE, DaemonProtocolRange
    from ._receipt import Receipt
    from ._recording import Call, record, recorded

SUPPORTED_FRAME_VERSION = "1"
MAX_IDENTITY_FIELD_LEN = 256
MAX_TARGET_RESOURCE_LEN = 4096

__all__ = [
    "DAEMON_PROTOCOL_RANGE",
    "MAX_FRAME_SIZE",
    "MAX_IDENTITY_FIELD_LEN",
    "MAX_TARGET_RESOURCE_LEN",
    "SUPPORTED_FRAME_VERSION",
    "AsyncDaemonEmitter",
    "Call",
    "DaemonEmitter",
    "DaemonProtocolRange",
    "EmitCallerError",
    "EmitClosedError",
    "EmitLibraryError",
    "EmitRefusedError",
    "EmitTransportError",
    "ErrorCode",
    "Receipt",
    "__version__",
    "default_socket_path",
    "record",
    "recorded",
]

_LATER = {
    "AsyncDaemonEmitter": "_asyncio",
    "Call": "_recording",
    "DAEMON_PROTOCOL_RANGE": "_protocol",
    "DaemonProtocolRange": "_protocol",
    "ErrorCode": "_codes",
    "Receipt": "_receipt",
    "record": "_recording",
    "recorded": "_recording",
}


def __getattr__(name: str) -> object:
    """Imports what few programs need when it is asked for: `asyncio` alone takes longer than the rest together."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f".{_LATER[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
