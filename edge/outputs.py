# SPDX-License-Identifier: Apache-2.0
"""Files that a command is going to write: mistakes in their names are found before the work, not after it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from edge.errors import SettingsError


def must_be_apart(files: Mapping[str, str | Path | None]) -> None:
    """No file that a command reads or writes may be named twice, or it would be overwritten.

    Args:
        files: option → name. None, "", `-` and devices such as /dev/null are passed over.

    Raises:
        SettingsError: two of them are the same file.
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


def must_end_in(option: str, path: Path, *endings: str, holds: str) -> None:
    """A file that other programs know by the end of its name must have it: a PDF that holds HTML opens nowhere.

    Args:
        endings: those that fit, the first one as the advice; capital letters are as good.
        holds: what will be in the file, for the message.

    Raises:
        SettingsError: the name ends in none of them.
    """
    if not path.name.lower().endswith(endings):
        raise SettingsError(f"{option} {path}: this will hold {holds}; expected a name that ends in {endings[0]}.",
                            hint=f"Name {path.with_name(path.stem + endings[0])}, for instance.")


def must_be_writable(option: str, path: Path) -> None:
    """Try whether a file can be written, and leave everything as it was.

    Raises:
        SettingsError: it cannot be written, or it is a device or a pipe. To open a pipe waits for a reader, and a file put in the place of
            /dev/null is missed by the whole system.
    """
    try:
        there = path.exists()
        if there and not (path.is_file() or path.is_dir()):  # a folder is told as the system tells it
            raise SettingsError(f"{option} {path}: this is a device or a pipe; expected a file.", hint="Name a file in a folder that you may write to.")
        with path.open("ab"):
            pass
        if not there:
            Path(os.path.realpath(path)).unlink()  # of a link that led nowhere, what it names
    except OSError as error:
        raise SettingsError(f"{option} {path}: cannot be written ({error.strerror}).", hint="Name a file in a folder that you may write to.") from error
