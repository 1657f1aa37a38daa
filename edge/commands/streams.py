# SPDX-License-Identifier: Apache-2.0
"""Streams: the standard output and error as every command needs them, whoever started it. Loads next to nothing."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path


def mend_streams() -> None:
    """Closed ones lead nowhere from now on, and a sign that the terminal does not know becomes a question mark."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 it stays open to the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def print_no_more() -> None:
    """What is still held back goes nowhere: Python would fail on it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
