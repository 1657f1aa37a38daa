# SPDX-License-Identifier: Apache-2.0
"""Model file: read whole, and nothing that could be read for ever."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ModelError
from edge.reading import content_of, reading


def read_model_file(path: Path, what: str) -> bytes:
    """All of a file; `what` it is begins what is said of it.

    Raises:
        ModelError: it is no file, or may not be read.
        CardError: the card fails while it is read.
    """
    try:
        with reading(f"{what} {path}"):
            return content_of(path)
    except FileNotFoundError:
        why = "no such file"
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = f"cannot be read ({getattr(error, 'strerror', error)})"
    raise ModelError(f"{what} {path}: {why}.")
