"""The emitter as a program uses it."""

import copy
import gc
import inspect
import logging
import pickle
import platform
import sys
import sysconfig
import threading
import uuid
from pathlib import Path

import pytest
from conftest import EVENT, PLAIN, frame, patiently, sent, without_server
from harness import database, programs
from harness.receiver import Receiver

import agentreceipts
from agentreceipts import DaemonEmitter, EmitRefusedError, EmitTransportError, ErrorCode


def test_emit_is_in_c_wherever_the_interpreter_can_load_that():
    can = platform.python_implementation() == "CPython" and sys.version_info >= (3, 10) and not sysconfig.get_config_var("Py_GIL_DISABLED")
    assert inspect.isfunction(DaemonEmitter.emit) == (PLAIN or not can)


def test_an_event_arrives_with_every_field(receiver, places):
    texts = {
        "tool_server": "github",
        "action_type": "filesystem.file.read",
        "error": "exit status 1",
        "issuer_name": "Editor",
        "issuer_model": "m-2",
        "operator_id": "did:web:example.org",
        "operator_name": "Example",
        "idempotency_key": "once",
        "correlation_id": "call-1",
        "agent_id": "agent-1",
        "agent_type": "explorer",
        "model": "m-3",
        "capture_method": "hook",
        "target_system": "filesystem",
        "target_resource": "/srv/größe.txt",
    }
    payloads = {"input": '{"b":1,"a":[1.50,true]}', "output": b'{"half": 0.5}', "usage": memoryview(b'{"tokens":7}')}
    with DaemonEmitter(socket_path=places.socket, session_id="s") as emitter:
        sent(emitter, **texts, **payloads)
    told = frame(receiver)
    del told["ts_emit"]
    server = texts.pop("tool_server")
    assert told == {
        **texts,
        "v": "1",
        "session_id": "s",
        "channel": "sdk",
        "tool": {"server": server, "name": "read_file"},
        "decision": "allowed",
        "input": {"b": 1, "a": [1.5, True]},
        "output": {"half": 0.5},
        "usage": {"tokens": 7},
    }
    assert b'{"b":1,"a":[1.50,true]}' in receiver.bodies[0]


def test_each_single_field_arrives_in_its_own_place(receiver, emitter):
    fields = ("issuer_name", "issuer_model", "operator_id", "idempotency_key", "correlation_id", "agent_id", "agent_type", "model")
    fields += ("capture_method", "action_type", "error")
    for index, name in enumerate(fields):
        sent(emitter, **{name: f"value of {name}"})
        assert frame(receiver, index)[name] == f"value of {name}"


def test_an_empty_payload_is_absent_as_in_the_reference(receiver, emitter):
    sent(emitter, input="", output=b"", usage="")
    assert not {"input", "output", "usage"} & frame(receiver).keys()


def test_the_session_is_given_or_a_random_uuid(places):
    assert DaemonEmitter(socket_path=str(places.socket), session_id="given").session_id == "given"
    made = [DaemonEmitter(socket_path=str(places.socket)).session_id for _ in range(2)]
    assert made[0] != made[1]
    assert all(uuid.UUID(one).version == 4 and str(uuid.UUID(one)) == one for one in made)


def test_without_a_path_it_is_the_daemons_own(places, monkeypatch):
    assert agentreceipts.default_socket_path() == str(places.default_socket)
    assert DaemonEmitter().socket_path == str(places.default_socket)
    monkeypatch.setenv("AGENTRECEIPTS_SOCKET", "/tmp/elsewhere.sock")
    assert agentreceipts.default_socket_path() == DaemonEmitter().socket_path == "/tmp/elsewhere.sock"
    assert DaemonEmitter(socket_path="/tmp/given.sock").socket_path == "/tmp/given.sock"


def test_a_long_path_is_told_whole(places):
    path = "/tmp/" + "x" * 3000
    assert DaemonEmitter(socket_path=path).socket_path == path


def test_a_path_of_bytes_that_are_no_text_is_kept(places):
    assert DaemonEmitter(socket_path="/tmp/\udcff.sock").socket_path == "/tmp/\udcff.sock"


def test_after_close_it_raises_and_closing_again_does_not(receiver, emitter):
    sent(emitter)
    emitter.close()
    emitter.close()
    for emit in (emitter.emit, emitter.emit_acknowledged):
        with pytest.raises(RuntimeError, match="^emitter: closed$"):
            emit(**EVENT)
    assert (emitter.session_id, emitter.dropped) == ("s", 0)


def test_leaving_the_block_closes_it_and_passes_exceptions_on(places):
    with pytest.raises(KeyError):
        with DaemonEmitter(socket_path=str(places.socket)) as emitter:
            raise KeyError("ours")
    with pytest.raises(RuntimeError):
        emitter.emit(**EVENT)


def test_an_emitter_that_is_forgotten_hangs_up(receiver, places):
    emitter = DaemonEmitter(socket_path=str(places.socket))
    sent(emitter)
    del emitter
    gc.collect()
    assert len(receiver.all()) == 1


def test_nobody_there_is_a_transport_error_and_counted():
    emitter = without_server()
    for count in (1, 2):
        with pytest.raises(EmitTransportError, match="^emitter: .*nonexistent") as raised:
            emitter.emit(**EVENT)
        assert raised.value.code == ErrorCode.DIAL
        assert emitter.dropped == count


