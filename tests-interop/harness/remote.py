"""What listens on loopback: MCP servers that speak Streamable HTTP, and our proxy in front of one."""

import re
import socket
import subprocess
import threading
from pathlib import Path

from harness.programs import DEADLINE, binary
from harness.proxy import PATIENT

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/mcp")


class Listening:
    """A program that says its address, and then serves until it is left."""

    def __init__(self, line: list[str], environment: dict[str, str], errors: Path):
        self.errors = errors
        self.said = threading.Event()
        self.address = ""
        with open(errors, "wb") as kept:
            self.process = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, bufsize=0
            )
        self.reading = threading.Thread(target=self.read, args=(kept.name,), daemon=True)
        self.reading.start()

    def read(self, errors: str) -> None:
        with open(errors, "ab") as kept:
            for line in self.process.stdout:
                kept.write(line)
                kept.flush()
                found = ADDRESS.search(line.decode(errors="replace"))
                if found and not self.address:
                    self.address = found[0]
                    self.said.set()
        self.said.set()

    def __enter__(self) -> str:
        self.said.wait(DEADLINE)
        if not self.address:
            self.__exit__()
            raise AssertionError(f"it never said where it listens:\n{self.errors.read_text(errors='replace')}")
        return self.address

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(DEADLINE)
        finally:
            self.process.kill()
        self.reading.join(DEADLINE)
        self.process.stdout.close()


class OnPort(Listening):
    """A program that is told its port, and says when it listens."""

    def __init__(self, line: list[str], environment: dict[str, str], errors: Path, ready: str):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.ready = ready.encode()
        self.known = f"http://127.0.0.1:{port}/mcp"
        super().__init__(line, environment | {"PORT": str(port)}, errors)

    def read(self, errors: str) -> None:
        with open(errors, "ab") as kept:
            for line in self.process.stdout:
                kept.write(line)
                if self.ready in line:
                    self.address = self.known
                    self.said.set()
        self.said.set()


def front(name: str, url: str) -> list[str]:
    """The proxy between clients that speak HTTP and a server that does."""
    return [binary("agent-receipts-mcp"), "--name", name, *PATIENT, "--remote", url, "--listen", "127.0.0.1:0"]


def bridge(name: str, url: str) -> list[str]:
    """The proxy between a client that speaks stdio and a server that speaks HTTP."""
    return [binary("agent-receipts-mcp"), "--name", name, *PATIENT, "--remote", url]
