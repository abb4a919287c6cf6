"""What emitting costs in each language, beside the published client, in one run: prints tables, judges nothing.

`cargo xtask emit-cost` builds everything as released and calls this. Each language takes its turn several times, so that what else
the machine does meets all of them; a figure is the median of its turns.
"""

import platform
import statistics
import subprocess
import sys
from pathlib import Path

from harness.drivers import Driver, languages
from harness.places import Places
from harness.programs import DEADLINE, Daemon, binary

ROUNDS = 5
# How many events, and the microseconds of work between two. Apart, each event wakes a daemon that sleeps; at once, in fewer events
# than its queue holds, it is awake.
REGIMES = {"apart": (2000, 1000), "at once": (250, 0)}
IMPORTS = 15
EVENT = {
    "channel": "mcp",
    "tool_server": "github",
    "tool_name": "list_repos",
    "decision": "allowed",
    "input": '{"owner":"example","page":1,"query":"' + "label:receipts is:open sort:updated-desc " * 4 + '"}',
    "output": '{"count":3,"isError":false}',
}
PUBLISHED = "published client (Python)"
# Not an event: the system's part of one, which is for waking the daemon above all.
WRITE = "one write of as many bytes (Python)"
COMPARED = {PUBLISHED: "cost", WRITE: "write"}
IMPORT = "import time; began = time.perf_counter_ns(); import {}; print((time.perf_counter_ns() - began) / 1e6)"


def main() -> int:
    places = Places()
    try:
        for regime, (events, pause_us) in REGIMES.items():
            asked = {"events": events, "pause_us": pause_us, "event": EVENT}
            costs = {}
            for _ in range(ROUNDS):
                for name, command in commands().items():
                    costs.setdefault(name, []).append(one_turn(name, command, places, asked))
            work = f"{pause_us} µs of work between two" if pause_us else "nothing between two"
            print(f"\nEvents {regime}: {ROUNDS} turns of {events}, {work}, on a warm connection; {platform.machine()}.\n")
            show_costs(costs)
        show_imports(places)
    finally:
        places.remove()
    return 0


def commands() -> dict[str, list[str]]:
    """The drivers by language; Rust's as released, whatever the tests used."""
    known = {name: driver["command"] for name, driver in languages().items() if driver.get("command")}
    script = Path(__file__).with_name("harness") / "reference_cost.py"
    return known | {"rust": [binary("driver-rust")]} | dict.fromkeys(COMPARED, [sys.executable, "-B", str(script)])


def one_turn(name: str, command: list[str], places: Places, asked: dict) -> list[float]:
    """One daemon, one emitter, and what its events cost; begun anew where an event did not get through."""
    for _ in range(3):
        answer = attempt(name, command, places, asked)
        if "microseconds" in answer:
            return answer["microseconds"]
    raise SystemExit(f"{name}: {answer}")


def attempt(name: str, command: list[str], places: Places, asked: dict) -> dict:
    with Daemon() as daemon, Driver(command, places, places.environment()) as driver:
        if name in COMPARED:
            return driver.ask(COMPARED[name], socket=str(daemon.socket), **asked)
        driver.new(socket=daemon.socket)
        return driver.ask("cost", on="a", **asked)


def show_costs(costs: dict[str, list[list[float]]]) -> None:
    medians = {name: [statistics.median(turn[at] for turn in turns) for at in range(3)] for name, turns in costs.items()}
    print("| emitter | median µs | 90 % | 99 % | of the published client's median |")
    print("|---|---|---|---|---|")
    for name, (half, most, nearly_all) in sorted(medians.items(), key=lambda entry: entry[1]):
        share = f"1/{medians[PUBLISHED][0] / half:.1f}" if name != PUBLISHED else "1"
        print(f"| {name} | {half:.1f} | {most:.1f} | {nearly_all:.1f} | {share} |")


def show_imports(places: Places) -> None:
    modules = {"obsigna": [sys.executable]}
    if "python" in commands():
        modules["agentreceipts"] = commands()["python"][:1]
    print("\n| module | import, median ms |\n|---|---|")
    for module, interpreter in modules.items():
        asked = [*interpreter, "-I", "-c", IMPORT.format(module)]
        # The first one writes the byte code that the others find, as at a user's second start.
        times = [imported(asked, places) for _ in range(IMPORTS + 1)][1:]
        print(f"| `{module}` | {statistics.median(times):.1f} |")


def imported(asked: list[str], places: Places) -> float:
    done = subprocess.run(asked, env=places.environment(), capture_output=True, text=True, timeout=DEADLINE, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
