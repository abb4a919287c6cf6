"""Flows of the official SDKs' clients, each a program that tells a transcript of what its client heard."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.programs import DEADLINE

PROGRAMS = Path(__file__).resolve().parent.parent / "mcp"
# A folder with the TypeScript programs and the packages that they use, made by `cargo xtask test`.
NODE_FOLDER = os.environ.get("AGENT_RECEIPTS_MCP_NODE")
NO_NODE = None if NODE_FOLDER else "no Node here"


def python(program: str) -> list[str]:
    """The command of one of our Python programs, in the environment of these tests."""
    return [sys.executable, "-B", "-W", "ignore", str(PROGRAMS / program)]


def node(program: str) -> list[str]:
    """The command of a program in the folder with the packages."""
    return ["node", str(Path(NODE_FOLDER or "") / program)]


def package(name: str) -> list[str]:
    """The command of an official server."""
    return node(f"node_modules/@modelcontextprotocol/server-{name}/dist/index.js")


@dataclass(frozen=True)
class Flow:
    """One client's way through one server."""

    name: str
    client: list[str]
    server: list[str]
    variables: tuple[tuple[str, str], ...] = ()

    def run(self, address: list[str], environment: dict[str, str]) -> dict:
        """The transcript of the flow when it talks to this address, a command line or a URL."""
        done = subprocess.run(
            [*self.client, *address],
            env=environment | dict(self.variables),
            capture_output=True,
            text=True,
            timeout=DEADLINE * 2,
        )
        if done.returncode != 0:
            raise AssertionError(f"{self.name} exited with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return json.loads(done.stdout)


def differences(plain: dict, proxied: dict) -> list[str]:
    """The steps of which the client was told something else, as text."""
    found = [f"errors: {plain['errors']} and {proxied['errors']}"] if plain["errors"] != proxied["errors"] else []
    return found + unequal(plain["steps"], proxied["steps"])


def other_outcomes(plain: dict, proxied: dict) -> list[str]:
    """The steps of which something else came, whatever else the client was told: a server that has its clients connect again and again
    repeats to each what it had told before, as often as it happens.
    """
    only = [
        [{"name": step["name"], "outcome": re.sub("<random [0-9]+>", "<random>", step["outcome"])} for step in each["steps"]]
        for each in (plain, proxied)
    ]
    return unequal(*only)


def unequal(plain: list[dict], proxied: list[dict]) -> list[str]:
    found = [f"{one['name']}:\n{str(one)[:3000]}\n{str(other)[:3000]}" for one, other in zip(plain, proxied, strict=False) if one != other]
    if [step["name"] for step in plain] != [step["name"] for step in proxied]:
        found.append("one ended before the other")
    return found
