"""What the MCP proxy adds to a call over stdio, beside the server alone, in one run: prints tables, judges nothing.

`cargo xtask mcp-latency` builds everything as released and calls this. The ways take turns, so that what else the machine does meets
all of them. A call is what a client sees: from the first byte of the request to the last one of the answer.
"""

import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness import proxy
from harness.flows import PROGRAMS, package
from harness.programs import DEADLINE, Daemon, binary

ROUNDS = 7
CALLS = 2000
WARM = 200
# A call that takes longer than this has waited for something that is not the work.
WAITED_US = 5_000
SERVERS: dict[str, tuple[list[str], str, dict]] = {
    "a server that does nothing else (Python)": (
        [sys.executable, "-B", "-S", str(PROGRAMS / "readers" / "echo.py")],
        "echo",
        {"path": "/srv/data/report.txt", "head": 20},
    ),
    "the official example server (Node)": ([*package("everything"), "stdio"], "echo", {"message": "a line of text, as they come"}),
}
ALONE, ON, STOPPED, ABSENT = "alone", "proxy, daemon on", "proxy, daemon stopped", "proxy, no daemon"


class Pipe:
    """A client with nothing in it that costs: the bytes of the calls are made beforehand."""

    def __init__(self, line: list[str], environment: dict[str, str]):
        self.process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, bufsize=0
        )
        self.into, self.out = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.made = 0

    def begin(self) -> None:
        given = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "latency", "version": "1"}}
        self.ask(request(0, "initialize", given), b'"id":0')
        os.write(self.into, b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')

    def ask(self, data: bytes, id: bytes) -> None:
        """Writes, and reads until the answer of this id is whole."""
        os.write(self.into, data)
        heard = b""
        while True:
            piece = os.read(self.out, 1 << 16)
            if not piece:
                raise SystemExit("the other side has ended")
            heard += piece
            if heard.endswith(b"\n") and id in heard.replace(b" ", b""):
                return

    def calls(self, count: int, name: str, arguments: dict) -> list[float]:
        """So many calls, one after the other; what each took, in microseconds."""
        times = []
        for _ in range(count):
            self.made += 1
            data = request(self.made, "tools/call", {"name": name, "arguments": arguments})
            id = f'"id":{self.made}'.encode()
            began = time.perf_counter_ns()
            self.ask(data, id)
            times.append((time.perf_counter_ns() - began) / 1000)
        return times

    def end(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(DEADLINE)
        finally:
            self.process.kill()


def wrapped(server: list[str]) -> list[str]:
    """As an agent's configuration has it, with nothing but a name."""
    return [binary("agent-receipts-mcp"), "--name", "latency", "--", *server]


def request(id: int, method: str, params: dict) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}, separators=(",", ":")).encode() + b"\n"


def main() -> int:
    for title, (server, name, arguments) in SERVERS.items():
        times: dict[str, list[list[float]]] = {}
        with ways(server) as opened:
            for way, pipe in opened.items():
                pipe.begin()
                pipe.calls(WARM, name, arguments)
            for _ in range(ROUNDS):
                for way, pipe in opened.items():
                    times.setdefault(way, []).append(pipe.calls(CALLS, name, arguments))
        show(title, times)
    stopping()
    return 0


@contextmanager
def ways(server: list[str]) -> Iterator[dict[str, Pipe]]:
    """The server alone and behind the proxy, all of them running at once, each waiting for its turn."""
    with Daemon() as daemon, Daemon() as stopped:
        environment = proxy.environment(daemon)
        nowhere = environment | {"AGENTRECEIPTS_SOCKET": str(daemon.folder / "nobody.sock")}
        opened = {
            ALONE: Pipe(server, environment),
            ON: Pipe(wrapped(server), environment),
            STOPPED: Pipe(wrapped(server), proxy.environment(stopped)),
            ABSENT: Pipe(wrapped(server), nowhere),
        }
        stopped.stop()
        try:
            yield opened
        finally:
            for pipe in opened.values():
                pipe.end()


def stopping() -> None:
    """What the calls cost that find out that the daemon is gone: one that was stopped, and one that is there and reads nothing."""
    _, (server, name, arguments) = next(iter(SERVERS.items()))
    endings: dict[str, Callable[[Daemon], object]] = {
        "stopped": lambda daemon: daemon.stop(),
        "deaf (SIGSTOP)": lambda daemon: daemon.process.send_signal(signal.SIGSTOP),
    }
    print(f"\nThe daemon goes while a proxy calls: {CALLS * 3} calls after that, each longer than {WAITED_US / 1000:.0f} ms told.\n")
    print("| the daemon is | median µs | longer calls, in ms |\n|---|---|---|")
    for ending, act in endings.items():
        with Daemon() as daemon:
            pipe = Pipe(wrapped(server), proxy.environment(daemon))
            pipe.begin()
            pipe.calls(WARM, name, arguments)
            act(daemon)
            times = pipe.calls(CALLS * 3, name, arguments)
            pipe.end()
        waited = ", ".join(f"{each / 1000:.1f}" for each in times if each > WAITED_US)
        print(f"| {ending} | {statistics.median(times):.1f} | {waited or 'none'} |")


def show(title: str, times: dict[str, list[list[float]]]) -> None:
    print(f"\n{title}: {ROUNDS} turns of {CALLS} calls, one after the other; {platform.machine()}, {os.cpu_count()} cores.\n")
    print("| way | median µs | 90 % | 99 % | added at the median |\n|---|---|---|---|---|")
    alone = None
    for way, turns in times.items():
        each = [statistics.quantiles(turn, n=100) for turn in turns]
        half, most, nearly_all = (statistics.median(turn[at] for turn in each) for at in (49, 89, 98))
        alone = half if alone is None else alone
        added = f"{half - alone:.1f}" if way != ALONE else ""
        print(f"| {way} | {half:.1f} | {most:.1f} | {nearly_all:.1f} | {added} |")


if __name__ == "__main__":
    sys.exit(main())
