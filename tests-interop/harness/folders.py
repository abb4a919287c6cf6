"""Private folders of tests."""

import tempfile
from pathlib import Path


def private(prefix: str) -> Path:
    """A new folder that sockets can stand in, whatever TMPDIR says: a socket's path holds about a hundred bytes."""
    base = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix=prefix, dir=base if len(base) < 40 else "/tmp"))
