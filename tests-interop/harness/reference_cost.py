"""What the languages' own emitters are compared with, as a driver of two requests: `cost` is what an event costs the caller of the
published client, `write` what one system call costs that writes as many bytes. One JSON object a line.
"""

import json
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from obsigna import DaemonEmitter  # noqa: E402

from harness.frames import frame  # noqa: E402


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        measured = write(request) if request["do"] == "write" else cost(request)
        print(json.dumps({"microseconds": measured}), flush=True)


def cost(request: dict) -> list[float]:
    with DaemonEmitter(socket_path=request["socket"], session_id="cost") as emitter:
        return percentiles(request, lambda: emitter.emit(**request["event"]))


def write(request: dict) -> list[float]:
    event = dict(request["event"])
    payloads = {name: json.loads(event[name]) for name in ("input", "output")}
    body = json.dumps(frame(event["tool_name"], channel=event["channel"], **payloads)).encode()
    framed = struct.pack(">I", len(body)) + body
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(request["socket"])
        return percentiles(request, lambda: connection.sendall(framed))


def percentiles(request: dict, emit: Callable[[], None]) -> list[float]:
    """The 50th, 90th and 99th, the caller at work in between."""
    emit()
    times = []
    for _ in range(request["events"]):
        began = time.perf_counter_ns()
        emit()
        times.append(time.perf_counter_ns() - began)
        rest = time.perf_counter_ns() + request["pause_us"] * 1000
        while time.perf_counter_ns() < rest:
            pass
    times.sort()
    return [times[(len(times) - 1) * percent // 100] / 1000 for percent in (50, 90, 99)]


if __name__ == "__main__":
    main()
