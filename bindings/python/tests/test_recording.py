"""Recorded calls: what a decorated function and a block leave behind."""

import asyncio
import inspect
import json

import pytest
from conftest import frame, sent, without_server

from agentreceipts import AsyncDaemonEmitter, DaemonEmitter, EmitTransportError, record, recorded


@pytest.fixture
def warm(receiver, emitter):
    """An emitter that is connected; the frame of its first event is number 0."""
    sent(emitter)
    return emitter


def test_arguments_result_and_duration_are_recorded(receiver, warm):
    @record(warm)
    def add(a: int, b: int = 2, *more: int, **named: int) -> dict:
        """Adds."""
        return {"sum": a + b + sum(more) + sum(named.values())}

    assert add(1, 2, 3, extra=4) == {"sum": 10}
    told = frame(receiver, 1)
    assert told["tool"]["name"].endswith("<locals>.add")
    assert told["input"] == {"a": 1, "b": 2, "more": [3], "named": {"extra": 4}}
    assert told["output"] == {"sum": 10}
    assert (told["channel"], told["decision"], "error" in told) == ("sdk", "allowed", False)
    assert list(told["usage"]) == ["duration_us"]
    assert isinstance(told["usage"]["duration_us"], int)


def test_the_function_stays_what_it_was(warm):
    def add(a: int, b: int = 2) -> int:
        """Adds."""
        return a + b

    same = record(warm)(add)
    assert (same.__name__, same.__doc__, inspect.signature(same)) == ("add", "Adds.", inspect.signature(add))


def test_an_exception_is_recorded_and_goes_on_its_way(receiver, warm):
    @record(warm, tool_name="fails", tool_server="here", action_type="system.command.execute", channel="mine")
    def fails() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError):
        fails()
    told = frame(receiver, 1)
    assert told["error"] == "KeyError: 'gone'"
    assert (told["tool"], told["action_type"], told["channel"]) == ({"name": "fails", "server": "here"}, "system.command.execute", "mine")
    assert "output" not in told


def test_an_interruption_is_recorded_too(receiver, warm):
    with pytest.raises(KeyboardInterrupt), recorded(warm, "long"):
        raise KeyboardInterrupt
    assert frame(receiver, 1)["error"] == "KeyboardInterrupt"


