"""Frames written by hand, for what the published client has no argument for."""

import json
import socket
import struct

DEADLINE = 60.0


class Wire:
    """One connection to the daemon, at the level of bytes."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(str(path))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, frame: dict | bytes) -> None:
        body = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def reply(self) -> dict:
        """One length-prefixed reply."""
        (length,) = struct.unpack(">I", self.exactly(4))
        return json.loads(self.exactly(length))

    def exactly(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            more = self.socket.recv(count - len(taken))
            if not more:
                raise EOFError(f"the daemon closed after {len(taken)} of {count} bytes")
            taken += more
        return taken

    def finish(self) -> bytes:
        """Says that no more comes, and returns all that the daemon still sends until it closes."""
        self.socket.shutdown(socket.SHUT_WR)
        rest = b""
        while more := self.socket.recv(4096):
            rest += more
        return rest


def frame(name: str, **members) -> dict:
    """The smallest legal frame, with a tool of this name, and more members."""
    smallest = {
        "v": "1",
        "ts_emit": "2026-01-01T00:00:00Z",
        "session_id": "raw",
        "channel": "sdk",
        "tool": {"name": name},
        "decision": "allowed",
    }
    return smallest | members
