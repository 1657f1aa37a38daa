# SPDX-License-Identifier: Apache-2.0
"""Alone: one training at a time in a folder, whose checkpoints two would mix; and one at a time to a list that several add to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trainer.errors import TrainerError

LOCK = "lock"
"""An empty file that stays; what is held is its lock, which ends with the process that holds it, however that ends."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Within it no other process trains in the folder, which is made.

    Raises:
        TrainerError: one does already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("ab") as file:
        if not _taken(file, wait=False):
            raise TrainerError(f"{folder}: another training is going on in it.", hint="Wait until it has ended, or stop it, or give this one a folder of its own (--run; `name` in a recipe of the face detector).")
        yield


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Within it no other process adds to the file `path`: whoever comes second is told, and waits. Its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(f".{LOCK}").open("ab") as file:
        if not _taken(file, wait=False):
            print(f"{path}: another process is adding to it; waiting for that.", flush=True)
            _taken(file, wait=True)
        yield


def _taken(file: BinaryIO, *, wait: bool) -> bool:
    """Take the lock of an open file; false where another process has it and is not waited for."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except (ImportError, OSError):  # Windows, or a file system that knows no locks
        pass
    return True
