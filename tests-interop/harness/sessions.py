"""A daemon with a chain for each session, and sessions of a published client in it."""

import unittest

from obsigna import DaemonEmitter

from harness.programs import Daemon


def written(case: type[unittest.TestCase], sessions: list[str], events: int) -> Daemon:
    """A daemon that has stored so many events of each session, and still runs; it is removed after the tests of `case`."""
    daemon = Daemon("--chains", "session")
    case.addClassCleanup(daemon.remove)
    daemon.start()
    for session in sessions:
        with DaemonEmitter(socket_path=str(daemon.socket), session_id=session) as emitter:
            for index in range(events):
                emitter.emit(channel="sdk", tool_name=f"tool-{index}", decision="allowed", input="[1]")
    daemon.wait_for_receipts(len(sessions) * events)
    return daemon
