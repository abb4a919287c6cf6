"""OpenAI Agents SDK: run hooks that record every tool call. Needs ``agentreceipts[openai-agents]``.

    await Runner.run(agent, question, hooks=ReceiptsRunHooks(emitter))
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

try:
    from agents import Agent, RunContextWrapper, RunHooks, Tool
    from agents.tool_context import ToolContext
except ImportError as error:
    raise ImportError("agentreceipts.openai_agents needs more than is installed: pip install 'agentreceipts[openai-agents]'") from error

from ._plain import Plain, Redaction
from ._recording import Emitter, _known, send, within

if TYPE_CHECKING:
    from ._fields import Event

# Calls whose end nobody tells are forgotten beyond so many; they stand in the chain as `pending`.
_OPEN = 10_000


class ReceiptsRunHooks(RunHooks[Any]):
    """Records the tools that the SDK runs: an event with the decision ``pending`` and the arguments when a tool starts, one with ``allowed``, the
    result and the duration when it has ended. The same ``correlation_id``, the SDK's id of the call, stands in both.

    The SDK tells nobody of a tool that raises: what it gives to the model instead is recorded as the result, and where the tool's own
    ``failure_error_function`` is ``None``, the ``pending`` event has no other after it. An agent that is another one's tool
    (``as_tool``) runs by itself: its own tools are recorded where it is given these hooks too. An event that cannot be sent fails the
    run, unless the emitter was made with ``best_effort``.

    :param redact: names whose values are left out, besides those that end in a common word for secrets.
    """

    def __init__(self, emitter: Emitter, *, channel: str = "openai-agents", redact: Collection[str] = ()) -> None:
        self._emitter = _known(emitter)
        self._channel = channel
        self._redaction = Redaction(redact)
        self._began: dict[object, int] = {}

    async def on_tool_start(self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool) -> None:
        """A tool is about to run."""
        event = self._event(context, agent, tool, "pending")
        await send(self._emitter, event)
        self._began[_key(context, tool)] = time.perf_counter_ns()
        while len(self._began) > _OPEN:
            del self._began[next(iter(self._began))]

    async def on_tool_end(self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool, result: object) -> None:
        """It has run."""
        event = self._event(context, agent, tool, "allowed")
        began = self._began.pop(_key(context, tool), None)
        if began is not None:
            event["usage"] = json.dumps({"duration_us": (time.perf_counter_ns() - began) // 1000})
        event["output"] = Plain(self._redaction).text(result)
        await send(self._emitter, event)

    def _event(self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool, decision: str) -> Event:
        event: Event = {"channel": self._channel, "tool_name": tool.name, "decision": decision}
        if isinstance(agent.model, str):
            event["model"] = within(agent.model)
        if isinstance(context, ToolContext):
            event["correlation_id"] = within(context.tool_call_id)
            event["input"] = self._arguments(context.tool_arguments)
        return event

    def _arguments(self, text: str) -> str:
        """What the model wrote as arguments, without secrets; it need not be JSON, and is then left out."""
        arguments: object
        try:
            arguments = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            # Nobody knows the names in it, and which of them are those of secrets.
            arguments = {"$omitted": f"{len(text)} characters that are no json"}
        return Plain(self._redaction).text(arguments)


def _key(context: RunContextWrapper[Any], tool: Tool) -> object:
    return context.tool_call_id if isinstance(context, ToolContext) else (id(context), tool.name)
