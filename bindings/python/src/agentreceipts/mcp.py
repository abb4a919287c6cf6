"""MCP: a client and a client session that record every tool call. Needs ``agentreceipts[mcp]``.

    async with ReceiptsClient(server, emitter=emitter) as client:
        await client.call_tool("read_file", {"path": "a.txt"})
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any

try:
    from mcp import Client, ClientSession
except ImportError as error:
    raise ImportError("agentreceipts.mcp needs more than is installed: pip install 'agentreceipts[mcp]'") from error

from ._recording import Emitter, _known, listed, recorded


class ReceiptsClientSession(ClientSession):
    """``mcp.ClientSession``, with every ``call_tool`` recorded: arguments, result, error, duration.

    :param emitter: what records.
    :param server: the server's name in the receipts; otherwise the one that it gave itself.
    :param redact: names whose values are left out, besides those that end in a common word for secrets.
    """

    def __init__(self, *args: Any, emitter: Emitter, server: str = "", channel: str = "mcp", redact: Collection[str] = (), **more: Any) -> None:
        self._receipts = _Recorder(emitter, server, channel, redact)
        super().__init__(*args, **more)

    async def call_tool(self, name: str, arguments: dict[str, Any] | None = None, *args: Any, **more: Any) -> Any:
        """As ``ClientSession.call_tool``, recorded."""
        return await self._receipts.record(self, super().call_tool, name, arguments, args, more)


class ReceiptsClient(Client):
    """``mcp.Client``, with every ``call_tool`` recorded once, however many rounds it takes.

    :param server_name: the server's name in the receipts; otherwise the one that it gave itself. The others are those of
        :class:`ReceiptsClientSession`.
    """

    def __init__(self, *args: Any, emitter: Emitter, server_name: str = "", channel: str = "mcp", redact: Collection[str] = (), **more: Any) -> None:
        self._receipts = _Recorder(emitter, server_name, channel, redact)
        super().__init__(*args, **more)

    async def call_tool(self, name: str, arguments: dict[str, Any] | None = None, *args: Any, **more: Any) -> Any:
        """As ``Client.call_tool``, recorded."""
        return await self._receipts.record(self, super().call_tool, name, arguments, args, more)


class _Recorder:
    """What both have in common."""

    def __init__(self, emitter: Emitter, server: str, channel: str, redact: Collection[str]) -> None:
        self._emitter = _known(emitter)
        self._server = server
        self._channel = channel
        self._redact = listed(redact)

    async def record(
        self,
        client: Client | ClientSession,
        call_tool: Callable[..., Awaitable[Any]],
        name: str,
        arguments: dict[str, Any] | None,
        args: tuple[Any, ...],
        more: dict[str, Any],
    ) -> Any:
        async with recorded(
            self._emitter,
            name,
            arguments=arguments if arguments is not None else {},
            channel=self._channel,
            tool_server=self._server or getattr(client.server_info, "name", ""),
            redact=self._redact,
        ) as call:
            result = await call_tool(name, arguments, *args, **more)
            call._answered(_plainly(result), _failure(result))
        return result


def _plainly(result: Any) -> object:
    """A result as it came over the wire, if it can be written so."""
    try:
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)
    except Exception:
        return result


def _failure(result: Any) -> str:
    """What a result says of its failure; not every result has content."""
    if not getattr(result, "is_error", None):
        return ""
    parts = getattr(result, "content", None) or ()
    return " ".join(part.text for part in parts if part.type == "text") or "without a word"
