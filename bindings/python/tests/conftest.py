"""What the tests stand on: a private folder, a listener that takes frames apart, and our own daemon, as the interoperability tests have them."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

# An interpreter that cannot load what the wheel has in C is to see nothing of it: the same tests, where there is none.
PLAIN = "AGENT_RECEIPTS_PLAIN" in os.environ
if PLAIN:
    sys.modules["agentreceipts._native"] = None  # type: ignore[assignment]

import agentreceipts  # noqa: E402

INTEROP = Path(__file__).resolve().parents[3] / "tests-interop"
sys.path.insert(0, str(INTEROP))

from harness.places import Places  # noqa: E402
from harness.programs import Daemon  # noqa: E402
from harness.receiver import Receiver  # noqa: E402

EVENT: dict[str, Any] = {"channel": "sdk", "tool_name": "read_file", "decision": "allowed"}


def pytest_collection_finish() -> None:
    """What the modules hold stays: the collections after the tests look at what these have made, and at nothing else."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[Places]:
    """A home and a runtime folder of the test's own: no emitter of a test meets the daemon of the machine's user."""
    made = Places()
    monkeypatch.delenv("AGENTRECEIPTS_SOCKET", raising=False)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    yield made
    # An emitter that a test has forgotten leaves its count when it is collected: while there is a folder for it, and not in one made anew.
    gc.collect()
    made.remove()


@pytest.fixture
def receiver(places: Places) -> Iterator[Receiver]:
    """Whoever emits to `places.socket` is heard."""
    with Receiver(places.socket) as listening:
        yield listening


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A real daemon, with a database and a key of its own."""
    with Daemon() as running:
        yield running


@pytest.fixture
def emitter(places: Places) -> Iterator[agentreceipts.DaemonEmitter]:
    with agentreceipts.DaemonEmitter(socket_path=str(places.socket), session_id="s") as made:
        yield made


def patiently(emit: Callable[[], Any]) -> Any:
    """Does what must get through. An emitter gives up within a fraction of a second, which a loaded machine may well need."""
    for _ in range(200):
        try:
            return emit()
        except agentreceipts.EmitTransportError:
            time.sleep(0.05)
    raise AssertionError("nobody took the event")


def sent(emitter: agentreceipts.DaemonEmitter, **event: Any) -> None:
    patiently(lambda: emitter.emit(**{**EVENT, **event}))


def frame(receiver: Receiver, index: int = 0) -> dict[str, Any]:
    """The frame that came as number `index`, from 0."""
    found: dict[str, Any] = json.loads(receiver.wait_for(index + 1)[index])
    return found


def without_server() -> agentreceipts.DaemonEmitter:
    """An emitter that reaches nobody."""
    return agentreceipts.DaemonEmitter(socket_path="/nonexistent/events.sock", session_id="s")
