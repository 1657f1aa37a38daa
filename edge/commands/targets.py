# SPDX-License-Identifier: Apache-2.0
"""Files that a command writes at its end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from edge.errors import SettingsError


def must_be_apart(files: Mapping[str, str | Path | None]) -> None:
    """Files that a command reads and writes, by option; those that are not given, and devices such as /dev/null, count for nothing.

    Raises:
        SettingsError: two of them are one file.
    """
    seen: dict[Path, str] = {}
    for option, name in files.items():
        if not name or str(name) == "-":
            continue
        path = Path(os.path.realpath(name))
        if path.exists() and not path.is_file():
            continue
        if path in seen:
            raise SettingsError(f"{option} {name}: {seen[path]} is the same file.", hint="Name another one.")
        seen[path] = option


def must_be_writable(option: str, path: Path) -> None:
    """Find out before the work that is to go into a file, and leave everything as it was.

    Raises:
        SettingsError: it cannot be written.
    """
    there = path.exists()
    try:
        with path.open("ab"):
            pass
        if not there:
            path.unlink()
    except OSError as error:
        raise SettingsError(f"{option} {path}: cannot be written ({error.strerror}).", hint="Name a file in a folder that you may write to.") from error
