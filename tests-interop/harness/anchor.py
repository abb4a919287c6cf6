"""Our anchor, as a user runs it, with a folder and a configuration of its own."""

import os
import subprocess
import tempfile
from pathlib import Path

from harness.programs import DEADLINE, binary


class Anchor:
    """One configuration of one sink. Use it as a context manager: leaving it removes the folder."""

    def __init__(self, database: Path, public_key: Path, sink: str):
        self.home = tempfile.TemporaryDirectory(prefix="ari-")
        self.folder = Path(self.home.name)
        self.evidence = self.folder / "state" / "evidence"
        self.config = self.folder / "anchor.toml"
        settings = f"db = '{database}'\npublic_key = '{public_key}'\nstate = '{self.folder / 'state'}'\n"
        self.config.write_text(f"{settings}[[sink]]\n{sink}")

    def __enter__(self) -> "Anchor":
        return self

    def __exit__(self, *_: object) -> None:
        self.home.cleanup()

    def run(self, *flags: str, **environment: str) -> subprocess.CompletedProcess:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AGENTRECEIPTS_", "AWS_"))}
        return subprocess.run(
            [binary("agent-receipts-anchor"), "--config", str(self.config), *flags],
            env=clean | environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
