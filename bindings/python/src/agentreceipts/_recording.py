"""Recording calls: a decorator for functions, and a context manager for everything else."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import time
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast

from ._asyncio import AsyncDaemonEmitter, aside
from ._emitter import DaemonEmitter
from ._errors import EmitCallerError
from ._event import pack
from ._plain import Plain, Redaction, listed, message, unicode

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ._fields import Event

Emitter = Union[DaemonEmitter, AsyncDaemonEmitter]
Function = TypeVar("Function", bound=Callable[..., Any])
_NOTHING: Any = object()
_FAILED = "the tool failed"
# What the protocol allows for most texts, in bytes.
_MAX_TEXT = 256


class Call:
    """One call that is being recorded. What is set here before its end stands in its event."""

    result: Any
    """What it gave back; nothing is recorded of it unless it is set."""
    error: str
    """What went wrong, where that is not told by an exception; recorded as it is set."""
    decision: str
    """``"allowed"`` unless set."""

    def __init__(self, whole: bool) -> None:
        self._whole = whole
        self.result = _NOTHING
        self.error = ""
        self.decision = "allowed"

    def _answered(self, result: object, failure: str) -> None:
        """A tool gave an answer; ``failure`` is in the tool's own words what went wrong, if something did.

        Where arguments were left out, neither these words nor the answer that holds them are recorded: they may repeat the arguments.
        """
        if not failure:
            self.result = result
        elif self._whole:
            self.result, self.error = result, f"{_FAILED}: {failure}"
        else:
            self.error = _FAILED


class recorded:
    """Records what happens inside of ``with`` or ``async with``: its arguments, result, error and duration.

        with recorded(emitter, "read_file", arguments={"path": path}) as call:
            call.result = read(path)

    The duration goes out as ``usage``: ``{"duration_us": 1234}``. Exceptions go on their way; where the event about one cannot be sent,
    that is counted and not raised in its place. An event about a success that cannot be sent raises what ``emit`` raises.

    An exception is recorded with its message where all arguments were given and recorded whole, and by its class alone otherwise: nobody can
    tell in which form a message repeats what was left out.

    :param arguments: the parameters, by name, an empty mapping if there are none; :func:`record` says how values are written.
    :param redact: names of parameters and members whose values are left out.
    :raises TypeError: for an emitter that is none, or an ``AsyncDaemonEmitter`` in ``with``.
    :raises RuntimeError: when entered again: one of these records one call.
    """

    def __init__(
        self,
        emitter: Emitter,
        tool_name: str,
        *,
        arguments: Mapping[str, object] | None = None,
        channel: str = "sdk",
        tool_server: str = "",
        action_type: str = "",
        correlation_id: str = "",
        redact: Collection[str] = (),
    ) -> None:
        self._emitter = _known(emitter)
        self._plain = Plain(Redaction(redact))
        self._began = 0
        self._event: Event = {
            "channel": channel,
            "tool_name": tool_name,
            "tool_server": tool_server,
            "action_type": action_type,
            "correlation_id": correlation_id,
            "decision": "allowed",
        }
        if arguments is not None:
            # Now, and not at the end: the call may change them.
            self._event["input"] = self._plain.text(arguments)
        self._call = Call(arguments is not None and self._plain.whole)
        self._later = False

    def __enter__(self) -> Call:
        if not isinstance(self._emitter, DaemonEmitter):
            raise TypeError("an AsyncDaemonEmitter records with `async with`")
        return self._begun()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._later:
            return
        try:
            cast(DaemonEmitter, self._emitter).emit(**self._ended(error))
        except Exception:
            if error is None:
                raise

    async def __aenter__(self) -> Call:
        return self._begun()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            await send(self._emitter, self._ended(error))
        except Exception:
            if error is None:
                raise

    def _begun(self) -> Call:
        if self._began:
            # What the first call came to would stand in the event of the second.
            raise RuntimeError("a `recorded` records one call: make another one")
        self._began = time.perf_counter_ns()
        return self._call

    def _ended(self, error: BaseException | None) -> Event:
        event, call = self._event, self._call
        event["usage"] = json.dumps({"duration_us": (time.perf_counter_ns() - self._began) // 1000})
        event["decision"] = call.decision
        if call.result is not _NOTHING:
            event["output"] = self._plain.text(call.result)
        if error is None:
            event["error"] = message(call.error)
        else:
            event["error"] = message(told(error)) if call._whole and self._plain.whole else type(error).__name__
        return event


def record(
    emitter: Emitter,
    *,
    tool_name: str = "",
    arguments: bool = True,
    result: bool = True,
    channel: str = "sdk",
    tool_server: str = "",
    action_type: str = "",
    redact: Collection[str] = (),
) -> Callable[[Function], Function]:
    """Records every call of a function or coroutine function: its arguments by name, its result, its error, its duration.

        @record(emitter, redact=["pin"])
        def pay(account: str, amount: int, pin: str) -> bool: ...

    Any value can be recorded. What JSON cannot say is written as an object with one member: ``{"$int": ..}`` beyond 2^53, ``{"$float": "nan"}``,
    ``{"$base64": ..}``, ``{"$set": [..]}``, ``{"$pairs": [..]}``, ``{"$cycle": true}``, ``{"$type": "module.Class"}``, and ``{"$omitted": ..}`` for what is
    too deep, too many or too long. Values of names that end in a word for secrets (``password``, ``token``, ``api_key`` …) are left out at
    every depth, as are those that ``redact`` names. ``self`` and ``cls`` are left out. An exception is recorded with its message where every other argument
    was recorded whole, and by its class alone where one was left out or cut, or is an object of which only the class is recorded.

    A plain function that gives back a coroutine is recorded when that has ended.

    :param tool_name: otherwise the function's qualified name.
    :param arguments: whether arguments are recorded (if not, exceptions are recorded by their classes); ``result`` whether the result is.
    :raises ValueError: for names that no event can have.
    :raises TypeError: for a generator function, whose calls end when somebody else has read it: use :class:`recorded` where it is read.
    """
    _known(emitter)
    hidden = listed(redact)

    def decorate(function: Function) -> Function:
        if _is(inspect.isgeneratorfunction, function) or _is(inspect.isasyncgenfunction, function):
            raise TypeError("a generator function cannot be recorded: use `recorded` where it is read")
        signature = inspect.signature(function)
        name = tool_name or getattr(function, "__qualname__", type(function).__qualname__)
        if not channel:
            raise EmitCallerError("emitter: missing channel")
        # What is wrong about these would be found at the end of the first call, which has then been made.
        pack(channel=channel, tool_name=name, decision="allowed", tool_server=tool_server, action_type=action_type)

        def recording(args: tuple[Any, ...], kwargs: dict[str, Any]) -> recorded:
            return recorded(
                emitter,
                name,
                arguments=_bound(signature, args, kwargs) if arguments else None,
                channel=channel,
                tool_server=tool_server,
                action_type=action_type,
                redact=hidden,
            )

        async def awaited(begun: recorded, coming: Callable[[], Awaitable[Any]]) -> Any:
            async with begun as call:
                value = await coming()
                if result:
                    call.result = value
            return value

        if _is(inspect.iscoroutinefunction, function):

            @functools.wraps(function)
            async def awaiting(*args: Any, **kwargs: Any) -> Any:
                return await awaited(recording(args, kwargs), functools.partial(function, *args, **kwargs))

            return cast(Function, awaiting)
        if not isinstance(emitter, DaemonEmitter):
            raise TypeError("an AsyncDaemonEmitter records coroutine functions only")

        @functools.wraps(function)
        def calling(*args: Any, **kwargs: Any) -> Any:
            begun = recording(args, kwargs)
            with begun as call:
                value = function(*args, **kwargs)
                # By its type: the value itself may be asked for nothing.
                if issubclass(type(value), CoroutineType):
                    # Nothing has happened yet. What becomes of it is known when it was awaited.
                    begun._later = True
                elif result:
                    call.result = value
            if not begun._later:
                return value
            begun._later, begun._began = False, 0
            return awaited(begun, lambda: value)

        return cast(Function, calling)

    return decorate


async def send(emitter: Emitter, event: Event) -> None:
    """Sends an event without making the event loop wait."""
    if isinstance(emitter, AsyncDaemonEmitter):
        await emitter.emit(**event)
    else:
        await aside(functools.partial(emitter.emit, **event))


def within(words: str) -> str:
    """A text that somebody else has made, as an event can hold it in a field of 256 bytes: a longer one by its hash."""
    words = unicode(words)
    encoded = words.encode()
    return words if len(encoded) <= _MAX_TEXT else f"sha256:{hashlib.sha256(encoded).hexdigest()}"


def told(error: BaseException) -> str:
    """An exception in words; those of its class alone where it has none."""
    if isinstance(error, CancelledError):
        # Its words are those of whoever cancels, and name tasks, places in memory and files.
        return type(error).__name__
    try:
        words = str(error)
    except Exception:
        words = ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _known(emitter: Emitter) -> Emitter:
    if not isinstance(emitter, (DaemonEmitter, AsyncDaemonEmitter)):
        raise TypeError(f"an emitter is wanted, got {type(emitter).__name__!r}")
    return emitter


def _is(kind: Callable[[object], bool], function: object) -> bool:
    """Whether a function is of a kind, or an object that is called as one of that kind."""
    return kind(function) or kind(getattr(type(function), "__call__", None))


def _bound(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, object] | None:
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        # The call is about to fail on its own. Without the parameters' names nobody knows which of these are secrets.
        return None
    bound.apply_defaults()
    first = next(iter(signature.parameters), "")
    return {name: value for name, value in bound.arguments.items() if name != first or name not in ("self", "cls")}


__all__ = ["Call", "Emitter", "listed", "record", "recorded", "send", "told", "within"]
