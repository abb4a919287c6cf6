"""LangChain: a callback handler that records every tool call. Needs ``agentreceipts[langchain]``.

    agent.invoke(question, config={"callbacks": [ReceiptsCallbackHandler(emitter)]})
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

try:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.messages import ToolMessage
except ImportError as error:
    raise ImportError("agentreceipts.langchain needs more than is installed: pip install 'agentreceipts[langchain]'") from error

from . import DaemonEmitter, recorded
from ._recording import Call, listed, within

# Calls whose end nobody tells are kept so long; the oldest are then recorded as what they are.
_OPEN = 10_000


class ReceiptsCallbackHandler(BaseCallbackHandler):
    """Records the tools that LangChain runs: arguments, result or error, duration. Works in ``invoke`` and in ``ainvoke``.

    An event that cannot be sent fails the run, unless the emitter was made with ``best_effort``: LangChain would hide it otherwise.

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
        self._calls: dict[uuid.UUID, tuple[recorded, Call]] = {}

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: uuid.UUID,
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
        self._calls[run_id] = recording, recording.__enter__()
        while len(self._calls) > _OPEN:
            self._forget(next(iter(self._calls)))

    def on_tool_end(self, output: Any, *, run_id: uuid.UUID, **more: Any) -> None:
        """It has run, or has failed and said so in its answer."""
        found = self._calls.pop(run_id, None)
        if found is None:
            return
        recording, call = found
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
            found[0].__exit__(type(error), error, error.__traceback__)

    def _forget(self, run_id: uuid.UUID) -> None:
        recording, call = self._calls.pop(run_id)
        call.error = "its end was not told"
        recording.__exit__(None, None, None)
