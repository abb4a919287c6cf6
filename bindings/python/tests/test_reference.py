"""Replacing the import is enough: the same program, with the published client and with ours."""

import inspect

import obsigna
import pytest
from conftest import patiently
from harness.receiver import Receiver

import agentreceipts

SNIPPET = """
import json
from {module} import (
    DAEMON_PROTOCOL_RANGE, DaemonEmitter, DaemonProtocolRange, EmitTransportError, default_socket_path,
)

def emit(**event):
    global lost
    while True:
        try:
            return emitter.emit(channel="sdk", decision="allowed", **event)
        except EmitTransportError:
            lost += 1

def outcome(attempt):
    try:
        return repr(attempt())
    except (ValueError, RuntimeError, EmitTransportError) as error:
        return next(kind.__name__ for kind in (EmitTransportError, ValueError, RuntimeError) if isinstance(error, kind))

lost = 0
found = [DAEMON_PROTOCOL_RANGE.min, DAEMON_PROTOCOL_RANGE.max, default_socket_path()]
found.append(DAEMON_PROTOCOL_RANGE == DaemonProtocolRange(min=1, max=1))
with DaemonEmitter(socket_path=socket_path, session_id="session-1", log=None, best_effort=False) as emitter:
    found.append(emitter.session_id)
    emit(tool_name="plain")
    emit(tool_name="full", tool_server="github", action_type="filesystem.file.read", target_system="filesystem",
         target_resource="/srv/größe", input='{{"b": 1.50, "a": "é"}}', output=b'[1, 2]', error="exit status 1")
    emit(tool_name="empty", tool_server="", input="", output=None, error="")
    emit(tool_name="none", input="null", output="[]")
    good = dict(channel="sdk", tool_name="t", decision="allowed")
    for wrong in (dict(channel=""), dict(channel=None), dict(tool_name=""), dict(tool_name=7), dict(decision="yes"), dict(decision=""),
                  dict(tool_server=None), dict(action_type=3), dict(error=b"x"), dict(target_system="a"), dict(target_resource="a"),
                  dict(target_system="x" * 257, target_resource="a"), dict(target_system="x", target_resource="a" * 4097),
                  dict(input="{{"), dict(input=b"\\xff"), dict(input="NaN"), dict(output="1e400"), dict(input='"\\ud800"'),
                  dict(input='"' + "x" * (1 << 20) + '"')):
        found.append((str(wrong)[:60], outcome(lambda: emitter.emit(**(good | wrong)))))
emitter.close()
found.append(outcome(lambda: emitter.emit(**good)))
for wrong in (dict(socket_path=None), dict(socket_path=5), dict(session_id=None), dict(best_effort="yes")):
    found.append((str(wrong), outcome(lambda: DaemonEmitter(**wrong))))
found.append(outcome(lambda: DaemonEmitter(socket_path="/nonexistent/x.sock").emit(**good)))
found.append(outcome(lambda: DaemonEmitter(socket_path="/nonexistent/x.sock", best_effort=True).emit(**good)))
"""


def run(module: str, places) -> tuple[list, list]:
    """What the snippet found, and the frames that it sent, without what differs from moment to moment."""
    with Receiver(places.socket) as receiver:
        names: dict = {"socket_path": str(places.socket)}
        exec(compile(SNIPPET.format(module=module), module, "exec"), names)
        frames = receiver.all()
    for event in frames:
        assert event.pop("ts_emit")
        event.pop("drop_count", None)
    return names["found"], frames


def test_the_same_program_finds_and_sends_the_same(places):
    theirs, their_frames = run("obsigna", places)
    ours, our_frames = run("agentreceipts", places)
    assert ours == theirs
    assert our_frames == their_frames
    assert len(our_frames) == 4


def test_payloads_go_out_in_the_same_bytes(places):
    payload = '{ "b":1.50,\n"a" : "\\u00e9é" }'
    for module in (obsigna, agentreceipts):
        with Receiver(places.socket) as receiver, module.DaemonEmitter(socket_path=str(places.socket)) as emitter:
            for _ in range(200):
                try:
                    emitter.emit(channel="sdk", tool_name="t", decision="allowed", input=payload)
                    break
                except module.EmitTransportError:
                    continue
            assert payload.encode() in receiver.wait_for(1)[0]


def test_constants_have_the_names_and_values_of_the_reference():
    from obsigna import daemon_emitter as theirs

    for name in ("MAX_FRAME_SIZE", "MAX_IDENTITY_FIELD_LEN", "MAX_TARGET_RESOURCE_LEN", "SUPPORTED_FRAME_VERSION"):
        assert getattr(agentreceipts, name) == getattr(theirs, name)


@pytest.mark.parametrize("what", ["__init__", "emit", "close"])
def test_every_keyword_of_the_reference_is_one_of_ours_with_the_same_default(what):
    theirs = inspect.signature(getattr(obsigna.DaemonEmitter, what)).parameters
    ours = inspect.signature(getattr(agentreceipts.DaemonEmitter, what)).parameters
    # A method written in C takes the emitter itself by its place alone.
    for name, parameter in list(theirs.items())[1:]:
        assert (ours[name].kind, ours[name].default) == (parameter.kind, parameter.default), name


def test_both_clients_in_one_chain(daemon):
    from harness import database, programs

    with obsigna.DaemonEmitter(socket_path=str(daemon.socket)) as theirs, agentreceipts.DaemonEmitter(socket_path=str(daemon.socket)) as ours:
        for index in range(10):
            event = {"channel": "sdk", "tool_name": f"tool-{index}", "decision": "allowed"}
            for _ in range(200):
                try:
                    theirs.emit(**event)
                    break
                except obsigna.EmitTransportError:
                    continue
            patiently(lambda event=event: ours.emit(**event))
        daemon.wait_for_receipts(20)
    assert daemon.stop() == 0
    rows = database.rows(daemon.database)
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    done = programs.verify(daemon.database, daemon.public_key)
    assert done.returncode == 0, done.stdout + done.stderr
