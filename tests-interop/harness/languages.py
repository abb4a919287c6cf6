"""Emitters in several languages, each a process of its own: the published one in Python, raw frames in Node and Go.

The SDKs of the other two languages are not to be had from their registries; these clients send what those would.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.programs import DEADLINE, Daemon

HERE = Path(__file__).resolve().parent
NODE = os.environ.get("AGENT_RECEIPTS_NODE")
GO_EMITTER = os.environ.get("AGENT_RECEIPTS_GO_EMITTER")


@dataclass(frozen=True)
class Language:
    """How an emitter of this language is started; `missing` says why it cannot be."""

    name: str
    command: tuple[str, ...]
    missing: str | None = None

    def start(self, daemon: Daemon, session: str, events: int) -> subprocess.Popen:
        return subprocess.Popen(
            [*self.command, str(daemon.socket), session, str(events)], stdout=subprocess.PIPE, env=daemon.environment()
        )


LANGUAGES = (
    Language("python", (sys.executable, "-B", str(HERE / "emitter_session.py"))),
    Language("node", (NODE or "", str(HERE.parent / "clients" / "emit.js")), None if NODE else "no Node here"),
    Language("go", (GO_EMITTER or "",), None if GO_EMITTER else "no Go here"),
)


def ended(language: Language, process: subprocess.Popen) -> dict:
    """Waits for an emitter, and gives what it said of itself."""
    said, _ = process.communicate(timeout=DEADLINE)
    if process.returncode != 0:
        raise AssertionError(f"the {language.name} emitter exited with {process.returncode}")
    return json.loads(said)
