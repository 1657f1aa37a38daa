# SPDX-License-Identifier: Apache-2.0
"""Files that a command writes at its end."""

from __future__ import annotations

from pathlib import Path

from edge.errors import SettingsError


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
