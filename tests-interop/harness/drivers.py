"""One small program a language that does with its emitter what it is told to, one JSON object a line.

`cargo xtask test` builds them and names them in the file that AGENT_RECEIPTS_DRIVERS leads to: an object of languages, each with a
`command`, or with `missing` where this machine cannot run it and that was not to fail.
"""

import json
import os
import queue
import subprocess
import threading
import time
from pathlib import Path

from harness.places import Places

# Nothing here measures time; it only refuses to wait for ever.
DEADLINE = 120.0
ATTEMPTS = 100


def languages() -> dict[str, dict]:
    """The languages whose driver is in the checkout; empty outside of `cargo xtask test`."""
    table = os.environ.get("AGENT_RECEIPTS_DRIVERS")
    return json.loads(Path(table).read_text()) if table else {}


class Driver:
    """One running driver. Leaving it, as a context manager, ends it if it still runs."""

    def __init__(self, command: list[str], places: Places, environment: dict[str, str], folder: Path | None = None):
        self.said = places.folder / f"driver-{time.monotonic_ns()}.log"
        self.transport_errors = 0
        with open(self.said, "wb") as said:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=environment, cwd=folder or places.folder
            )
        self.lines: queue.Queue[bytes] = queue.Queue()
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.reading.start()

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE)
        self.reading.join(DEADLINE)
        self.process.stdout.close()
        try:
            self.process.stdin.close()
        except OSError:
            pass

    def read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(b"")

    def ask(self, do: str, **more) -> dict:
        """One request and its answer, an error being one of them."""
        request = {"do": do} | {name: value for name, value in more.items() if value is not None}
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=DEADLINE)
        except (OSError, queue.Empty) as error:
            raise self.failed(f"`{do}` was not answered: {error!r}") from error
        if not line:
            raise self.failed(f"`{do}` was not answered: the driver ended")
        answer = json.loads(line)
        if "fault" in answer:
            raise self.failed(f"`{do}`: {answer['fault']}")
        return answer

    def new(self, on: str = "a", **given) -> str:
        """Makes an emitter and gives its handle back."""
        answer = self.ask("new", on=on, **{name: str(v) if name == "socket" else v for name, v in given.items()})
        if answer != {"ok": True}:
            raise self.failed(f"no emitter was made: {answer}")
        return on

    def emit(self, event: dict, on: str = "a", acknowledged_ms: int | None = None) -> dict:
        return self.ask("emit", on=on, event=event, acknowledged_ms=acknowledged_ms)

    def sent(self, event: dict, on: str = "a") -> None:
        """Emits what must get through. The emitter gives up within a fraction of a second, which a loaded machine may well need."""
        for _ in range(ATTEMPTS):
            answer = self.emit(event, on)
            if answer == {"ok": True}:
                return
            if answer.get("error") != "transport":
                break
            self.transport_errors += 1
            time.sleep(0.05)
        raise self.failed(f"the event was not sent: {answer}")

    def dropped(self, on: str = "a") -> int:
        return self.ask("dropped", on=on)["number"]

    def text(self, do: str, on: str | None = "a") -> str:
        return self.ask(do, on=on)["text"]

    def end(self, abort: bool = False) -> None:
        """Lets the driver end as its language ends, its emitters open; fails if that does not go well."""
        if abort:
            self.process.stdin.write(b'{"do":"abort"}\n')
        self.process.stdin.close()
        code = self.process.wait(DEADLINE)
        if code != 0:
            raise self.failed(f"the driver exited with {code}")

    def failed(self, why: str) -> AssertionError:
        errors = self.said.read_text(errors="replace")[-2000:]
        return AssertionError(f"{why}\nthe driver's errors: {errors or 'none'}")