def test_an_exception_that_cannot_be_shown_is_recorded_by_its_class(receiver, warm):
    class Silent(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    with pytest.raises(Silent), recorded(warm, "odd"):
        raise Silent
    assert frame(receiver, 1)["error"] == "Silent"


def test_secrets_stand_neither_in_arguments_nor_in_the_result_nor_in_the_error(receiver, warm):
    @record(warm, redact=["pin"])
    def pay(account: str, pin: str, **more: str) -> dict:
        if account == "bad":
            raise ValueError(f"wrong pin {pin}")
        return {"account": account, "access_token": "tok-12345"}

    pay("good", "98765", password="hunter2")
    with pytest.raises(ValueError, match="98765"):
        pay("bad", "98765")
    assert frame(receiver, 1)["input"] == {"account": "good", "pin": "[redacted]", "more": {"password": "[redacted]"}}
    assert frame(receiver, 2)["error"] == "ValueError"
    sent_bytes = b"".join(receiver.wait_for(3))
    assert not any(secret in sent_bytes for secret in (b"98765", b"hunter2", b"tok-12345"))


@pytest.mark.parametrize("secret", [98765, 9.8765, b"98765", "987", "98\n765", ["98", "765"], {"inner": 98765}, "98765" * 100_000])
@pytest.mark.parametrize("shown", [str, repr, lambda secret: repr(secret)[2:-1]])
def test_no_message_tells_a_secret_whatever_it_is_and_however_it_is_written(receiver, warm, secret, shown):
    @record(warm)
    def login(user: str, password: object) -> None:
        raise ValueError(f"{user} with {shown(password)}")

    with pytest.raises(ValueError, match="bob with"):
        login("bob", secret)
    assert frame(receiver, 1)["error"] == "ValueError"


def test_arguments_that_are_not_recorded_are_not_told_by_an_exception_either(receiver, warm):
    class Opaque:
        def __str__(self) -> str:
            return "hunter2"

    @record(warm, arguments=False)
    def off(value: str) -> None:
        raise ValueError(f"no {value}")

    @record(warm)
    def on(value: object) -> None:
        raise ValueError(f"no {value}")

    def block(**arguments: object) -> None:
        with recorded(warm, "block", **arguments):
            raise ValueError("no hunter2")

    calls = [lambda: off("hunter2"), lambda: on(Opaque()), lambda: on("hunter2" * 100_000), block, lambda: block(arguments={"token": 1})]
    for call in calls:
        with pytest.raises(ValueError, match="hunter2"):
            call()
    assert [frame(receiver, number + 1)["error"] for number in range(len(calls))] == ["ValueError"] * len(calls)


def test_a_message_is_recorded_where_every_argument_is(receiver, warm):
    @record(warm)
    def divide(a: int, b: int) -> float:
        return a / b

    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
    with pytest.raises(KeyError), recorded(warm, "block", arguments={}):
        raise KeyError("gone")
    assert frame(receiver, 1)["error"] == "ZeroDivisionError: division by zero"
    assert frame(receiver, 2)["error"] == "KeyError: 'gone'"


def test_a_message_that_is_long_or_no_unicode_can_be_sent(receiver, warm):
    for words in ("x" * 100_000, "\ud800"):
        with pytest.raises(OSError, match=words[:10]), recorded(warm, "block", arguments={}):
            raise OSError(words)
    assert len(frame(receiver, 1)["error"]) < 8_100
    assert frame(receiver, 2)["error"] == "OSError: \ufffd"


def test_arguments_and_result_can_be_left_out(receiver, warm):
    @record(warm, arguments=False, result=False)
    def secret(value: str) -> str:
        return value

    assert secret("v") == "v"
    assert not {"input", "output"} & frame(receiver, 1).keys()


def test_a_call_with_wrong_arguments_fails_as_it_would_and_shows_no_value(receiver, warm):
    @record(warm)
    def login(password: str) -> None: ...

    with pytest.raises(TypeError):
        login("hunter2", "hunter3")
    told = frame(receiver, 1)
    assert told["error"] == "TypeError"
    assert "input" not in told
    assert b"hunter" not in receiver.bodies[1]


def test_methods_are_recorded_without_their_object(receiver, warm):
    class Account:
        @record(warm)
        def pay(self, amount: int) -> int:
            return amount

        @classmethod
        @record(warm)
        def make(cls, name: str) -> str:
            return name

    assert (Account().pay(5), Account.make("n")) == (5, "n")
    assert [frame(receiver, n)["input"] for n in (1, 2)] == [{"amount": 5}, {"name": "n"}]


def test_arguments_of_any_kind_and_size_keep_no_call_from_happening(receiver, warm):
    ring: list = []
    ring.append(ring)
    values = [ring, object(), float("nan"), 10**400, "\ud800", "x" * 3_000_000, b"\xff", {1: ring}, lambda: 0, [0] * 300_000]

    @record(warm)
    def same(value: object) -> object:
        return value

    for value in values:
        assert same(value) is value
    for number in range(len(values)):
        assert {"input", "output"} <= frame(receiver, number + 1).keys()


def test_arguments_are_recorded_as_they_were_before_the_call(receiver, warm):
    @record(warm)
    def empty(items: list) -> None:
        items.clear()

    empty([1, 2])
    assert frame(receiver, 1)["input"] == {"items": [1, 2]}


def test_a_block_says_itself_what_came_of_it(receiver, warm):
    with recorded(warm, "ask", arguments={"q": 1}, correlation_id="c-1") as call:
        call.decision = "denied"
        call.error = "not today"
    with recorded(warm, "tell") as call:
        call.result = [1]
    denied, told = frame(receiver, 1), frame(receiver, 2)
    assert (denied["decision"], denied["error"], denied["input"], denied["correlation_id"]) == ("denied", "not today", {"q": 1}, "c-1")
    assert (told["output"], "input" in told) == ([1], False)


def test_what_records_one_call_records_no_other(receiver, warm):
    once = recorded(warm, "once")
    with once as call:
        call.result = 1
    with pytest.raises(RuntimeError, match="one call"), once:
        raise AssertionError("never run")
    warm.close()
    assert len(receiver.all()) == 2


def test_a_success_that_cannot_be_recorded_is_an_error_and_a_failure_stays_its_own():
    emitter = without_server()

    @record(emitter)
    def works() -> int:
        return 1

    @record(emitter)
    def fails() -> None:
        raise KeyError("own")

    with pytest.raises(EmitTransportError):
        works()
    with pytest.raises(KeyError, match="own"):
        fails()
    assert emitter.dropped == 2
    assert record(DaemonEmitter(socket_path="/nonexistent/x.sock", best_effort=True))(lambda: 7)() == 7


def test_what_cannot_be_recorded_is_said_when_it_is_decorated(warm):
    def numbers():
        yield 1

    async def later():
        yield 1

    for function in (numbers, later):
        with pytest.raises(TypeError, match="generator"):
            record(warm)(function)
    for wrong in (None, "emitter", DaemonEmitter):
        with pytest.raises(TypeError, match="an emitter is wanted"):
            record(wrong)
        with pytest.raises(TypeError, match="an emitter is wanted"):
            recorded(wrong, "t")
    with pytest.raises(TypeError, match="collection of names"):
        record(warm, redact="password")


@pytest.mark.parametrize("given", [{"tool_name": 5}, {"channel": ""}, {"channel": None}, {"action_type": None}, {"tool_server": "\ud800"}])
def test_names_that_no_event_can_have_are_refused_before_anything_is_called(warm, given):
    with pytest.raises(ValueError, match="^emitter: "):
        record(warm, **given)(lambda: 1)


@pytest.mark.parametrize("kind", [DaemonEmitter, AsyncDaemonEmitter])
def test_coroutines_are_recorded_by_either_emitter(receiver, places, kind):
    async def main() -> None:
        emitter = kind(socket_path=str(places.socket), best_effort=True)

        @record(emitter)
        async def double(n: int) -> int:
            await asyncio.sleep(0)
            if n < 0:
                raise ValueError("below zero")
            return 2 * n

        # The first may not get through on a loaded machine.
        while not receiver.bodies:
            assert await double(1) == 2
        assert await double(4) == 8
        with pytest.raises(ValueError, match="below"):
            await double(-1)
        async with recorded(emitter, "block") as call:
            call.result = None
        closing = emitter.close()
        if closing is not None:
            await closing

    asyncio.run(main())
    told = receiver.all()[-3:]
    assert told[0]["output"] == 8
    assert told[1]["error"] == "ValueError: below zero"
    assert (told[2]["tool"]["name"], told[2]["output"]) == ("block", None)


def test_a_cancelled_coroutine_is_recorded(receiver, warm):
    async def main() -> None:
        @record(warm)
        async def waits() -> None:
            await asyncio.Event().wait()

        task = asyncio.ensure_future(waits())
        await asyncio.sleep(0)
        task.cancel("by scope 0x7f0000000000")
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert frame(receiver, 1)["error"] == "CancelledError"


def test_an_emitter_of_coroutines_records_no_plain_function(places):
    emitter = AsyncDaemonEmitter(socket_path=str(places.socket))
    with pytest.raises(TypeError, match="coroutine functions only"):
        record(emitter)(lambda: 1)
    with pytest.raises(TypeError, match="async with"):
        recorded(emitter, "t").__enter__()


def test_what_is_recorded_is_accepted_by_the_daemon_and_verifies(daemon):
    from harness import database, programs

    with DaemonEmitter(socket_path=str(daemon.socket), best_effort=True) as emitter:

        @record(emitter)
        def same(value: object) -> object:
            return value

        for value in ({"a": 1.5}, 2**60, float("nan"), "\ud800", {1: 2}, b"\xff"):
            before = daemon.stored()
            while daemon.stored() == before:
                same(value)
    assert daemon.stop() == 0
    kept = [row for row in database.rows(daemon.database) if row.action.get("tool_name", "").endswith("same")]
    assert len(kept) >= 6
    assert all("duration_us" in json.dumps(row.receipt["issuer"]["runtime"]["usage"]) for row in kept)
    done = programs.verify(daemon.database, daemon.public_key)
    assert done.returncode == 0, done.stdout + done.stderr
