"""Processes: forks of every kind, and the end of the interpreter. Each test runs programs of its own, for a test runner has threads."""

import json
import subprocess
import sys

import pytest
from conftest import EVENT, frame
from harness.receiver import Receiver

from agentreceipts import DaemonEmitter

# Nothing here measures time; it only refuses to wait for ever.
DEADLINE = 120

BEGIN = """
import asyncio, atexit, json, multiprocessing, os, sys, threading, time
from agentreceipts import AsyncDaemonEmitter, DaemonEmitter, EmitTransportError
socket = sys.argv[1]
EVENT = dict(channel="sdk", tool_name="read_file", decision="allowed")

def sent(emitter, **event):
    while True:
        try:
            return emitter.emit(**EVENT, **event)
        except EmitTransportError:
            time.sleep(0.02)

def lost(emitter):
    try:
        emitter.emit(**EVENT)
    except EmitTransportError:
        return
    raise SystemExit("somebody was there")

def child(run):
    "Forks, runs `run` in the child, and gives what it returned."
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.write(write, json.dumps(run()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    _, status = os.waitpid(pid, 0)
    assert status == 0, status
    with open(read) as told:
        return json.load(told)
"""


def run(places, code: str, socket=None) -> str:
    """Runs a program to its end, which must be a good one."""
    command = [sys.executable, "-B", "-I", "-W", "ignore", "-c", BEGIN + code, str(socket or places.socket)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_file(places, tmp_path, code: str, socket=None) -> str:
    """The same from a file, which multiprocessing needs where it starts a fresh interpreter."""
    file = tmp_path / "program.py"
    file.write_text(BEGIN + code)
    command = [sys.executable, "-B", "-I", "-W", "ignore", str(file), str(socket or places.socket)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def told_next(places, session: str) -> int:
    """How many lost events the next emitter of a session tells of, besides those that it lost itself."""
    with Receiver(places.socket) as receiver, DaemonEmitter(socket_path=str(places.socket), session_id=session, best_effort=True) as emitter:
        own = 0
        while not receiver.bodies:
            before = emitter.dropped
            emitter.emit(**EVENT)
            own += emitter.dropped > before
        return frame(receiver).get("drop_count", 0) - own


def test_a_child_has_a_connection_and_a_count_of_its_own(places):
    with Receiver(places.socket) as receiver:
        found = run(
            places,
            """
emitter = DaemonEmitter(socket_path=socket, session_id="s")
elsewhere = DaemonEmitter(socket_path="/nonexistent/x.sock", session_id="t")
sent(emitter, correlation_id="parent-1")
lost(elsewhere); lost(elsewhere)

def in_child():
    before = elsewhere.dropped
    lost(elsewhere)
    sent(emitter, correlation_id="child")
    return [emitter.session_id, before, elsewhere.dropped]

told = child(in_child)
sent(emitter, correlation_id="parent-2")
print(json.dumps([told, elsewhere.dropped]))
""",
        )
        arrived = receiver.all()
    assert json.loads(found) == [["s", 0, 1], 2]
    assert [event["correlation_id"] for event in arrived] == ["parent-1", "child", "parent-2"]
    assert {event["session_id"] for event in arrived} == {"s"}
    # The parent keeps its connection; the child never writes on it.
    assert len(receiver.connections) >= 2
    assert receiver.torn == 0


def test_a_fork_in_the_midst_of_many_threads_leaves_the_child_able_to_emit(places):
    with Receiver(places.socket) as receiver:
        run(
            places,
            """
emitter = DaemonEmitter(socket_path=socket, session_id="s", best_effort=True)
ending = threading.Event()

def emit():
    while not ending.is_set():
        emitter.emit(**EVENT, correlation_id="parent")

threads = [threading.Thread(target=emit) for _ in range(8)]
for thread in threads: thread.start()
for number in range(20):
    child(lambda: sent(DaemonEmitter(socket_path=socket), correlation_id="new"))
    child(lambda: [emitter.emit(**EVENT, correlation_id="child") for _ in range(3)])
ending.set()
for thread in threads: thread.join()
""",
        )
        arrived = receiver.all()
    names = [event["correlation_id"] for event in arrived]
    assert names.count("new") == 20
    assert receiver.torn == 0


def test_an_emitter_that_was_closed_before_the_fork_is_closed_after_it(places):
    found = run(
        places,
        """
emitter = DaemonEmitter(socket_path=socket)
emitter.close()
def in_child():
    try:
        emitter.emit(**EVENT)
    except RuntimeError as error:
        return str(error)
print(child(in_child))
""",
    )
    assert found == "emitter: closed\n"


def test_a_child_that_closes_leaves_its_parent_open(places):
    with Receiver(places.socket) as receiver:
        run(
            places,
            """
emitter = DaemonEmitter(socket_path=socket)
sent(emitter, correlation_id="1")
child(lambda: emitter.close())
sent(emitter, correlation_id="2")
""",
        )
        assert [event["correlation_id"] for event in receiver.all()] == ["1", "2"]


def test_the_emitter_for_asyncio_works_in_a_child(places):
    with Receiver(places.socket) as receiver:
        run(
            places,
            """
emitter = AsyncDaemonEmitter(socket_path=socket)

async def patiently(name):
    while True:
        try:
            return await emitter.emit(**EVENT, correlation_id=name)
        except EmitTransportError:
            await asyncio.sleep(0.02)

asyncio.run(patiently("parent"))
child(lambda: asyncio.run(patiently("child")))
asyncio.run(patiently("parent"))
asyncio.run(emitter.close())
""",
        )
        assert [event["correlation_id"] for event in receiver.all()] == ["parent", "child", "parent"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_leaves_no_count_behind(places, tmp_path, method):
    found = run_file(
        places,
        tmp_path,
        f"""
inherited = DaemonEmitter(socket_path="/nonexistent/x.sock", session_id="inherited") if {method == "fork"} else None

def work(number):
    global kept
    if inherited is None or number == 1:
        kept = DaemonEmitter(socket_path="/nonexistent/x.sock", session_id="own")
    for _ in range(number):
        # The second child of a fork makes no emitter of its own.
        for emitter in (inherited, globals().get("kept")):
            if emitter is not None:
                lost(emitter)

if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    children = [context.Process(target=work, args=(number,)) for number in (1, 2)]
    for process in children: process.start()
    for process in children: process.join()
    print([process.exitcode for process in children])
""",
    )
    assert found == "[0, 0]\n"
    assert told_next(places, "own") == (1 if method == "fork" else 3)
    assert told_next(places, "inherited") == (3 if method == "fork" else 0)
    assert told_next(places, "own") == 0


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_an_emitter_that_a_program_makes_as_it_begins_leaves_the_count_of_every_worker(places, tmp_path, method):
    found = run_file(
        places,
        tmp_path,
        f"""
import concurrent.futures
emitter = DaemonEmitter(socket_path="/nonexistent/x.sock", session_id="own")
atexit.register(lost, emitter)

def work(number):
    lost(emitter)

if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        list(pool.map(work, range(5)))
    process = context.Process(target=work, args=(5,))
    process.start()
    process.join()
    print(process.exitcode)
""",
    )
    assert found == "0\n"
    # What is registered for the end of a program can still emit: in its first process, and in those that end as it does. Since 3.13 the workers
    # of a fork server do.
    ends = told_next(places, "own") - 6
    assert ends > 1 if method == "spawn" or (method == "forkserver" and sys.version_info >= (3, 13)) else ends == 1


ENDINGS = {
    "the end of the program": "",
    "sys.exit": "sys.exit(0)",
    "with a thread that is not waited for": "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
    "within another thread's emit": "threading.Thread(target=lambda: [lost(other) for _ in iter(int, 1)], daemon=True).start(); time.sleep(0.1)",
    "with the emitter in a cycle": "emitter.itself = [emitter]",
}


@pytest.mark.parametrize("how", ENDINGS)
def test_what_was_lost_is_left_at_the_end_of_the_interpreter(places, how):
    run(
        places,
        f"""
emitter = DaemonEmitter(socket_path="/nonexistent/x.sock", session_id="s")
other = DaemonEmitter(socket_path="/nonexistent/x.sock", session_id="other")
lost(emitter); lost(emitter)
{ENDINGS[how]}
""",
    )
    assert told_next(places, "s") == 2
    assert told_next(places, "s") == 0


def test_what_was_lost_is_left_at_close_and_when_the_emitter_is_forgotten(places):
    run(
        places,
        """
import gc
emitter = DaemonEmitter(socket_path="/nonexistent/x.sock", session_id="s")
lost(emitter)
emitter.close()
emitter = DaemonEmitter(socket_path="/nonexistent/y.sock", session_id="t")
lost(emitter)
del emitter
gc.collect()
os._exit(0)
""",
    )
    assert (told_next(places, "s"), told_next(places, "t")) == (1, 1)


def test_an_unhandled_exception_loses_no_count(places):
    code = 'emitter = DaemonEmitter(socket_path="/nonexistent/x.sock", session_id="s")\nlost(emitter)\nraise KeyError("theirs")'
    command = [sys.executable, "-B", "-I", "-c", BEGIN + code, "unused"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert (done.returncode, "KeyError: 'theirs'" in done.stderr) == (1, True)
    assert told_next(places, "s") == 1


def test_what_a_program_without_standard_streams_prints_is_no_frame(places):
    with Receiver(places.socket) as receiver:
        run(
            places,
            """
emitter = DaemonEmitter(socket_path=socket)
for stream in range(3):
    os.close(stream)
sent(emitter, correlation_id="first")
for stream in range(3):
    try:
        os.write(stream, b"printed")
    except OSError:
        continue
    os._exit(1)
sent(emitter, correlation_id="second")
emitter.close()
os._exit(0)
""",
        )
        assert [event["correlation_id"] for event in receiver.all()] == ["first", "second"]
        assert receiver.torn == 0


def test_handlers_at_exit_can_still_emit(places):
    with Receiver(places.socket) as receiver:
        run(
            places,
            """
atexit.register(lambda: sent(emitter, correlation_id="last"))
emitter = DaemonEmitter(socket_path=socket)
sent(emitter, correlation_id="first")
""",
        )
        assert [event["correlation_id"] for event in receiver.all()] == ["first", "last"]


def test_where_a_count_is_left_can_be_said(places, tmp_path):
    def lose(folder) -> int:
        emitter = DaemonEmitter(socket_path="/nonexistent/x.sock", session_id="s", best_effort=True, drop_folder=folder)
        emitter.emit(**EVENT)
        emitter.close()
        return emitter.dropped

    assert lose(tmp_path / "drops") == 0
    assert len(list((tmp_path / "drops").iterdir())) == 1
    # Nowhere, or where nothing can be: then it says what nobody will tell.
    assert (lose(None), lose("/dev/null/drops")) == (1, 1)
    assert told_next(places, "s") == 0
