"""Reads as the official Python package does: text, line by line, where a lone carriage return ends a line too."""

import io
import sys

from answers import take

for line in io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace"):
    take(line)
