"""What stands in for the daemon where a test wants to see the very bytes: a socket that takes frames apart."""

import json
import os
import re
import select
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

DEADLINE = 60.0
# All emitters write the same number of digits, which sort as they stand.
TIME = re.compile(rb'"ts_emit":"([^"]*)"')


class Receiver:
    """Takes frames from any number of connections. As a context manager it listens from begin to end.

    `reply`, if given, makes the reply's body of a frame's body; None sends none. Without `reads` everybody may connect, and
    nobody is listened to before `begin`.
    """

    def __init__(self, path: Path, reply: Callable[[bytes], bytes | None] | None = None, reads: bool = True):
        self.path = path
        self.reply = reply
        self.bodies: list[bytes] = []
        self.torn = 0
        self.changed = threading.Condition()
        self.ending = False
        self.reading = threading.Event()
        if reads:
            self.begin()
        self.threads: list[threading.Thread] = []
        self.connections: list[socket.socket] = []

    def __enter__(self) -> "Receiver":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(self.path))
        self.listener.listen(128)
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending = True
        self.accepting.join(DEADLINE)
        self.listener.close()
        self.path.unlink(missing_ok=True)
        for connection in self.connections:
            hang_up(connection)
        self.begin()
        for thread in self.threads:
            thread.join(DEADLINE)

    def begin(self) -> None:
        """Listens to what was sent so far, and from now on."""
        self.reading.set()

    def wait_for(self, count: int) -> list[bytes]:
        """The bodies of all frames so far, once there are so many, in the order in which they were sent."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.bodies) >= count, DEADLINE):
                raise AssertionError(f"only {len(self.bodies)} of {count} frames arrived")
            return sorted(self.bodies, key=sent_at)

    def events(self, count: int) -> list[dict]:
        """The frames as objects, once there are so many."""
        return [json.loads(body) for body in self.wait_for(count)]

    def all(self) -> list[dict]:
        """All frames there will ever be; to be asked for when the sender has ended."""
        self.ending = True
        self.accepting.join(DEADLINE)
        for thread in self.threads:
            thread.join(DEADLINE)
            if thread.is_alive():
                raise AssertionError("a connection is still open")
        return [json.loads(body) for body in sorted(self.bodies, key=sent_at)]

    def accept(self) -> None:
        # Whoever has connected is let in even when the end is near: `all` means all.
        while select.select([self.listener], [], [], 0.02)[0] or not self.ending:
            if not select.select([self.listener], [], [], 0)[0]:
                continue
            connection, _ = self.listener.accept()
            self.connections.append(connection)
            thread = threading.Thread(target=self.read, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def read(self, connection: socket.socket) -> None:
        self.reading.wait(DEADLINE)
        try:
            while body := self.frame(connection):
                with self.changed:
                    self.bodies.append(body)
                    self.changed.notify_all()
                answer = self.reply(body) if self.reply else None
                if answer is not None:
                    connection.sendall(struct.pack(">I", len(answer)) + answer)
        except OSError:
            pass
        finally:
            connection.close()

    def frame(self, connection: socket.socket) -> bytes | None:
        header = exactly(connection, 4)
        body = exactly(connection, struct.unpack(">I", header)[0]) if len(header) == 4 else b""
        if len(header) == 4 and len(body) == struct.unpack(">I", header)[0]:
            return body
        self.torn += len(header) > 0
        return None


def sent_at(body: bytes) -> bytes:
    """When a frame was made: frames of two connections are read in either order."""
    return TIME.search(body).group(1)


def abandoned(path: Path) -> None:
    """Leaves a socket's file that nobody listens on, as a daemon that was killed does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
    assert os.path.exists(path)


def exactly(connection: socket.socket, count: int) -> bytes:
    """So many bytes, or those that came before the end."""
    taken = bytearray()
    while len(taken) < count and (more := connection.recv(min(count - len(taken), 1 << 16))):
        taken += more
    return bytes(taken)


def hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
