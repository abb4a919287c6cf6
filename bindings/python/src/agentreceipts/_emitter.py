"""The emitter: one connection to the daemon, shared by all threads of a process."""

from __future__ import annotations

import ctypes
import os
import sys

from . import _library, _process
from ._errors import EmitCallerError, EmitTransportError, failed
from ._event import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from ._fields import Event
    from ._receipt import Receipt

_emit_packed = _library.emit_packed


class DaemonEmitter:
    """Sends events to the daemon, and never blocks its caller for long: 25 ms to connect and 100 ms to write, then the event is lost and
    counted. Nothing is connected, created or started before the first event.

    Any thread may use it, and both sides of a fork: the child has a connection and a count of its own. Leaving it as a context manager
    closes it; one that is still open when the process ends is closed then.

    :param socket_path: the daemon's socket; otherwise :func:`default_socket_path`.
    :param session_id: the session that all events belong to; otherwise a random UUID, the same for the emitter's life.
    :param log: where dropped events are told, at level DEBUG; otherwise nowhere.
    :param best_effort: keep transport failures of :meth:`emit` from the caller; they are counted all the same.
    :param issuer_name: who acts, for all events that do not say otherwise, and so on for the next three; 256 bytes each.
    :param drop_folder: where the count of lost events is left for the session's next emitter; otherwise ``agentreceipts/drops`` in
        ``XDG_RUNTIME_DIR`` or ``agent-receipts/drops`` in the data directory. ``None``: nowhere, and no file is ever written.
    :raises ValueError: for wrong types, an identity beyond the limits, or no default socket path.
    """

    _ticket = 0

    def __init__(
        self,
        *,
        socket_path: str | os.PathLike[str] = "",
        session_id: str = "",
        log: logging.Logger | None = None,
        best_effort: bool = False,
        issuer_name: str = "",
        issuer_model: str = "",
        operator_id: str = "",
        operator_name: str = "",
        drop_folder: str | os.PathLike[str] | None = "",
    ) -> None:
        if not isinstance(best_effort, bool):
            raise EmitCallerError(f"emitter: best_effort must be a bool, got {type(best_effort).__name__!r}")
        config = _library.Config(size=ctypes.sizeof(_library.Config))
        config.socket_path = _text("socket_path", _path(socket_path), os.fsencode)
        config.session_id = _text("session_id", session_id)
        config.issuer_name = _text("issuer_name", issuer_name)
        config.issuer_model = _text("issuer_model", issuer_model)
        config.operator_id = _text("operator_id", operator_id)
        config.operator_name = _text("operator_name", operator_name)
        if drop_folder is None:
            config.flags = _library.NO_DROP_FOLDER
        else:
            config.drop_folder = _text("drop_folder", _path(drop_folder), os.fsencode)
        ticket = ctypes.c_uint64()
        code = _library.emitter_new(ctypes.byref(config), ctypes.byref(ticket), None)
        if code:
            raise failed(code)
        self._ticket = ticket.value
        # Kept, for they are asked for after the end too.
        self._session_id = _told(_library.emitter_session_id, self._ticket).decode()
        self._socket_path = os.fsdecode(_told(_library.emitter_socket_path, self._ticket))
        self._best_effort = best_effort
        self._log = log
        _process.watch()

    @property
    def session_id(self) -> str:
        """The session that all events belong to, as long as the emitter lives."""
        return self._session_id

    @property
    def socket_path(self) -> str:
        """The daemon's socket that events are sent to."""
        return self._socket_path

    @property
    def dropped(self) -> int:
        """How many events of this emitter were lost, in this process, and not yet told to the daemon; after :meth:`close` those that
        could not be left for the session's next emitter either, and of which nobody will ever tell."""
        dropped = ctypes.c_uint64()
        code = _library.emitter_dropped(self._ticket, ctypes.byref(dropped), None)
        if code:
            raise failed(code)
        return dropped.value

    def emit(
        self,
        *,
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
    ) -> None:
        """Sends one event. Returning means that the kernel has it; with ``best_effort`` also that it was lost and counted.

        :param channel: the kind of emitter, such as ``"sdk"``.
        :param tool_name: the tool that was called; ``tool_server`` the server that owns it.
        :param decision: ``"allowed"``, ``"denied"`` or ``"pending"``.
        :param action_type: the action's type, where it is better known than as ``channel.server.tool``.
        :param target_system: what was acted upon, together with ``target_resource`` or not at all.
        :param input: the tool's parameters as JSON text, which goes out byte for byte; ``output`` and ``usage`` likewise.
        :param error: what went wrong.
        :param issuer_name: who acts, where it is not the emitter's own identity, and so on for the next three: member by member.
        :param idempotency_key: the key by which a repetition is known.
        :param correlation_id: what ties this event to others.
        :param agent_id: the agent whose own chain this belongs to; ``agent_type``, ``model`` and ``usage`` say more of it.
        :param capture_method: how the event was captured.
        :raises ValueError: the event can never be sent as it is; nothing was sent.
        :raises RuntimeError: the emitter was closed.
        :raises EmitTransportError: the daemon was not reached; not with ``best_effort``.
        """
        event = pack(
            channel,
            tool_name,
            decision,
            tool_server,
            action_type,
            target_system,
            target_resource,
            input,
            output,
            error,
            issuer_name,
            issuer_model,
            operator_id,
            operator_name,
            idempotency_key,
            correlation_id,
            agent_id,
            agent_type,
            model,
            usage,
            capture_method,
        )
        code = _emit_packed(self._ticket, event, len(event), None)
        if code:
            self._not_sent(code)

    def emit_acknowledged(self, *, timeout: float = 5.0, **event: Unpack[Event]) -> Receipt:
        """Sends one event and waits until its receipt is on disk. The keywords are those of :meth:`emit`.

        A daemon that does not know acknowledgements never replies. ``best_effort`` means nothing here.

        :param timeout: the most seconds to wait in all.
        :raises EmitRefusedError: the daemon made no receipt, and says why.
        :raises EmitTransportError: it was not reached, or no reply came: then nobody knows whether there is a receipt.
        """
        packed = pack(**event)
        ack = _library.Ack(size=ctypes.sizeof(_library.Ack))
        code = _library.emit_packed_acknowledged(self._ticket, packed, len(packed), _milliseconds(timeout), ctypes.byref(ack), None)
        from ._receipt import concluded

        return concluded(code, ack)

    def close(self) -> None:
        """Hangs up for good; closing again does nothing. What was lost and not told waits for the session's next emitter."""
        code = _library.emitter_close(self._ticket, None)
        if code:
            raise failed(code)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if self._ticket:
            _library.emitter_free(self._ticket, None)

    def __reduce__(self) -> str:
        raise TypeError("an emitter cannot be copied or pickled: make one in the process that uses it")

    def __repr__(self) -> str:
        return f"<DaemonEmitter session_id={self._session_id!r} socket_path={self._socket_path!r}>" if self._ticket else "<DaemonEmitter>"

    def _not_sent(self, code: int) -> None:
        fault = failed(code)
        if not isinstance(fault, EmitTransportError):
            raise fault
        if self._log is not None:
            told = {"stage": "write" if fault.code == 202 else "dial", "socket": self._socket_path, "err": str(fault)}
            self._log.debug("agent-receipts emitter dropped event", extra=told)
        if not self._best_effort:
            raise fault


