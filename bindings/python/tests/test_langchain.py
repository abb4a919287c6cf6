"""The handler, in LangChain itself."""

import asyncio
import gc
import hashlib
import threading
import uuid

import pytest
from conftest import frame, sent, without_server
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import ToolException, tool

from agentreceipts import EmitTransportError
from agentreceipts.langchain import ReceiptsCallbackHandler


@tool
def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


@tool
def login(user: str, password: str) -> str:
    """Logs in."""
    raise PermissionError(f"{user} may not, with {password}")


@tool
async def slowly(text: str) -> dict:
    """Gives its text back."""
    await asyncio.sleep(0)
    return {"text": text}


@tool
def fragile() -> str:
    """Fails in a way that the model may see."""
    raise ToolException("out of paper")


fragile.handle_tool_error = True


@pytest.fixture
def handler(receiver, emitter):
    sent(emitter)
    return ReceiptsCallbackHandler(emitter)


def test_a_tool_call_is_recorded(receiver, handler):
    assert multiply.invoke({"a": 6, "b": 7}, config={"callbacks": [handler]}) == 42
    told = frame(receiver, 1)
    assert (told["channel"], told["tool"], told["decision"]) == ("langchain", {"name": "multiply"}, "allowed")
    assert (told["input"], told["output"]) == ({"a": 6, "b": 7}, 42)
    assert "duration_us" in told["usage"]
    assert told["correlation_id"]


def test_the_models_own_id_of_the_call_ties_events_together(receiver, handler):
    call = {"type": "tool_call", "id": "call-1", "name": "multiply", "args": {"a": 2, "b": 3}}
    message = multiply.invoke(call, config={"callbacks": [handler]})
    assert isinstance(message, ToolMessage)
    told = frame(receiver, 1)
    assert (told["correlation_id"], told["output"]) == ("call-1", "6")


def test_a_tool_that_raises_is_recorded_without_its_secrets(receiver, handler):
    with pytest.raises(PermissionError):
        login.invoke({"user": "bob", "password": "hunter2"}, config={"callbacks": [handler]})
    told = frame(receiver, 1)
    assert told["input"] == {"user": "bob", "password": "[redacted]"}
    assert told["error"] == "PermissionError"
    assert "output" not in told


def test_a_failure_that_the_model_is_told_of_is_a_failure(receiver, handler):
    fragile.invoke({"type": "tool_call", "id": "c", "name": "fragile", "args": {}}, config={"callbacks": [handler]})
    told = frame(receiver, 1)
    assert (told["error"], told["output"]) == ("the tool failed: out of paper", "out of paper")


def test_an_answer_that_says_what_failed_repeats_no_argument_that_was_left_out(receiver, handler):
    @tool
    def locked(password: str) -> str:
        """Says so."""
        raise ToolException(f"not with {password}")

    locked.handle_tool_error = True
    locked.invoke({"type": "tool_call", "id": "c", "name": "locked", "args": {"password": "hunter2"}}, config={"callbacks": [handler]})
    told = frame(receiver, 1)
    assert (told["error"], "output" in told) == ("the tool failed", False)
    assert b"hunter2" not in receiver.bodies[1]


def test_an_id_that_is_too_long_for_an_event_is_told_by_its_hash_and_fails_no_run(receiver, handler):
    # Some providers carry signatures of a kilobyte in it.
    hashes = []
    for identifier in ("call-" + "x" * 1_000, "é" * 129):
        call = {"type": "tool_call", "id": identifier, "name": "multiply", "args": {"a": 2, "b": 3}}
        assert multiply.invoke(call, config={"callbacks": [handler]}).content == "6"
        hashed = "sha256:" + hashlib.sha256(identifier.encode()).hexdigest()
        hashes.append(hashed)
    assert [frame(receiver, number)["correlation_id"] for number in (1, 2)] == hashes


def test_names_to_redact_are_judged_when_the_handler_is_made(emitter):
    with pytest.raises(TypeError, match="collection of names"):
        ReceiptsCallbackHandler(emitter, redact="password")


def test_what_the_handler_forgets_is_recorded_as_that(receiver, handler, monkeypatch):
    monkeypatch.setattr("agentreceipts.langchain._OPEN", 1)
    for number in range(2):
        handler.on_tool_start({"name": f"t{number}"}, "", run_id=uuid.uuid4(), inputs={})
    told = frame(receiver, 1)
    assert (told["tool"]["name"], told["error"]) == ("t0", "its end was not told")


def test_tools_within_chains_and_coroutines_are_recorded(receiver, handler):
    async def main() -> None:
        chain = RunnableLambda(lambda text: {"text": text}) | slowly
        many = await asyncio.gather(*(chain.ainvoke(str(n), config={"callbacks": [handler]}) for n in range(5)))
        assert many == [{"text": str(n)} for n in range(5)]

    asyncio.run(main())
    told = [frame(receiver, n + 1) for n in range(5)]
    assert sorted(event["output"]["text"] for event in told) == list("01234")
    assert all(event["input"] == event["output"] for event in told)
    assert handler._calls == {}


async def cancelled(runnable, config: dict) -> None:
    """Runs something until its tool hangs, and then no longer."""
    running = asyncio.ensure_future(runnable.ainvoke({}, config=config))
    while not hanging.is_set():
        await asyncio.sleep(0.01)
    hanging.clear()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


hanging = threading.Event()


@tool
async def hang() -> str:
    """Never ends."""
    hanging.set()
    return await asyncio.Event().wait()


def test_a_tool_whose_chain_was_cancelled_is_recorded(receiver, handler):
    chain = RunnableLambda(lambda given: given) | hang
    asyncio.run(cancelled(chain, {"callbacks": [handler]}))
    told = frame(receiver, 1)
    assert (told["tool"]["name"], told["error"]) == ("hang", "CancelledError")
    assert handler._calls == {}


def test_a_tool_that_was_cancelled_by_itself_is_recorded_when_the_handler_ends(receiver, handler, emitter):
    with handler:
        asyncio.run(cancelled(hang, {"callbacks": [handler]}))
    told = frame(receiver, 1)
    assert (told["tool"]["name"], told["error"]) == ("hang", "its end was not told")
    other = ReceiptsCallbackHandler(emitter)
    asyncio.run(cancelled(hang, {"callbacks": [other]}))
    del other
    gc.collect()
    assert frame(receiver, 2)["error"] == "its end was not told"


def test_a_chain_that_fails_takes_no_call_with_it_that_still_runs(receiver, handler):
    running, parent = uuid.uuid4(), uuid.uuid4()
    handler.on_tool_start({"name": "slow"}, "", run_id=running, parent_run_id=parent, inputs={})
    handler.on_chain_error(ValueError("another tool of it"), run_id=parent)
    handler.on_tool_end("done", run_id=running)
    told = frame(receiver, 1)
    assert (told["output"], "error" in told) == ("done", False)


def test_what_cannot_be_recorded_fails_the_run():
    handler = ReceiptsCallbackHandler(without_server())
    with pytest.raises(EmitTransportError):
        multiply.invoke({"a": 1, "b": 1}, config={"callbacks": [handler]})


def test_an_emitter_of_another_kind_is_a_mistake():
    with pytest.raises(TypeError):
        ReceiptsCallbackHandler(None)
