"""Our own programs, as a user runs them: a private daemon in a private folder, and the command line."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import tomllib
from pathlib import Path

from harness.folders import private

CHAIN = "interop"
# Far beyond what a slow machine needs; nothing here measures time, it only refuses to wait for ever.
DEADLINE = 120.0


class StartError(Exception):
    """The daemon did not come up; the message holds what it said."""


def binary(name: str) -> str:
    """The path of one of our programs."""
    folder = os.environ.get("AGENT_RECEIPTS_BIN_DIR")
    if not folder:
        raise StartError("AGENT_RECEIPTS_BIN_DIR is not set: run these tests by `cargo xtask test`")
    path = Path(folder) / name
    if not path.is_file():
        raise StartError(f"`{path.name}` is not built: run `cargo build --workspace --bins`")
    return str(path)


class Daemon:
    """One daemon with a folder, a key, a database and a socket of its own.

    Use it as a context manager: leaving it stops the daemon, if it still runs, and removes the folder.
    """

    def __init__(self, *flags: str):
        self.folder = private("ari-")
        self.key = self.folder / "signing.key"
        self.public_key = self.folder / "signing.key.pub"
        self.database = self.folder / "receipts.db"
        self.socket = self.folder / "run" / "events.sock"
        self.log = self.folder / "daemon.log"
        self.flags = flags
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Daemon":
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def environment(self) -> dict[str, str]:
        """An environment in which no configuration of the machine's user is found."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTRECEIPTS_")}
        private = str(self.folder / "home")
        return clean | {"HOME": private, "XDG_DATA_HOME": private, "XDG_RUNTIME_DIR": private, "XDG_CONFIG_HOME": private}

    def start(self) -> None:
        self.initialise()
        self.run()

    def initialise(self) -> None:
        """Makes the key pair."""
        (self.folder / "home").mkdir()
        init = [binary("agent-receipts-daemon"), "--init", "--key", str(self.key), "--public-key", str(self.public_key)]
        done = subprocess.run(init, env=self.environment(), capture_output=True, text=True, timeout=DEADLINE)
        if done.returncode != 0:
            raise StartError(f"--init exited with {done.returncode}: {done.stdout}{done.stderr}")

    def run(self) -> None:
        """Starts the daemon, and waits until it listens."""
        run = [
            binary("agent-receipts-daemon"),
            *("--socket", str(self.socket), "--db", str(self.database), "--key", str(self.key)),
            *("--public-key", str(self.public_key), "--chain-id", CHAIN, "--unsafe-socket-path"),
            *self.flags,
        ]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(run, env=self.environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.wait_until(self.answers, "its socket answers")

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        return True

    def wait_until(self, holds, what: str) -> None:
        """Waits until `holds()`; fails when the daemon ends before, or never gets there."""
        until = time.monotonic() + DEADLINE
        while not holds():
            code = self.process.poll()
            if code is not None:
                raise StartError(f"the daemon ended with {code} before {what}:\n{self.said()}")
            if time.monotonic() > until:
                raise StartError(f"the daemon runs and never got so far that {what}:\n{self.said()}")
            time.sleep(0.02)

    def wait_for_receipts(self, count: int) -> None:
        self.wait_until(lambda: self.stored() >= count, f"{count} receipts are stored (so far {self.stored()})")

    def stored(self) -> int:
        """How many receipts are committed; read beside the daemon, never writing."""
        if not self.database.exists():
            return 0
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute("SELECT COUNT(*) FROM receipts").fetchone()[0]
        except sqlite3.OperationalError:
            return 0
        finally:
            connection.close()

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self) -> int:
        """Asks the daemon to end, as a service manager does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=DEADLINE)

    def remove(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=DEADLINE)
        shutil.rmtree(self.folder, ignore_errors=True)


def verify(database: Path, public_key: Path, *flags: str) -> subprocess.CompletedProcess:
    """Runs `agent-receipts verify` over all chains of a database."""
    command = [binary("agent-receipts"), "verify", "--db", str(database), "--public-key", str(public_key), *flags]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTRECEIPTS_")}
    return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=DEADLINE)


def default_socket(environment: dict[str, str]) -> str | None:
    """Where the daemon would listen in this environment; nothing where it says that it knows no place."""
    printing = [binary("agent-receipts-daemon"), "--print-config", "--db=/d", "--key=/k"]
    done = subprocess.run(printing, env=environment, capture_output=True, text=True, timeout=DEADLINE)
    if done.returncode != 0:
        assert "socket" in done.stderr, done.stderr
        return None
    return tomllib.loads(done.stdout)["socket"]
