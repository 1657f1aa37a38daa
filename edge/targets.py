# SPDX-License-Identifier: Apache-2.0
"""Files that a command writes: looked at before the work that goes into them."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from edge.errors import SettingsError


def must_be_apart(files: Mapping[str, str | Path | None]) -> None:
    """Files that a command reads and writes, by option; those that are not given, and devices such as /dev/null, count for nothing.

    Raises:
        SettingsError: two of them are one file.
    """
    seen: dict[object, str] = {}
    for option, name in files.items():
        if not name or str(name) == "-":
            continue
        key: object
        try:
            there = os.stat(name)  # noqa: PTH116 a source need not be a path
            if not stat.S_ISREG(there.st_mode):
                continue
            key = there.st_dev, there.st_ino
        except OSError:  # not there yet; or not to be looked at, which whoever opens it tells
            key = os.path.realpath(name)
        if key in seen:
            raise SettingsError(f"{option} {name}: {seen[key]} is the same file.", hint="Name another one.")
        seen[key] = option


def must_be_writable(option: str, path: Path) -> None:
    """Find out before the work that is to go into a file, and leave everything as it was.

    Raises:
        SettingsError: it cannot be written, or is a device or a pipe: to open a pipe waits for its reader, and what takes the
            place of /dev/null takes it from the whole system.
    """
    there = path.exists()
    if there and not (path.is_file() or path.is_dir()):  # a folder is told as the system tells it
        raise SettingsError(f"{option} {path}: this is a device or a pipe; expected a file.", hint="Name a file in a folder that you may write to.")
    try:
        with path.open("ab"):
            pass
        if not there:
            Path(os.path.realpath(path)).unlink()  # of a link that led nowhere, what it names
    except OSError as error:
        raise SettingsError(f"{option} {path}: cannot be written ({error.strerror}).", hint="Name a file in a folder that you may write to.") from error