def test_best_effort_keeps_transport_failures_and_nothing_else():
    emitter = DaemonEmitter(socket_path="/nonexistent/events.sock", best_effort=True)
    assert emitter.emit(**EVENT) is None
    assert emitter.dropped == 1
    with pytest.raises(ValueError):
        emitter.emit(channel="", tool_name="t", decision="allowed")
    with pytest.raises(EmitTransportError):
        emitter.emit_acknowledged(**EVENT)
    emitter.close()
    with pytest.raises(RuntimeError):
        emitter.emit(**EVENT)


def test_what_was_lost_is_told_with_the_next_that_gets_through(places):
    emitter = DaemonEmitter(socket_path=str(places.socket), best_effort=True)
    emitter.emit(**EVENT)
    emitter.emit(**EVENT)
    lost = emitter.dropped
    assert lost == 2
    with Receiver(places.socket) as receiver:
        while emitter.dropped >= lost:
            lost = emitter.dropped
            emitter.emit(**EVENT)
        assert frame(receiver)["drop_count"] == lost
    assert emitter.dropped == 0


def test_nothing_is_logged_unless_a_logger_is_given(caplog):
    caplog.set_level(logging.DEBUG)
    DaemonEmitter(socket_path="/nonexistent/a.sock", best_effort=True).emit(**EVENT)
    assert caplog.records == []
    log = logging.getLogger("mine")
    DaemonEmitter(socket_path="/nonexistent/a.sock", best_effort=True, log=log).emit(**EVENT)
    with pytest.raises(EmitTransportError):
        DaemonEmitter(socket_path="/nonexistent/a.sock", log=log).emit(**EVENT)
    assert [(r.name, r.levelname, r.getMessage()) for r in caplog.records] == [
        ("mine", "DEBUG", "agent-receipts emitter dropped event")
    ] * 2
    record = caplog.records[0].__dict__
    assert (record["stage"], record["socket"]) == ("dial", "/nonexistent/a.sock")
    assert "nonexistent" in record["err"]


def test_it_cannot_be_copied_or_pickled(emitter):
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            attempt(emitter)


def test_an_identity_stands_in_every_event_and_one_event_may_say_otherwise(receiver, places):
    with DaemonEmitter(socket_path=str(places.socket), issuer_name="Editor", operator_id="did:web:a", operator_name="A") as emitter:
        sent(emitter)
        sent(emitter, issuer_name="Other")
    members = ("issuer_name", "operator_id", "operator_name")
    assert [frame(receiver, 0)[name] for name in members] == ["Editor", "did:web:a", "A"]
    assert [frame(receiver, 1)[name] for name in members] == ["Other", "did:web:a", "A"]


def test_64_threads_at_once_lose_and_double_nothing(receiver, places):
    with DaemonEmitter(socket_path=str(places.socket)) as emitter:
        together, failed = threading.Barrier(64), []

        def run(thread: int) -> None:
            together.wait()
            for index in range(10):
                try:
                    emitter.emit(**EVENT, correlation_id=f"{thread}-{index}")
                except EmitTransportError as error:
                    failed.append(error)

        threads = [threading.Thread(target=run, args=(thread,)) for thread in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    arrived = [event["correlation_id"] for event in receiver.all()]
    assert len(arrived) == len(set(arrived)) == 640 - len(failed)


def test_threads_that_close_free_and_emit_at_once_get_exceptions_and_no_crash(receiver, places):
    allowed = (RuntimeError, EmitTransportError)
    for _ in range(20):
        emitter = DaemonEmitter(socket_path=str(places.socket))
        together, wrong = threading.Barrier(8), []

        def run(closes: bool, emitter: DaemonEmitter = emitter, together: threading.Barrier = together, wrong: list = wrong) -> None:
            together.wait()
            try:
                emitter.close() if closes else emitter.emit(**EVENT)
            except allowed:
                pass
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=run, args=(number % 4 == 0,)) for number in range(8)]
        for thread in threads:
            thread.start()
        del emitter
        for thread in threads:
            thread.join()
        assert wrong == []


def test_what_is_acknowledged_is_in_the_chain_and_verifies(daemon):
    with DaemonEmitter(socket_path=str(daemon.socket)) as emitter:
        receipt = emitter.emit_acknowledged(timeout=60, input='{"path":"a.txt"}', **EVENT)
    assert isinstance(receipt, agentreceipts.Receipt)
    assert daemon.stop() == 0
    rows = {row.id: row for row in database.rows(Path(daemon.database))}
    row = rows[receipt.receipt_id]
    assert (row.chain_id, row.sequence, row.receipt_hash) == (receipt.chain_id, receipt.sequence, receipt.receipt_hash)
    done = programs.verify(daemon.database, daemon.public_key)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_refusal_says_why(daemon):
    with DaemonEmitter(socket_path=str(daemon.socket)) as emitter:
        with pytest.raises(EmitRefusedError) as raised:
            patiently(lambda: emitter.emit_acknowledged(timeout=60, action_type="agent.key.rotate", **EVENT))
    assert (raised.value.code, bool(raised.value.refusal), bool(raised.value.reason)) == (ErrorCode.REFUSED, True, True)


def test_no_reply_is_a_transport_error_and_no_drop(receiver, emitter):
    sent(emitter)
    with pytest.raises(EmitTransportError) as raised:
        patiently_written(emitter)
    assert raised.value.code == ErrorCode.NO_REPLY
    # It was not lost: it went out, and nobody knows what became of it.
    assert emitter.dropped == 0


def patiently_written(emitter: DaemonEmitter) -> None:
    """Asks for an answer until the question has gone out."""
    while True:
        try:
            emitter.emit_acknowledged(timeout=0.5, **EVENT)
        except EmitTransportError as error:
            if error.code == ErrorCode.NO_REPLY:
                raise
            sent(emitter)