def _quicken() -> None:
    """Has C do what `DaemonEmitter.emit` does, where this interpreter can load that: see `native/emit.c`. To users it is the same method."""
    if sys.version_info < (3, 10):
        return
    try:
        from ._native import quicken
    except ImportError:
        # PyPy, an interpreter without a lock, or one of several with a lock each.
        return
    plain = DaemonEmitter.emit
    keywords = plain.__code__.co_varnames[1 : 1 + plain.__code__.co_kwonlyargcount]
    defaults = plain.__kwdefaults__ or {}
    told = ", ".join(f"{name}={defaults[name]!r}" if name in defaults else name for name in keywords)
    DaemonEmitter._emit_plainly = plain  # type: ignore[attr-defined]
    quicken(DaemonEmitter, _library.address("ar_emitter_emit"), f"emit($self, /, *, {told})\n--\n\n{plain.__doc__ or ''}".encode())


_quicken()


def default_socket_path() -> str:
    """The socket that emitters and the daemon use when none is named: from ``AGENTRECEIPTS_SOCKET``, ``XDG_RUNTIME_DIR``, or on macOS
    ``XDG_DATA_HOME`` and ``HOME``. Empty where there is none."""
    try:
        return os.fsdecode(_told(_library.default_socket_path))
    except EmitCallerError as error:
        if error.code == 11:
            return ""
        raise


def _text(name: str, text: object, encode: Callable[[str], bytes] = str.encode) -> _library.Text:
    if not isinstance(text, str):
        raise EmitCallerError(f"emitter: {name} must be a str, got {type(text).__name__!r}")
    try:
        data = encode(text)
    except UnicodeEncodeError as error:
        raise EmitCallerError(f"emitter: {name} holds a lone surrogate, which no UTF-8 can") from error
    return _library.Text(data, len(data))


def _path(path: object) -> object:
    return os.fspath(path) if isinstance(path, os.PathLike) else path


def _told(ask: Callable[..., int], *ticket: int) -> bytes:
    """A text of the library's, in a buffer that is made larger if need be."""
    capacity = 512
    while True:
        buffer, length = ctypes.create_string_buffer(capacity), ctypes.c_size_t()
        code = ask(*ticket, buffer, capacity, ctypes.byref(length), None)
        if code == 0:
            return buffer.raw[: length.value]
        if code != 6 or length.value < capacity:
            raise failed(code)
        capacity = length.value + 1


def _milliseconds(timeout: object) -> int:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= 4_000_000:
        raise EmitCallerError("emitter: timeout must be a number of seconds above 0")
    return max(1, int(timeout * 1000))
