# SPDX-License-Identifier: Apache-2.0
"""Streams: the standard output and error as every command needs them, whoever started it. Loads next to nothing."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path


def mend_streams() -> None:
    """From now on what goes to a closed stream is dropped, and a character that the terminal does not know becomes a question mark."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 it stays open to the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def print_no_more() -> None:
    """Drop what is still to be written to the standard output: Python would fail on it once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
