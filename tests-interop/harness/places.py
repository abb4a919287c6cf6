"""The private folders of one emitting process, and an environment that names no others."""

import os
import shutil

from harness.folders import private

FOLDERS = {"HOME": "home", "XDG_RUNTIME_DIR": "run", "XDG_DATA_HOME": "data", "TMPDIR": "tmp"}


class Places:
    """A home, a runtime folder and what else an emitter looks at; all of it removed at the end."""

    def __init__(self):
        self.folder = private("arb-")
        for name in FOLDERS.values():
            (self.folder / name).mkdir(mode=0o700)
        self.socket = self.folder / "events.sock"
        self.default_socket = self.folder / "run" / "agentreceipts" / "events.sock"

    def environment(self, **others: str | None) -> dict[str, str]:
        """What the process is given; `others` replace a variable, or take it away where they are None."""
        given = {name: str(self.folder / folder) for name, folder in FOLDERS.items()}
        given |= {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        return {name: value for name, value in (given | others).items() if value is not None}

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
