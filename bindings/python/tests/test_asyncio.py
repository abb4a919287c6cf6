"""The emitter for asyncio."""

import asyncio
import json
import socket
import threading

import pytest
from conftest import EVENT
from harness.receiver import Receiver

from agentreceipts import AsyncDaemonEmitter, EmitTransportError, ErrorCode, Receipt


async def patiently(emit):
    for _ in range(200):
        try:
            return await emit()
        except EmitTransportError:
            await asyncio.sleep(0.05)
    raise AssertionError("nobody took the event")


def test_events_go_out_in_the_order_of_their_coroutines(receiver, places):
    async def main() -> None:
        async with AsyncDaemonEmitter(socket_path=str(places.socket), session_id="s") as emitter:
            assert (emitter.session_id, emitter.socket_path) == ("s", str(places.socket))
            await patiently(lambda: emitter.emit(**EVENT))
            outcomes = await asyncio.gather(
                *(emitter.emit(**EVENT, correlation_id=str(n)) for n in range(50)), return_exceptions=True
            )
            lost.extend(str(n) for n, outcome in enumerate(outcomes) if outcome is not None)

    lost: list = []
    asyncio.run(main())
    arrived = [event["correlation_id"] for event in receiver.all() if "correlation_id" in event]
    assert arrived == [str(n) for n in range(50) if str(n) not in lost]


def test_the_loop_goes_on_while_a_daemon_reads_nothing(places):
    async def main() -> bool:
        emitter = AsyncDaemonEmitter(socket_path=str(places.socket))
        turns, emitting = 0, asyncio.ensure_future(fill(emitter))
        while not emitting.done():
            turns += 1
            await asyncio.sleep(0)
        with pytest.raises(EmitTransportError):
            emitting.result()
        await emitter.close()
        return turns > 10

    async def fill(emitter) -> None:
        for _ in range(1000):
            await emitter.emit(**EVENT, input='"' + "x" * 500_000 + '"')

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(places.socket))
        listener.listen(8)
        assert asyncio.run(main())


def test_no_thread_is_started_before_the_first_event_and_none_stays_after_close(receiver, places):
    def ours() -> list:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith(("agentreceipts-send", "agentreceipts-wait"))]

    async def main() -> None:
        emitter = AsyncDaemonEmitter(socket_path=str(places.socket))
        assert ours() == []
        await patiently(lambda: emitter.emit(**EVENT))
        assert len(ours()) == 1
        await emitter.close()
        while ours():
            await asyncio.sleep(0.01)

    asyncio.run(main())


def test_mistakes_closing_and_transport_raise_as_in_the_plain_emitter():
    async def main() -> None:
        emitter = AsyncDaemonEmitter(socket_path="/nonexistent/x.sock")
        with pytest.raises(EmitTransportError):
            await emitter.emit(**EVENT)
        assert emitter.dropped == 1
        with pytest.raises(ValueError):
            await emitter.emit(**{**EVENT, "decision": "maybe"})
        with pytest.raises(TypeError):
            await emitter.emit(**EVENT, nonsense=1)
        await emitter.close()
        await emitter.close()
        with pytest.raises(RuntimeError, match="^emitter: closed$"):
            await emitter.emit(**EVENT)

    asyncio.run(main())


def test_one_emitter_serves_several_loops(receiver, places):
    emitter = AsyncDaemonEmitter(socket_path=str(places.socket))
    for _ in range(3):
        asyncio.run(patiently(lambda: emitter.emit(**EVENT)))
    asyncio.run(emitter.close())
    assert len(receiver.all()) == 3


def test_a_cancelled_task_tears_no_event(receiver, places):
    async def main() -> None:
        emitter = AsyncDaemonEmitter(socket_path=str(places.socket))
        await patiently(lambda: emitter.emit(**EVENT))
        task = asyncio.ensure_future(emitter.emit(**EVENT, correlation_id="cancelled"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await patiently(lambda: emitter.emit(**EVENT))
        await emitter.close()

    asyncio.run(main())
    # The cancelled one has gone out or has not; the others are whole.
    arrived = receiver.all()
    assert sum(event.get("correlation_id") is None for event in arrived) == 2
    assert receiver.torn == 0


def test_close_waits_for_the_answers_to_events_that_are_under_way(places):
    # More than wait side by side: some have not even been sent when the emitter is closed.
    count = 40
    answering = threading.Event()

    def answer(body: bytes) -> bytes | None:
        if b'"ack":true' not in body:
            return None
        answering.wait(60)
        ack = {"receipt_id": "r", "chain_id": "c", "sequence": 1, "receipt_hash": "sha256:" + "0" * 64}
        return json.dumps({"v": "1", "ok": True, **ack}).encode()

    async def main(receiver: Receiver) -> list:
        emitter = AsyncDaemonEmitter(socket_path=str(places.socket))
        await patiently(lambda: emitter.emit(**EVENT))
        asking = [asyncio.ensure_future(emitter.emit_acknowledged(timeout=60, **EVENT)) for _ in range(count)]
        await asyncio.get_running_loop().run_in_executor(None, receiver.wait_for, 2)
        closing = asyncio.ensure_future(emitter.close())
        await asyncio.sleep(0)
        answering.set()
        await closing
        assert all(asked.done() for asked in asking)
        return await asyncio.gather(*asking, return_exceptions=True)

    with Receiver(places.socket, reply=answer) as receiver:
        outcomes = asyncio.run(main(receiver))
    # A slow machine may keep some from being sent; none is cut off by the end.
    unsent = (ErrorCode.DIAL, ErrorCode.BUSY, ErrorCode.WRITE)
    cut_off = [it for it in outcomes if isinstance(it, BaseException) and getattr(it, "code", 0) not in unsent]
    assert cut_off == []
    assert any(isinstance(it, Receipt) for it in outcomes)


def test_close_ends_what_it_began_when_nobody_waits_for_it(receiver, places):
    async def main() -> None:
        emitter = AsyncDaemonEmitter(socket_path=str(places.socket))
        await patiently(lambda: emitter.emit(**EVENT))
        closing = asyncio.ensure_future(emitter.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing

    asyncio.run(main())
    assert len(receiver.all()) == 1


def test_acknowledgements_wait_side_by_side(daemon):
    async def main() -> list:
        async with AsyncDaemonEmitter(socket_path=str(daemon.socket)) as emitter:
            await patiently(lambda: emitter.emit_acknowledged(timeout=60, **EVENT))
            ask = lambda n: patiently(lambda: emitter.emit_acknowledged(timeout=60, correlation_id=str(n), **EVENT))
            return await asyncio.gather(*(ask(n) for n in range(20)))

    receipts = asyncio.run(main())
    assert len({receipt.receipt_id for receipt in receipts}) == 20
    assert len({receipt.sequence for receipt in receipts}) == 20
