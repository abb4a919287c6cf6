"""One emitting process: sends events by the published client and reports, as JSON, who it was and what it sent.

Arguments: the socket, this process's number, how many events. It is run as a program, once for each process.
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from obsigna import DaemonEmitter, EmitTransportError  # noqa: E402

from harness.events import event  # noqa: E402

# The client gives up after 25 ms of dialling or 100 ms of writing, which a loaded machine may well need. It sends a
# frame again only when it knows that the daemon cannot have had all of it, so no event is ever sent twice.
ATTEMPTS = 200


def main() -> None:
    socket_path, number, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with DaemonEmitter(socket_path=socket_path, session_id=f"session-{number}") as emitter:
        again = 0
        for index in range(count):
            again += emit(emitter, event(number, index))
    print(
        json.dumps(
            {
                "number": number,
                "pid": os.getpid(),
                "uid": os.getuid(),
                "gid": os.getgid(),
                "exe_path": os.readlink("/proc/self/exe") if os.path.exists("/proc/self/exe") else None,
                "again": again,
            }
        )
    )


def emit(emitter: DaemonEmitter, arguments: dict) -> int:
    """Sends one event; returns how often that had to be tried again."""
    for attempt in range(ATTEMPTS):
        try:
            emitter.emit(**arguments)
            return attempt
        except EmitTransportError:
            time.sleep(0.05)
    raise SystemExit(f"the daemon did not take an event in {ATTEMPTS} attempts")


if __name__ == "__main__":
    main()
