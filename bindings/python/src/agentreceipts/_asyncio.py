"""The emitter for `asyncio`: the same one, used from a thread of its own, so that the event loop never waits for a socket."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from ._emitter import DaemonEmitter
from ._errors import EmitClosedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from types import TracebackType
    from typing import TypeVar

    from typing_extensions import Self, Unpack

    from ._fields import Event
    from ._receipt import Receipt

    T = TypeVar("T")

# Events that wait for their receipts do not hold up each other, up to so many.
_WAITING = 16


class AsyncDaemonEmitter:
    """As :class:`DaemonEmitter`, with coroutines. Events go out in the order in which their coroutines began to run.

    An event that has begun to go out goes out whole, whether or not its task is cancelled. A thread is started with the first event, and one emitter may be used
    from several event loops and on both sides of a fork. An acknowledged event whose task was cancelled is still waited for by its thread: a program that ends
    meanwhile does so when the answer is there, or at the event's time-out.

    The arguments and what is raised are those of :class:`DaemonEmitter`.
    """

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
        self._emitter = DaemonEmitter(
            socket_path=socket_path,
            session_id=session_id,
            log=log,
            best_effort=best_effort,
            issuer_name=issuer_name,
            issuer_model=issuer_model,
            operator_id=operator_id,
            operator_name=operator_name,
            drop_folder=drop_folder,
        )
        self._threads: _Threads | None = None

    @property
    def session_id(self) -> str:
        """The session that all events belong to."""
        return self._emitter.session_id

    @property
    def socket_path(self) -> str:
        """The daemon's socket that events are sent to."""
        return self._emitter.socket_path

    @property
    def dropped(self) -> int:
        """How many events were lost and not yet told to the daemon."""
        return self._emitter.dropped

    async def emit(self, **event: Unpack[Event]) -> None:
        """Sends one event: see :meth:`DaemonEmitter.emit`."""
        await self._run(self._of_this_process().sending, partial(self._emitter.emit, **event))

    async def emit_acknowledged(self, *, timeout: float = 5.0, **event: Unpack[Event]) -> Receipt:
        """Sends one event and waits until its receipt is on disk: see :meth:`DaemonEmitter.emit_acknowledged`."""
        return await self._run(self._of_this_process().waiting, partial(self._emitter.emit_acknowledged, timeout=timeout, **event))

    async def close(self) -> None:
        """Hangs up for good, after the events that are under way, acknowledged ones with their answers; closing again waits for the same."""
        threads = self._threads
        if threads is None or threads.process != os.getpid():
            return self._emitter.close()
        if threads.ending is None:
            threads.ending = threads.sending.submit(self._end, threads.waiting)
            # It ends by itself with its work, also where nobody waits for that any more.
            threads.sending.shutdown(wait=False)
        return await asyncio.shield(asyncio.wrap_future(threads.ending))

    def _end(self, waiting: ThreadPoolExecutor) -> None:
        # The last call of the thread that sends: what was to be sent before has been.
        waiting.shutdown()
        self._emitter.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncDaemonEmitter session_id={self.session_id!r} socket_path={self.socket_path!r}>"

    def _of_this_process(self) -> _Threads:
        # Threads do not survive a fork: a child that handed work to its parent's would wait for ever.
        if self._threads is None or self._threads.process != os.getpid():
            self._threads = _Threads()
        if self._threads.ending is not None:
            raise EmitClosedError("emitter: closed")
        return self._threads

    async def _run(self, pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, call)


class _Threads:
    """The threads of one process: a single one sends, so that the order is kept; others wait for receipts."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.sending = ThreadPoolExecutor(1, "agentreceipts-send")
        self.waiting = ThreadPoolExecutor(_WAITING, "agentreceipts-wait")
        self.ending: Future[None] | None = None


async def aside(call: Callable[[], T]) -> T:
    """Makes a short call without having asyncio's event loop wait for it.

    Not by the loop's own executor: a program may fill that with threads which wait for the very coroutine that wants to go on.
    """
    try:
        running = asyncio.get_running_loop().run_in_executor(_helping(), call)
    except RuntimeError:
        # Another library's event loop, or an interpreter that ends and starts no threads any more.
        return call()
    return await running


def _helping() -> ThreadPoolExecutor:
    global _helpers
    if _helpers is None or _helpers[0] != os.getpid():
        _helpers = os.getpid(), ThreadPoolExecutor(_WAITING, "agentreceipts-record")
    return _helpers[1]


_helpers: tuple[int, ThreadPoolExecutor] | None = None
