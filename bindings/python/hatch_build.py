"""Builds the wheel: the Python sources, the C library and `native/emit.c` for the machine that builds, and no compiler for whoever installs.

The library is the one that `AGENT_RECEIPTS_LIBRARY` names, a path, and its header stands in the folder `AGENT_RECEIPTS_INCLUDE`; without
them, cargo builds it from the checkout around this folder. Needs a C compiler (`CC`, or `cc`) and the headers of CPython 3.10 or later.
`AGENT_RECEIPTS_WHEEL_PLATFORM` names the platform in the wheel's name where the builder knows better, such as `manylinux_2_28_x86_64` after an audit.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "libagent_receipts.dylib" if sys.platform == "darwin" else "libagent_receipts.so"
# The stable interface of CPython: one file for all its versions.
NATIVE = "_native.abi3.so"
COMPILED = "-std=c11 -O2 -g0 -fPIC -fvisibility=hidden -Wall -Wextra -Werror".split()
LINKED = "-bundle -undefined dynamic_lookup".split() if sys.platform == "darwin" else "-shared -Wl,-z,now -Wl,-z,relro -s".split()


class Library(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook, called before a wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        here = Path(self.root)
        checkout = here.parent.parent
        library = given() or built(checkout)
        self.made = TemporaryDirectory()
        native = compiled(here / "native" / "emit.c", header(checkout), Path(self.made.name) / NATIVE)
        platform = os.environ.get("AGENT_RECEIPTS_WHEEL_PLATFORM") or sysconfig.get_platform()
        build_data["pure_python"] = False
        # An interpreter that cannot load what is compiled against CPython does without, so that one wheel serves them all.
        build_data["tag"] = "py3-none-" + platform.replace("-", "_").replace(".", "_")
        build_data["force_include"] |= {str(library): f"agentreceipts/{NAME}", str(native): f"agentreceipts/{NATIVE}"}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self.made.cleanup()


def given() -> Path | None:
    named = os.environ.get("AGENT_RECEIPTS_LIBRARY")
    if not named:
        return None
    path = Path(named).resolve()
    if not path.is_file():
        raise RuntimeError(f"AGENT_RECEIPTS_LIBRARY names `{path}`, which is no file")
    return path


def header(checkout: Path) -> Path:
    folder = Path(os.environ.get("AGENT_RECEIPTS_INCLUDE") or checkout / "ffi" / "include")
    if not (folder / "agent_receipts.h").is_file():
        raise RuntimeError("set AGENT_RECEIPTS_INCLUDE to the folder of the library's header, `agent_receipts.h`")
    return folder


def compiled(source: Path, library: Path, into: Path) -> Path:
    python = sysconfig.get_path("include")
    if sys.implementation.name != "cpython" or sys.version_info < (3, 10) or not Path(python, "Python.h").is_file():
        raise RuntimeError(
            "the wheel is built by CPython 3.10 or later with its C headers: install them (on Debian and Ubuntu `apt-get install python3-dev`)"
        )
    compiler = shlex.split(os.environ.get("CC") or "cc")
    command = [*compiler, *COMPILED, f"-I{python}", f"-I{library}", str(source), *LINKED, "-o", str(into)]
    try:
        subprocess.run(command, check=True)
    except OSError as error:
        raise RuntimeError(f"no C compiler `{compiler[0]}`: install one, or name it by CC") from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"`{shlex.join(command)}` exited with {error.returncode}") from error
    return into


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
