# SPDX-License-Identifier: Apache-2.0
"""Alone: one training at a time in a folder; two would mix their checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainerError(f"{folder}: another training is going on in it.", hint="Wait until it has ended, or stop it, or give this one a folder of its own (--run; `name` in a recipe of the face detector).") from error
        except (ImportError, OSError):  # Windows, or a file system that knows no locks
            pass
        yield
