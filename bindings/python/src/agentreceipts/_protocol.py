"""What this emitter speaks, under the names of the reference."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DaemonProtocolRange:
    """The versions of the event frame from ``min`` to ``max``, both included."""

    min: int
    max: int


DAEMON_PROTOCOL_RANGE = DaemonProtocolRange(min=1, max=1)
