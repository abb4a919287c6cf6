"""Forensic keys, and the `disclose` of our command line."""

import json
import os
import subprocess
from pathlib import Path

from harness.programs import DEADLINE, binary


def key_pair(folder: Path) -> tuple[Path, Path]:
    """A pair by our own command line: the private file and the public one, 32 raw bytes each."""
    private = folder / "forensic.key"
    done = run("keys", "generate", "--forensic", "--key", str(private))
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return private, private.with_name("forensic.key.pub")


def disclose(database: Path, public_key: Path, key: Path, which: str, *flags: str) -> subprocess.CompletedProcess:
    """`agent-receipts disclose` of one receipt."""
    return run("disclose", which, "--db", str(database), "--public-key", str(public_key), "--key", str(key), *flags)


def disclosed(database: Path, public_key: Path, key: Path, which: str) -> dict:
    """The same, which must succeed, read from its JSON."""
    done = disclose(database, public_key, key, which, "--json")
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def run(*command: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTRECEIPTS_")}
    return subprocess.run(
        [binary("agent-receipts"), *command], env=clean, capture_output=True, text=True, timeout=DEADLINE
    )
