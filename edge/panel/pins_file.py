# SPDX-License-Identifier: Apache-2.0
"""The pins file: every change of an output as one JSON line, kept across restarts.

    {"t": 12.4, "pin": "red", "value": 1}

`t` is frame time in seconds, `value` 1 where the output is lit, sounding or (relay) energised, whatever electrical
level that takes. Where no frame stands behind a line, `why` says so: `open` (safe before the first decision, t 0),
`close` (safe at the end, t of the last tick), `safe` (`maskgate pins safe`, t 0).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal, NamedTuple

from edge.errors import PinError, SettingsError

Why = Literal["", "open", "close", "safe"]


class Change(NamedTuple):
    """One output at one moment."""

    t: float
    """Frame time in seconds."""
    pin: str
    """`green`, `amber`, `red`, `buzzer` or `relay`."""
    value: int
    """1: lit, sounding, energised. 0: not."""
    why: Why = ""
    """Empty for an ordinary change."""


class PinsFile:
    """Appends changes to a file, each line handed to the system at once: a killed process loses none."""

    def __init__(self, path: Path) -> None:
        """Raises SettingsError where the file cannot be written."""
        if path == Path("-"):
            raise SettingsError("Pins file -: the standard output is taken by events, if anything.", hint="Name a file; /dev/stdout is one.")
        self.path = path
        try:
            self._file = open(path, "a", encoding="utf-8", buffering=1, opener=_at_once)  # noqa: SIM115 closed in `close`
        except OSError as error:
            raise SettingsError(f"Pins file {path}: cannot be written ({error.strerror}).",
                                hint="Name a file in a directory that exists and that you may write to.") from error

    def write(self, change: Change) -> None:
        """Raises PinError where the line cannot be written (a full disk)."""
        line = {"t": round(change.t, 6), "pin": change.pin, "value": change.value}
        if change.why:
            line["why"] = change.why
        try:
            self._file.write(json.dumps(line) + "\n")
        except (OSError, ValueError) as error:
            raise PinError(f"Pins file {self.path}: cannot be written ({error}).", hint="Is the disk full?") from error

    def close(self) -> None:
        """Safe to call twice."""
        self._file.close()


def _at_once(name: str, flags: int) -> int:
    """Opens a file without waiting. A pipe that nobody reads is an error then; to wait for a reader would leave the pins undriven."""
    file = os.open(name, flags | os.O_NONBLOCK, 0o666)
    os.set_blocking(file, True)
    return file
