# SPDX-License-Identifier: Apache-2.0
"""Picture file: what a command draws, written where it was told to."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.errors import TrainerError

KINDS = (".png", ".jpg", ".jpeg")


def place_for(path: Path) -> Path:
    """The place for a picture, its folder made; asked for before the work that the picture shows.

    Raises:
        TrainerError: the name's end says no kind of picture.
    """
    if path.suffix.lower() not in KINDS:
        raise TrainerError(f"{path}: expected a name that ends in {' or '.join(KINDS[:2])}.", hint="Name the picture that is to be written.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a BGR picture, whole or not at all; its kind is the end of its name."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    part.replace(path)
