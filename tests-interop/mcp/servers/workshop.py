"""A server made with the official Python package: a tool for each thing that the protocol can do, in its old form and in its new one.

It speaks stdio, or Streamable HTTP on loopback with `--http`; then it says its address on the standard output.
"""

import os
import socket
import sys
from typing import Annotated

import anyio
import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import Elicit, ListRoots, Resolve, Sample
from mcp_types import Completion, CreateMessageResult, ListRootsResult, SamplingMessage, TextContent
from pydantic import BaseModel

server = MCPServer("workshop", version="1.0.0", instructions="Nothing here is real.", log_level="ERROR")


class Choice(BaseModel):
    """What a user is asked for."""

    colour: str
    times: int = 1


def choose(what: str) -> Elicit[Choice]:
    return Elicit(f"Which colour for {what}?", Choice)


def think(about: str) -> Sample:
    return Sample([SamplingMessage(role="user", content=TextContent(type="text", text=about))], max_tokens=9)


def look() -> ListRoots:
    return ListRoots()


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def reverse(text: str) -> str:
    """A text, backwards."""
    return text[::-1]


@server.tool(structured_output=False)
def plenty(bytes: int) -> str:
    """A text of so many bytes."""
    return "0123456789" * (bytes // 10)


@server.tool()
def trouble(kind: str) -> str:
    """Fails."""
    raise ValueError(f"trouble of the kind {kind}")


@server.tool()
async def steps(count: int, ctx: Context) -> str:
    """Says how far it is."""
    for done in range(count):
        await ctx.report_progress(done + 1, count, f"step {done + 1}")
        await ctx.info(f"log {done + 1}")
    return f"{count} steps"


@server.tool()
async def forever() -> str:
    """Ends when it is cancelled."""
    await anyio.sleep_forever()
    return "never"


@server.tool()
def leave() -> str:
    """Ends the server, at once and without an answer."""
    os._exit(7)


@server.tool()
async def paint(what: str, choice: Annotated[Choice, Resolve(choose)]) -> str:
    """Asks the user."""
    return f"{what} in {choice.colour}, {choice.times} times"


@server.tool()
async def ponder(about: str, thought: Annotated[CreateMessageResult, Resolve(think)]) -> str:
    """Asks the client's model."""
    return f"{about}: {thought.content.text}"


@server.tool()
async def roots(found: Annotated[ListRootsResult, Resolve(look)]) -> str:
    """Asks for the client's roots."""
    return ", ".join(str(root.uri) for root in found.roots)


@server.tool()
async def change(ctx: Context) -> str:
    """Tells whoever listens that the tools and a resource have changed."""
    await ctx.notify_tools_changed()
    await ctx.notify_resource_updated("bench://plan")
    return "told"


@server.resource("bench://plan")
def plan() -> str:
    """A resource."""
    return "measure twice"


@server.resource("bench://drawer/{number}")
def drawer(number: str) -> str:
    """A template of resources."""
    return f"the content of drawer {number}"


@server.prompt()
def advise(subject: str) -> str:
    """A prompt."""
    return f"Advise me on {subject}."


@server.completion()
async def complete(ref, argument, context) -> Completion:
    return Completion(values=[word for word in ("saw", "sand", "glue") if word.startswith(argument.value)])


def serve_http() -> None:
    """Listens on a port that the system chooses, and says which."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    config = uvicorn.Config(server.streamable_http_app(), log_level="error")
    anyio.run(uvicorn.Server(config).serve, [listener])


if __name__ == "__main__":
    serve_http() if "--http" in sys.argv else server.run()
