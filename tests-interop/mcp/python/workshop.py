"""What the workshop can do, by the official Python client. INTEROP_MODE says how it connects: `auto` speaks the newest protocol."""

import os

import anyio
from mcp.client.subscriptions import ResourceUpdated, ToolsListChanged
from mcp_types import PromptReference, ResourceTemplateReference
from tapped import Session, count, run

MODE = os.environ["INTEROP_MODE"]
LOG_LEVEL = {"io.modelcontextprotocol/logLevel": "debug"}


async def flow(session: Session) -> None:
    await session.step("list", lambda client: client.list_tools())
    await session.step("resources", lambda client: client.list_resources())
    await session.step("templates", lambda client: client.list_resource_templates())
    await session.step("prompts", lambda client: client.list_prompts())
    await session.step("add", session.call("add", {"a": 2**53 - 1, "b": -1}))
    await session.step("reverse", session.call("reverse", {"text": "größe \u2028\u2029\u0085 \U0001f512 \\ \" \x7f"}))
    await session.step("wrong arguments", session.call("add", {"a": "one"}))
    await session.step("no such tool", session.call("none", {}))
    await session.step("trouble", session.call("trouble", {"kind": "odd"}))
    await session.step("ten million", session.call("plenty", {"bytes": 10_000_000}))
    await session.step("two million backwards", session.call("reverse", {"text": "ab\U0001f512" * 340_000}))
    await session.step("prompt", lambda client: client.get_prompt("advise", {"subject": "glue"}))
    prompt, template = PromptReference(name="advise"), ResourceTemplateReference(uri="bench://drawer/{number}")
    await session.step("completion", lambda client: client.complete(prompt, {"name": "subject", "value": "sa"}))
    await session.step("completion of a template", lambda client: client.complete(template, {"name": "number", "value": "g"}))
    await session.step("resource", lambda client: client.read_resource("bench://plan"))
    await session.step("drawer", lambda client: client.read_resource("bench://drawer/7"))
    await session.step("no such resource", lambda client: client.read_resource("bench://none"))
    await session.step("elicitation", session.call("paint", {"what": "door"}))
    await session.step("sampling", session.call("ponder", {"about": "oak"}))
    await session.step("roots", session.call("roots", {}))
    seen: list[tuple] = []
    await session.step(
        "progress",
        session.call("steps", {"count": 5}, progress_callback=lambda *told: keep(seen, told), meta=LOG_LEVEL),
        lambda heard: count(heard, "notifications/progress") == 5 and count(heard, "notifications/message") == 5,
    )
    await session.step("cancelled", lambda client: cancelled(session))
    await session.step("alive after cancelling", session.call("add", {"a": 1, "b": 1}))
    await session.step("at once", lambda client: at_once(session, 100))
    if MODE == "auto":
        await session.step("listening", listening)


async def keep(seen: list, told: tuple) -> None:
    seen.append(told)


async def cancelled(session: Session) -> str:
    """A call that is given up when it has reached the server."""
    async with anyio.create_task_group() as group:
        group.start_soon(session.call("forever", {}), session.client)
        # The server answers this after it has heard of the call.
        await session.call("add", {"a": 0, "b": 0})(session.client)
        group.cancel_scope.cancel()
    return "given up"


async def at_once(session: Session, calls: int) -> list:
    results: list = [None] * calls

    async def one(number: int) -> None:
        results[number] = await session.call("add", {"a": number, "b": number})(session.client)

    async with anyio.create_task_group() as group:
        for number in range(calls):
            group.start_soon(one, number)
    return results


async def listening(client) -> list:
    """Only the newest protocol has this: one request that is answered as long as the session lives."""
    events = []
    async with client.listen(tools_list_changed=True, resource_subscriptions=["bench://plan"]) as subscription:
        await client.call_tool("change", {})
        async for event in subscription:
            events.append(type(event).__name__)
            if len(events) == 2:
                break
    assert sorted(events) == sorted([ToolsListChanged.__name__, ResourceUpdated.__name__]), events
    return sorted(events)


if __name__ == "__main__":
    anyio.run(run, flow, MODE)
