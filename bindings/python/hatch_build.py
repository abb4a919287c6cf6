"""Builds the wheel: the Python sources and the C library for the machine that builds, and no compiler for whoever installs.

The library is the one that `AGENT_RECEIPTS_LIBRARY` names, a path; without it, cargo builds it from the checkout around this folder.
`AGENT_RECEIPTS_WHEEL_PLATFORM` names the platform in the wheel's name where the builder knows better, such as `manylinux_2_28_x86_64` after an audit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "libagent_receipts.dylib" if sys.platform == "darwin" else "libagent_receipts.so"


class Library(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook, called before a wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        library = given() or built(Path(self.root).parent.parent)
        platform = os.environ.get("AGENT_RECEIPTS_WHEEL_PLATFORM") or sysconfig.get_platform()
        build_data["pure_python"] = False
        # No interpreter's own interface is used, so that one wheel serves them all.
        build_data["tag"] = "py3-none-" + platform.replace("-", "_").replace(".", "_")
        build_data["force_include"][str(library)] = f"agentreceipts/{NAME}"


def given() -> Path | None:
    named = os.environ.get("AGENT_RECEIPTS_LIBRARY")
    if not named:
        return None
    path = Path(named).resolve()
    if not path.is_file():
        raise RuntimeError(f"AGENT_RECEIPTS_LIBRARY names `{path}`, which is no file")
    return path


def built(checkout: Path) -> Path:
    """Has cargo build the library, and asks it where that is."""
    if not (checkout / "ffi" / "Cargo.toml").is_file():
        raise RuntimeError("set AGENT_RECEIPTS_LIBRARY to the C library: there is no checkout around these sources to build it from")
    command = ["cargo", "build", "--package", "agent-receipts-ffi", "--profile", "ffi", "--locked", "--message-format", "json"]
    done = subprocess.run(command, cwd=checkout, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` exited with {done.returncode}")
    made = [name for line in done.stdout.splitlines() for name in json.loads(line).get("filenames") or []]
    found = [Path(name) for name in made if Path(name).name == NAME]
    if not found:
        raise RuntimeError(f"cargo has built no `{NAME}`")
    return found[-1]
