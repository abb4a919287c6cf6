"""A client of the official Python SDK whose transport is tapped: what it heard and what became of each step is one JSON object on the
standard output. Which server it talks to, and through what, is for the command line to say.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

# Far beyond what a slow machine needs; nothing here measures time, it only refuses to wait for ever.
DEADLINE = 120.0
# A text longer than this is told by its digest.
LONGEST = 8_192
RANDOM = re.compile(r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
# What a server seals and the client only hands back.
SEALED = re.compile(r'("requestState": ")[^"]*')
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT[^\"\\]*|\d{1,2}:\d\d:\d\d [AP]M")


class Session:
    """One session, from its beginning to its end, told as a transcript."""

    def __init__(self, address: list[str], mode: str, **callbacks):
        self.address = address
        self.heard: list[dict] = []
        self.said: list[dict] = []
        self.steps: list[dict] = []
        self.told = 0
        self.names: dict[str, str] = {}
        self.client = Client(self.transport(), mode=mode, **callbacks)

    @asynccontextmanager
    async def transport(self) -> AsyncIterator[tuple]:
        """The SDK's own transport, with a copy kept of what passes."""
        command, *args = self.address
        if command.startswith("http:"):
            inner = streamable_http_client(command)
        else:
            inner = stdio_client(StdioServerParameters(command=command, args=args, env=dict(os.environ)))
        async with inner as (read, write), anyio.create_task_group() as pumps:
            heard_in, heard_out = anyio.create_memory_object_stream(0)
            said_in, said_out = anyio.create_memory_object_stream(0)
            pumps.start_soon(pump, read, heard_in, self.heard)
            pumps.start_soon(pump, said_out, write, self.said)
            yield heard_out, said_in
            said_in.close()
            pumps.cancel_scope.cancel()

    async def step(self, name: str, act: Callable[[Client], Awaitable], until: Callable[[list[dict]], bool] = lambda heard: True):
        """Does something, waits until what was heard suffices, and keeps what came of it."""
        outcome: dict
        result = None
        try:
            result = await act(self.client)
            outcome = {"result": plain_object(result)}
        except MCPError as error:
            outcome = {"error": error.error.model_dump(mode="json")}
        with anyio.fail_after(DEADLINE):
            while not until(self.heard[self.told :]):
                await anyio.sleep(0.005)
        heard = self.heard[self.told :]
        self.told += len(heard)
        # Within a step, a server may say things in either order.
        self.steps.append({"name": name, "outcome": self.plain(outcome), "heard": sorted(self.plain(message) for message in heard)})
        return result

    def call(self, name: str, arguments: dict, **more) -> Callable[[Client], Awaitable]:
        return lambda client: client.call_tool(name, arguments, **more)

    def plain(self, value) -> str:
        """As text, with everything replaced that differs from one run to the next by its nature."""
        text = TIME.sub("<time>", json.dumps(shortened(value), sort_keys=True, ensure_ascii=False))
        text = SEALED.sub(r"\1<sealed>", text)
        return RANDOM.sub(lambda found: self.names.setdefault(found[0], f"<random {len(self.names)}>"), text)

    def tell(self) -> None:
        """All of it, when the session has ended."""
        calls = [{"id": message["id"], **message["params"]} for message in self.said if message.get("method") == "tools/call"]
        asked = [message["method"] for message in self.said if "method" in message]
        requests = [{"method": each["method"]} for each in self.heard if "method" in each and "id" in each]
        # In the newest protocol a server asks by a result.
        rounds = [each["result"]["inputRequests"] for each in self.heard if "inputRequests" in each.get("result", {})]
        requests += [{"method": each["method"]} for asked in rounds for each in asked.values()]
        json.dump({"steps": self.steps, "errors": [], "calls": calls, "asked": asked, "requests": requests}, sys.stdout)


async def pump(source, sink, copies: list[dict]) -> None:
    """Moves messages until either side is closed."""
    try:
        async with source, sink:
            async for message in source:
                if not isinstance(message, Exception):
                    copies.append(message.message.model_dump(by_alias=True, mode="json", exclude_unset=True))
                await sink.send(message)
    except (anyio.ClosedResourceError, anyio.BrokenResourceError):
        pass


def plain_object(value):
    if isinstance(value, list):
        return [plain_object(each) for each in value]
    return value.model_dump(by_alias=True, mode="json", exclude_none=True) if hasattr(value, "model_dump") else value


def shortened(value):
    if isinstance(value, str) and len(value) > LONGEST:
        return {"length": len(value), "sha256": hashlib.sha256(value.encode()).hexdigest()}
    if isinstance(value, list):
        return [shortened(each) for each in value]
    return {key: shortened(each) for key, each in value.items()} if isinstance(value, dict) else value


def count(messages: list[dict], method: str) -> int:
    """How many of these messages say this."""
    return sum(message.get("method") == method for message in messages)


async def answer_sampling(context, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
    said = params.messages[0].content
    text = types.TextContent(type="text", text=f"re: {said.text}")
    return types.CreateMessageResult(model="m", role="assistant", content=text)


async def answer_elicitation(context, params) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content={"colour": "blue", "times": 3})


async def answer_roots(context) -> types.ListRootsResult:
    return types.ListRootsResult(roots=[types.Root(uri="file:///a", name="A")])


CALLBACKS = {
    "sampling_callback": answer_sampling,
    "elicitation_callback": answer_elicitation,
    "list_roots_callback": answer_roots,
}


async def run(flow: Callable[[Session], Awaitable[None]], mode: str) -> None:
    """Runs a flow from the connection to the end, and tells it."""
    session = Session(sys.argv[1:], mode, logging_callback=ignore, **CALLBACKS)
    with anyio.fail_after(DEADLINE):
        async with session.client:
            await flow(session)
    session.tell()


async def ignore(params) -> None:
    """Log messages are in what was heard."""
