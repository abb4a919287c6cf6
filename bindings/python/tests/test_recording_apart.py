"""Recording keeps apart from what it records: no value, name or event loop of the program's changes how a call ends, or has a secret told."""

import asyncio
import collections
import enum
import functools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import MagicMock

import pytest
from conftest import EVENT, frame, sent

from agentreceipts import AsyncDaemonEmitter, EmitClosedError, EmitTransportError, record, recorded


@pytest.fixture
def warm(receiver, emitter):
    """An emitter that is connected; the frame of its first event is number 0."""
    sent(emitter)
    return emitter


class NoPath:
    def __fspath__(self):
        raise RuntimeError("no path")


class NoClass:
    @property
    def __class__(self):
        raise RuntimeError("outside of any context")


class NoInt(int):
    def __int__(self):
        raise RuntimeError("no number")


class Mirror(enum.Enum):
    ONE = 1

    @property
    def value(self):
        return self


class NoModule(type):
    @property
    def __module__(cls):
        raise RuntimeError("from nowhere")


def released() -> memoryview:
    view = memoryview(b"x")
    view.release()
    return view


# Made within the test: the runner looks at what it is given, too.
HOSTILE = {
    "a path that has none": NoPath,
    "an object that hides its class": NoClass,
    "a number that is none": lambda: NoInt(3),
    "a member that is its own value": lambda: Mirror.ONE,
    "an object from nowhere": lambda: NoModule("Nowhere", (), {})(),
    "a view that was released": released,
    "a mock of a text": lambda: MagicMock(spec=str),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_value_that_fails_when_it_is_read_is_recorded_as_that_and_nothing_else_happens(receiver, warm, kind):
    @record(warm)
    def same(value: object, other: int) -> object:
        return value

    value = HOSTILE[kind]()
    assert (same(value, 1) is value) is True
    told = frame(receiver, 1)
    assert told["input"]["other"] == 1
    assert all("$omitted" in one or "$cycle" in one for one in (told["input"]["value"], told["output"]))


@pytest.mark.parametrize("result", [NoPath, int])
@pytest.mark.parametrize("words", ["", KeyError("no text")])
def test_an_exception_is_replaced_by_nothing_that_was_set_before_it(warm, result, words):
    with pytest.raises(KeyError, match="own"), recorded(warm, "t") as call:
        call.result, call.error, call.decision = result(), words, None
        raise KeyError("own")

    async def main() -> None:
        async with recorded(warm, "t") as call:
            call.result, call.error, call.decision = result(), words, None
            raise KeyError("own")

    with pytest.raises(KeyError, match="own"):
        asyncio.run(main())


def test_names_to_redact_that_can_be_read_only_once_hide_every_time(receiver, warm):
    @record(warm, redact=(name for name in ["pin"]))
    def pay(pin: str) -> None: ...

    for _ in range(2):
        pay("98765")
    assert [frame(receiver, number)["input"] for number in (1, 2)] == [{"pin": "[redacted]"}] * 2
    for wrong in ("pin", b"pin", [1], [None]):
        with pytest.raises(TypeError, match="collection of names"):
            record(warm, redact=wrong)


def test_a_secret_is_one_whatever_kind_of_name_it_has(receiver, warm):
    class Header(enum.Enum):
        KEY = "X-Api-Key"

    Login = collections.namedtuple("Login", ["user", "password"])

    @record(warm, redact=["кодовое слово"])
    def call(*values: object) -> None:
        raise ValueError("hunter2")

    with pytest.raises(ValueError, match="hunter2"):
        call(Login("bob", "hunter2"), {b"authorization": "hunter2"}, {Header.KEY: "hunter2"}, {"aws_secret_access_key": "hunter2"})
    with pytest.raises(ValueError, match="hunter2"):
        call({"Кодовое-Слово": "hunter2", "слово": "told"})
    assert frame(receiver, 1)["input"]["values"][0] == ["bob", "[redacted]"]
    assert frame(receiver, 2)["input"]["values"] == [{"Кодовое-Слово": "[redacted]", "слово": "told"}]
    assert not any(b"hunter2" in body for body in receiver.bodies)


class Later:
    async def __call__(self, n: int) -> int:
        await asyncio.sleep(0)
        if n < 0:
            raise ValueError("below zero")
        return 2 * n


async def double(n: int) -> int:
    return await Later()(n)


@functools.wraps(double)
def plainly(*args: object) -> object:
    return double(*args)


@pytest.mark.parametrize("function", [Later(), plainly, functools.partial(double), lambda n: double(n)], ids=["object", "wrapped", "partial", "lambda"])
def test_what_gives_back_a_coroutine_is_recorded_when_that_has_ended(receiver, warm, function):
    async def main() -> None:
        same = record(warm)(function)
        assert await same(4) == 8
        with pytest.raises(ValueError, match="below"):
            await same(-1)

    asyncio.run(main())
    assert frame(receiver, 1)["output"] == 8
    assert frame(receiver, 2)["error"] == "ValueError: below zero"
    warm.close()
    assert len(receiver.all()) == 3


def test_threads_that_wait_for_a_recorded_coroutine_do_not_keep_it_from_ending(receiver, warm):
    @record(warm)
    async def inner() -> int:
        return 1

    async def main() -> list:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(2))
        everywhere = threading.Barrier(2)

        def outer() -> int:
            everywhere.wait(60)
            return asyncio.run_coroutine_threadsafe(inner(), loop).result(60)

        return await asyncio.gather(asyncio.to_thread(outer), asyncio.to_thread(outer))

    # A loop that hangs would end by the waiting threads' own deadline.
    assert asyncio.run(main()) == [1, 1]


def test_coroutines_of_another_event_loop_are_recorded_too(receiver, warm):
    @record(warm)
    async def same(value: int) -> int:
        return value

    # As a loop that is not asyncio's does it.
    with pytest.raises(StopIteration) as ended:
        same(7).send(None)
    assert (ended.value.value, frame(receiver, 1)["output"]) == (7, 7)


def test_closing_from_two_sides_cuts_nothing_off(receiver, places):
    async def main() -> list:
        emitter = AsyncDaemonEmitter(socket_path=str(places.socket))
        while not receiver.bodies:
            try:
                await emitter.emit(**EVENT)
            except EmitTransportError:
                await asyncio.sleep(0.05)
        emitting = [asyncio.ensure_future(emitter.emit(**EVENT)) for _ in range(200)]
        await asyncio.sleep(0)
        await asyncio.gather(emitter.close(), emitter.close(), emitter.close())
        with pytest.raises(EmitClosedError):
            await emitter.emit(**EVENT)
        return await asyncio.gather(*emitting, return_exceptions=True)

    assert [kind for kind in asyncio.run(main()) if isinstance(kind, EmitClosedError)] == []


def test_what_is_too_much_together_is_left_out_one_by_one(receiver, warm):
    @record(warm)
    def same(texts: list) -> int:
        return len(texts)

    assert same(["x" * 400_000] * 1_500) == 1_500
    texts = frame(receiver, 1)["input"]["texts"]
    assert (len(texts[0]), texts[1], len(texts)) == (400_000, {"$omitted": "400000 characters"}, 1_500)
    names = json.loads(json.dumps({"x" * 500_000: 1}))
    assert same(names) == 1
    assert frame(receiver, 2)["input"]["texts"] == {"$pairs": [[{"$omitted": "500000 characters"}, 1]]}
