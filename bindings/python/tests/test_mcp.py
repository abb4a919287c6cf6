"""The client session, against a real server in a process of its own."""

import asyncio
import sys
from pathlib import Path

import pytest
from conftest import frame, sent, without_server
from mcp import Client, ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import InputRequiredResult

from agentreceipts import EmitTransportError
from agentreceipts.mcp import ReceiptsClient, ReceiptsClientSession

SERVER = StdioServerParameters(command=sys.executable, args=["-B", str(Path(__file__).with_name("mcp_server.py"))])


def session(emitter, use, **more) -> None:
    async def main() -> None:
        async with stdio_client(SERVER) as (read, write):
            async with ReceiptsClientSession(read, write, emitter=emitter, **more) as made:
                await made.initialize()
                await use(made)

    asyncio.run(main())


def test_tool_calls_are_recorded_and_everything_else_stays(receiver, emitter):
    async def use(made: ReceiptsClientSession) -> None:
        assert isinstance(made, ClientSession)
        assert {tool.name for tool in (await made.list_tools()).tools} == {"multiply", "login"}
        result = await made.call_tool("multiply", {"a": 6, "b": 7})
        assert result.content[0].text == "42"
        await made.call_tool("multiply", arguments={"a": 1, "b": 2})

    sent(emitter)
    session(emitter, use)
    told = frame(receiver, 1)
    assert (told["channel"], told["tool"]) == ("mcp", {"server": "calculator", "name": "multiply"})
    assert told["input"] == {"a": 6, "b": 7}
    assert told["output"]["content"][0]["text"] == "42"
    assert ("error" in told, "duration_us" in told["usage"]) == (False, True)
    assert frame(receiver, 2)["input"] == {"a": 1, "b": 2}


def test_a_tool_that_fails_is_recorded_as_failed_without_secrets(receiver, emitter):
    async def use(made: ReceiptsClientSession) -> None:
        assert (await made.call_tool("login", {"password": "hunter2"})).content

    sent(emitter)
    session(emitter, use, server="ours")
    told = frame(receiver, 1)
    assert told["tool"] == {"server": "ours", "name": "login"}
    assert told["input"] == {"password": "[redacted]"}
    assert (told["error"], "output" in told) == ("the tool failed", False)
    assert b"hunter2" not in receiver.bodies[1]


def test_what_a_tool_says_that_fails_is_recorded_with_its_arguments(receiver, emitter):
    async def use(made: ReceiptsClientSession) -> None:
        await made.call_tool("multiply", {"a": "six", "b": 7})

    sent(emitter)
    session(emitter, use)
    told = frame(receiver, 1)
    assert told["error"].startswith("the tool failed: ")
    assert told["error"].removeprefix("the tool failed: ") in told["output"]["content"][0]["text"]


def test_a_result_that_has_no_content_is_given_back_and_recorded(receiver, emitter, monkeypatch):
    asked = InputRequiredResult(request_state="later")

    async def call_tool(*args, **more):
        return asked

    async def use(made: ReceiptsClientSession) -> None:
        assert await made.call_tool("multiply", {"a": 1, "b": 2}, allow_input_required=True) is asked

    monkeypatch.setattr(ClientSession, "call_tool", call_tool)
    sent(emitter)
    session(emitter, use)
    told = frame(receiver, 1)
    assert ("error" in told, told["output"]["requestState"]) == (False, "later")


def test_a_call_that_raises_is_recorded_and_raises(receiver, emitter):
    async def use(made: ReceiptsClientSession) -> None:
        with pytest.raises(Exception) as raised:
            await made.call_tool("multiply", {"a": 1, "b": 2}, read_timeout_seconds=0.0)
        kinds.append(type(raised.value).__name__)

    kinds: list = []
    sent(emitter)
    session(emitter, use)
    told = frame(receiver, 1)
    assert told["error"].startswith(f"{kinds[0]}: ")
    assert "output" not in told


def test_what_cannot_be_recorded_is_an_error_of_the_call():
    async def use(made: ReceiptsClientSession) -> None:
        with pytest.raises(EmitTransportError):
            await made.call_tool("multiply", {"a": 1, "b": 2})

    session(without_server(), use)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_client_records_each_call_once(receiver, emitter, mode):
    async def main() -> None:
        async with ReceiptsClient(SERVER, emitter=emitter, mode=mode, redact=["b"]) as client:
            assert isinstance(client, Client)
            assert (await client.call_tool("multiply", {"a": 6, "b": 7})).content[0].text == "42"
            assert (await client.call_tool("login", {"password": "hunter2"})).is_error

    sent(emitter)
    asyncio.run(main())
    emitter.close()
    told = receiver.all()[1:]
    assert [event["tool"] for event in told] == [{"server": "calculator", "name": "multiply"}, {"server": "calculator", "name": "login"}]
    assert [event["input"] for event in told] == [{"a": 6, "b": "[redacted]"}, {"password": "[redacted]"}]
    assert ("error" in told[0], told[1]["error"]) == (False, "the tool failed")
    assert not any(b"hunter2" in body for body in receiver.bodies)


def test_what_is_no_emitter_is_a_mistake():
    for kind in (ReceiptsClient, ReceiptsClientSession):
        with pytest.raises(TypeError, match="an emitter is wanted"):
            kind(SERVER, emitter=None)
        with pytest.raises(TypeError, match="emitter"):
            kind(SERVER)
