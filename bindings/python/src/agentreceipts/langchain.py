"""LangChain: a callback handler that records every tool call. Needs ``agentreceipts[langchain]``.

    agent.invoke(question, config={"callbacks": [ReceiptsCallbackHandler(emitter)]})
"""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Collection
from types import TracebackType
from typing import Any, NamedTuple

try:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.messages import ToolMessage
except ImportError as error:
    raise ImportError("agentreceipts.langchain needs more than is installed: pip install 'agentreceipts[langchain]'") from error

from . import DaemonEmitter, recorded
from ._recording import Call, listed, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

# Calls whose end nobody tells are kept so long; the oldest are then recorded as what they are.
_OPEN = 10_000


class ReceiptsCallbackHandler(BaseCallbackHandler):
    """Records the tools that LangChain runs: arguments, result or error, duration. Works in ``invoke`` and in ``ainvoke``.

    An event that cannot be sent fails the run, unless the emitter was made with ``best_effort``: LangChain would hide it otherwise.

    LangChain tells nobody of a tool that is cancelled, but of the chain around it, where there is one. A call of which nothing is told is
    recorded when the handler is closed or forgotten, or the program ends.

    :param redact: names whose values are left out, besides those that end in a common word for secrets.
    """

    raise_error = True

    def __init__(self, emitter: DaemonEmitter, *, channel: str = "langchain", redact: Collection[str] = ()) -> None:
        super().__init__()
        if not isinstance(emitter, DaemonEmitter):
            raise TypeError(f"a DaemonEmitter is wanted, got {type(emitter).__name__!r}")
        self._emitter = emitter
        self._channel = channel
        self._redact = listed(redact)
        self._calls: dict[uuid.UUID, _Open] = {}
        weakref.finalize(self, _forget_all, self._calls)

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: uuid.UUID,
        parent_run_id: uuid.UUID | None = None,
        inputs: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """A tool is about to run."""
        name = (serialized or {}).get("name") or more.get("name") or "unknown"
        recording = recorded(
            self._emitter,
            str(name),
            arguments=inputs if inputs is not None else {"input": input_str},
            channel=self._channel,
            correlation_id=within(str(more.get("tool_call_id") or run_id)),
            redact=self._redact,
        )
        self._calls[run_id] = _Open(recording, recording.__enter__(), parent_run_id)
        while len(self._calls) > _OPEN:
            _forget_oldest(self._calls)

    def on_tool_end(self, output: Any, *, run_id: uuid.UUID, **more: Any) -> None:
        """It has run, or has failed and said so in its answer."""
        found = self._calls.pop(run_id, None)
        if found is None:
            return
        recording, call, _ = found
        if isinstance(output, ToolMessage):
            failed = output.status == "error"
            call._answered(output.content, str(output.content) or "without a word" if failed else "")
        else:
            call.result = output
        recording.__exit__(None, None, None)

    def on_tool_error(self, error: BaseException, *, run_id: uuid.UUID, **more: Any) -> None:
        """It has raised."""
        found = self._calls.pop(run_id, None)
        if found is not None:
            # Not raised when the event cannot be sent: the tool's own exception is on its way.
            found.recording.__exit__(type(error), error, error.__traceback__)

    def on_chain_error(self, error: BaseException, *, run_id: uuid.UUID, **more: Any) -> None:
        """A chain has ended by an exception. One that ends everything, such as a cancellation, has ended its tools too."""
        if isinstance(error, Exception):
            return
        for open_run, known in list(self._calls.items()):
            if known.parent == run_id:
                self.on_tool_error(error, run_id=open_run)

    def close(self) -> None:
        """Records the calls whose end nobody told."""
        _forget_all(self._calls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class _Open(NamedTuple):
    """A call that has begun."""

    recording: recorded
    call: Call
    parent: uuid.UUID | None


def _forget_all(calls: dict[uuid.UUID, _Open]) -> None:
    while calls:
        _forget_oldest(calls)


def _forget_oldest(calls: dict[uuid.UUID, _Open]) -> None:
    try:
        recording, call, _ = calls.pop(next(iter(calls)))
        call.error = "its end was not told"
        recording.__exit__(None, None, None)
    except Exception:
        # Another thread was here first; or the event is lost and counted, which is no failure of whatever runs now.
        pass
