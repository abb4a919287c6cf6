"""MCP: a client session that records every tool call. Needs ``agentreceipts[mcp]``.

    async with stdio_client(server) as (read, write):
        async with ReceiptsClientSession(read, write, emitter=emitter) as session:
            await session.initialize()
            await session.call_tool("read_file", {"path": "a.txt"})
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

try:
    from mcp import ClientSession
except ImportError as error:
    raise ImportError("agentreceipts.mcp needs more than is installed: pip install 'agentreceipts[mcp]'") from error

from ._recording import Emitter, _known, recorded


class ReceiptsClientSession(ClientSession):
    """``mcp.ClientSession``, with every ``call_tool`` recorded: arguments, result, error, duration.

    :param emitter: what records.
    :param server: the server's name in the receipts; otherwise the one that it gave when the session was initialised.
    :param redact: names whose values are left out, besides those that end in a common word for secrets.
    """

    def __init__(self, *args: Any, emitter: Emitter, server: str = "", channel: str = "mcp", redact: Collection[str] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self._receipts_emitter = _known(emitter)
        self._receipts_server = server
        self._receipts_channel = channel
        self._receipts_redact = redact

    async def initialize(self) -> Any:
        """As ``ClientSession.initialize``; learns the server's name."""
        told = await super().initialize()
        if not self._receipts_server:
            server = getattr(told, "server_info", None) or getattr(told, "serverInfo", None)
            self._receipts_server = getattr(server, "name", "")
        return told

    async def call_tool(self, name: str, arguments: dict[str, Any] | None = None, *args: Any, **more: Any) -> Any:
        """As ``ClientSession.call_tool``, recorded."""
        async with recorded(
            self._receipts_emitter,
            name,
            arguments=arguments if arguments is not None else {},
            channel=self._receipts_channel,
            tool_server=self._receipts_server,
            redact=self._receipts_redact,
        ) as call:
            result = await super().call_tool(name, arguments, *args, **more)
            call.result = result.model_dump(mode="json", by_alias=True, exclude_none=True)
            if getattr(result, "is_error", None) or getattr(result, "isError", None):
                call.error = " ".join(["the tool failed:", *(part.text for part in result.content if part.type == "text")])
        return result
