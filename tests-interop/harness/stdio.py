"""A client that says what it is told to, byte by byte, to a program that speaks MCP over stdio."""

import fcntl
import json
import os
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from harness.programs import DEADLINE


class Client:
    """A client that writes bytes and looks at the answers when it needs them."""

    def __init__(self, line: list[str], environment: dict[str, str], errors: Path):
        self.errors = errors
        self.heard: list[bytes] = []
        self.changed = threading.Condition()
        with open(errors, "wb") as said:
            self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=environment, bufsize=0)
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.reading.start()
        # One that neither reads nor ends would hold a write for ever.
        self.watch = threading.Timer(DEADLINE, self.process.kill)
        self.watch.daemon = True
        self.watch.start()

    def read(self) -> None:
        rest = b""
        while piece := os.read(self.process.stdout.fileno(), 1 << 16):
            *lines, rest = (rest + piece).split(b"\n")
            with self.changed:
                self.heard.extend(lines)
                self.changed.notify_all()
        with self.changed:
            self.heard.extend([rest] if rest else [])
            self.changed.notify_all()

    def write(self, data: bytes) -> bool:
        """Whether somebody was there to read it."""
        try:
            self.process.stdin.write(data)
        except BrokenPipeError:
            return False
        return True

    def wait_until_read(self) -> None:
        """Until the other side has taken all bytes, so that the next ones come in another read."""
        until = time.monotonic() + DEADLINE
        waiting = bytearray(4)
        while self.process.poll() is None:
            fcntl.ioctl(self.process.stdin.fileno(), termios.FIONREAD, waiting)
            if struct.unpack("i", waiting)[0] == 0:
                return
            assert time.monotonic() < until, "nobody reads"
            time.sleep(0.0005)

    def wait_for_answers(self, ids: list[str]) -> None:
        def all_there() -> bool:
            answered = {json.dumps(each["id"], ensure_ascii=False) for each in answers(self.heard)}
            return answered.issuperset(ids) or not self.reading.is_alive()

        with self.changed:
            assert self.changed.wait_for(all_there, DEADLINE), f"not answered: {ids}; heard: {self.heard[-20:]}; {self.errors.read_text()}"

    def ask(self, message: dict) -> dict:
        """One request and its answer."""
        self.write(json.dumps(message).encode() + b"\n")
        id = json.dumps(message["id"], ensure_ascii=False)
        self.wait_for_answers([id])
        return next(each for each in answers(self.heard) if json.dumps(each["id"], ensure_ascii=False) == id)

    def end(self) -> int:
        """Leaves, and waits for the other side to end."""
        self.process.stdin.close()
        self.watch.cancel()
        try:
            code = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reading.join(DEADLINE)
        self.process.stdout.close()
        return code


def answers(lines: list[bytes] | tuple[bytes, ...]) -> Iterator[dict]:
    """Those of the lines that answer something."""
    for text in lines:
        value = json.loads(text)
        if isinstance(value, dict) and "method" not in value:
            yield value
