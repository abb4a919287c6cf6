"""Our MCP proxy, as an agent's configuration has it: a command before a server's command."""

import hashlib
import json

from harness import database, reference
from harness.programs import Daemon, binary

# What stands in the frame for a payload that no frame can carry is described in docs/hooks.md.
LARGEST_FRAME = 1 << 20
# A loaded machine may need longer than a call should wait, and these tests are about what is recorded.
PATIENT = ("--patience", "60000")


def wrapped(name: str, server: list[str], *flags: str) -> list[str]:
    """The command line of a server behind the proxy."""
    return [binary("agent-receipts-mcp"), "--name", name, *PATIENT, *flags, "--", *server]


def environment(daemon: Daemon) -> dict[str, str]:
    """What leads a proxy to this daemon, and to no configuration of the machine's user."""
    return daemon.environment() | {"AGENTRECEIPTS_SOCKET": str(daemon.socket)}


def doubles(value):
    """A value whose numbers are IEEE doubles, as JSON's canonical form has them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else float(value)
    if isinstance(value, list):
        return [doubles(each) for each in value]
    return {key: doubles(each) for key, each in value.items()} if isinstance(value, dict) else value


def canonical_hash(value) -> str:
    return reference.payload_hash(doubles(value))


def recorded_hash(value) -> str:
    """The hash that a receipt has of a payload, which is that of a stand-in where it is too long for a frame."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) < LARGEST_FRAME // 2:
        return canonical_hash(value)
    stand_in = {"bytes": len(text), "canonical": canonical_hash(value), "sha256": f"sha256:{hashlib.sha256(text).hexdigest()}"}
    return canonical_hash({"withheld": stand_in})


def of_server(rows: list[database.Row], name: str) -> list[database.Row]:
    """The receipts of the proxy with this name."""
    return [row for row in rows if row.action["type"].startswith(f"mcp.{name}.")]
