"""The official example server, which is made with the TypeScript SDK, by the official Python client."""

import anyio
from mcp_types import PromptReference
from tapped import Session, count, run

SUBSCRIBED = "demo://resource/dynamic/text/1"


def settled(heard: list[dict]) -> bool:
    """The server asks for roots a moment after the connection, and says so."""
    return count(heard, "roots/list") == 1 and count(heard, "notifications/message") == 1


async def flow(session: Session) -> None:
    await session.step("list", lambda client: client.list_tools(), settled)
    await session.step("resources", lambda client: client.list_resources())
    await session.step("prompts", lambda client: client.list_prompts())
    await session.step("echo", session.call("echo", {"message": "größe \u2028\u0085 \U0001f512 \\ \" \x7f"}))
    await session.step("sum", session.call("get-sum", {"a": 0.1, "b": 2**53}))
    await session.step("image", session.call("get-tiny-image", {}))
    await session.step("structured", session.call("get-structured-content", {"location": "New York"}))
    await session.step("links", session.call("get-resource-links", {"count": 3}))
    await session.step("no such tool", session.call("none", {}))
    await session.step("prompt", lambda client: client.get_prompt("args-prompt", {"city": "Oslo"}))
    department = PromptReference(name="completable-prompt")
    await session.step("completion", lambda client: client.complete(department, {"name": "department", "value": "S"}))
    await session.step("resource", lambda client: client.read_resource("demo://resource/dynamic/text/2"))
    await session.step("level", lambda client: client.session.set_logging_level("warning"))
    await session.step("subscribe", lambda client: client.subscribe_resource(SUBSCRIBED))
    updated = "notifications/resources/updated"
    await session.step("updates", session.call("toggle-subscriber-updates", {}), lambda heard: count(heard, updated) > 0)
    await session.step("no updates", session.call("toggle-subscriber-updates", {}))
    await session.step("unsubscribe", lambda client: client.unsubscribe_resource(SUBSCRIBED))
    await session.step("sampling", session.call("trigger-sampling-request", {"prompt": "hello", "maxTokens": 5}))
    await session.step("elicitation", session.call("trigger-elicitation-request", {}))
    await session.step("roots", session.call("get-roots-list", {}))
    steps = session.call("trigger-long-running-operation", {"duration": 0.2, "steps": 4}, progress_callback=ignore)
    await session.step("progress", steps, lambda heard: count(heard, "notifications/progress") == 4)
    await session.step("at once", lambda client: at_once(session, 100))


async def ignore(*told: object) -> None:
    """Progress is in what was heard."""


async def at_once(session: Session, calls: int) -> list:
    results: list = [None] * calls

    async def one(number: int) -> None:
        results[number] = await session.call("echo", {"message": f"m{number}" * (1 + number % 50)})(session.client)

    async with anyio.create_task_group() as group:
        for number in range(calls):
            group.start_soon(one, number)
    return results


if __name__ == "__main__":
    anyio.run(run, flow, "auto")
