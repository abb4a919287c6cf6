"""Finished recordings, made once and shared by the tests that look at them: a daemon was started, spoken to, stopped."""

import atexit
import functools
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from harness import database
from harness.frames import Wire
from harness.programs import DEADLINE, Daemon
from harness.raw_events import FRAMES, RECEIPTS

PROCESSES = 6
EVENTS_EACH = 50


@dataclass(frozen=True)
class Recording:
    """What a daemon left behind, and what its clients knew of themselves."""

    folder: Path
    database: Path
    public_key: Path
    exit_code: int
    log: str
    emitters: list[dict] = field(default_factory=list)
    acknowledgements: dict[str, dict] = field(default_factory=dict)
    unasked: bytes = b""

    @functools.cached_property
    def rows(self) -> list[database.Row]:
        return database.rows(self.database)

    @functools.cached_property
    def chains(self) -> list[str]:
        return sorted({row.chain_id for row in self.rows})

    def copy(self, name: str) -> Path:
        return database.copy(self.database, self.folder / name / "receipts.db")


@functools.cache
def by_published_client() -> Recording:
    """Several processes at once, each with a published emitter of its own."""
    daemon = started()
    script = Path(__file__).with_name("emitter_process.py")
    processes = [
        subprocess.Popen(
            [sys.executable, "-B", str(script), str(daemon.socket), str(number), str(EVENTS_EACH)],
            stdout=subprocess.PIPE,
            env=daemon.environment(),
        )
        for number in range(PROCESSES)
    ]
    emitters = []
    for process in processes:
        said, _ = process.communicate(timeout=DEADLINE)
        if process.returncode != 0:
            raise AssertionError(f"an emitting process exited with {process.returncode}; the daemon said:\n{daemon.said()}")
        emitters.append(json.loads(said))
    daemon.wait_for_receipts(PROCESSES * EVENTS_EACH)
    return finished(daemon, emitters=emitters)


@functools.cache
def by_hand() -> Recording:
    """Frames with every member there is, on one connection; those that ask for it are acknowledged."""
    daemon = started()
    acknowledgements = {}
    with Wire(daemon.socket) as wire:
        for sent in FRAMES:
            wire.send(sent)
            if sent.get("ack"):
                acknowledgements[sent["tool"]["name"]] = wire.reply()
        unasked = wire.finish()
    daemon.wait_for_receipts(RECEIPTS)
    return finished(daemon, acknowledgements=acknowledgements, unasked=unasked)


def started() -> Daemon:
    daemon = Daemon()
    atexit.register(daemon.remove)
    daemon.start()
    return daemon


def finished(daemon: Daemon, **known) -> Recording:
    code = daemon.stop()
    return Recording(daemon.folder, daemon.database, daemon.public_key, code, daemon.said(), **known)
