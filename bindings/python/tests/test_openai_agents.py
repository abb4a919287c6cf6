"""The hooks, in the OpenAI Agents SDK itself, with a model that says what the test wants."""

import asyncio

import pytest
from agents import Agent, Model, ModelResponse, RunConfig, Runner, Usage, UserError, function_tool
from conftest import frame, sent, without_server
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from agentreceipts import AsyncDaemonEmitter, EmitTransportError
from agentreceipts.openai_agents import ReceiptsRunHooks


class Scripted(Model):
    """Calls one tool, then is done."""

    def __init__(self, name: str, arguments: str):
        call = ResponseFunctionToolCall(arguments=arguments, call_id="call-1", name=name, type="function_call")
        text = ResponseOutputText(annotations=[], text="done", type="output_text")
        message = ResponseOutputMessage(id="m", content=[text], role="assistant", status="completed", type="message")
        self.turns = [[call], [message]]

    async def get_response(self, *args, **kwargs):
        return ModelResponse(output=self.turns.pop(0), usage=Usage(), response_id=None)

    def stream_response(self, *args, **kwargs):
        raise NotImplementedError


@function_tool
def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


@function_tool(failure_error_function=None)
def explode(token: str) -> str:
    """Raises."""
    raise PermissionError(token)


def run(emitter, tool, arguments: str, **more):
    agent = Agent(name="calculator", model=Scripted(tool.name, arguments), tools=[tool])
    hooks = ReceiptsRunHooks(emitter, **more)
    return asyncio.run(Runner.run(agent, "go", hooks=hooks, run_config=RunConfig(tracing_disabled=True)))


def test_a_tool_call_is_announced_and_its_result_recorded(receiver, emitter):
    sent(emitter)
    assert run(emitter, multiply, '{"a": 6, "b": 7}').final_output == "done"
    before, after = frame(receiver, 1), frame(receiver, 2)
    assert (before["decision"], after["decision"]) == ("pending", "allowed")
    for told in (before, after):
        assert (told["channel"], told["tool"]["name"], told["correlation_id"]) == ("openai-agents", "multiply", "call-1")
        assert told["input"] == {"a": 6, "b": 7}
    assert "output" not in before
    assert after["output"] in (42, "42")
    assert "duration_us" in after["usage"]


def test_an_emitter_of_coroutines_serves_as_well(receiver, places):
    # Its first event may not get through on a loaded machine: best effort, and what counts is what arrived in the end.
    emitter = AsyncDaemonEmitter(socket_path=str(places.socket), best_effort=True)
    while len(receiver.bodies) < 2:
        run(emitter, multiply, '{"a": 1, "b": 2}')
    assert {frame(receiver, n)["tool"]["name"] for n in (0, 1)} == {"multiply"}


def test_a_tool_that_raises_leaves_its_pending_event(receiver, emitter):
    sent(emitter)
    with pytest.raises(Exception, match="hunter2"):
        run(emitter, explode, '{"token": "hunter2"}')
    sent(emitter, tool_name="after")
    pending, after = frame(receiver, 1), frame(receiver, 2)
    assert (pending["decision"], pending["tool"]["name"]) == ("pending", "explode")
    assert pending["input"] == {"token": "[redacted]"}
    assert after["tool"]["name"] == "after"


def test_arguments_that_are_no_json_have_no_names_and_are_left_out(receiver, emitter):
    sent(emitter)
    with pytest.raises(Exception, match="JSON"):
        run(emitter, explode, '{"token": "hunter2"')
    assert frame(receiver, 1)["input"] == {"$omitted": "19 characters that are no json"}
    assert not any(b"hunter2" in body for body in receiver.bodies)


def test_names_to_redact_can_be_given(receiver, emitter):
    sent(emitter)
    run(emitter, multiply, '{"a": 6, "b": 7}', redact=["b"])
    assert frame(receiver, 1)["input"] == {"a": 6, "b": "[redacted]"}


def test_what_cannot_be_announced_does_not_run():
    ran = []

    @function_tool
    def act() -> str:
        """Acts."""
        ran.append(1)
        return "done"

    with pytest.raises(UserError) as raised:
        run(without_server(), act, "{}")
    assert isinstance(raised.value.__cause__, EmitTransportError)
    assert ran == []


def test_what_is_no_emitter_is_a_mistake():
    with pytest.raises(TypeError, match="an emitter is wanted"):
        ReceiptsRunHooks(None)
