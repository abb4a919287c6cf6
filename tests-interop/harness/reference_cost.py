"""The published client as a driver that knows one request: what an event costs its caller. One JSON object a line."""

import json
import sys
import time

from obsigna import DaemonEmitter


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        emitter = DaemonEmitter(socket_path=request["socket"], session_id="cost")
        print(json.dumps({"microseconds": cost(emitter, request)}), flush=True)
        emitter.close()


def cost(emitter: DaemonEmitter, request: dict) -> list[float]:
    """The 50th, 90th and 99th percentile, the caller at work in between."""
    event = request["event"]
    emitter.emit(**event)
    times = []
    for _ in range(request["events"]):
        began = time.perf_counter_ns()
        emitter.emit(**event)
        times.append(time.perf_counter_ns() - began)
        rest = time.perf_counter_ns() + request["pause_us"] * 1000
        while time.perf_counter_ns() < rest:
            pass
    times.sort()
    return [times[(len(times) - 1) * percent // 100] / 1000 for percent in (50, 90, 99)]


if __name__ == "__main__":
    main()
