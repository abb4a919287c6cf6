"""Reads bytes up to a line feed, and splits them at everything else that Python takes for the end of a line."""

import sys

from answers import take

for block in sys.stdin.buffer:
    for line in block.decode("utf-8", "replace").splitlines():
        take(line)
