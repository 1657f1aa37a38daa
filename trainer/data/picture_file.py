# SPDX-License-Identifier: Apache-2.0
"""Picture file: what a command draws, written where it was told to."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.whole import whole
from trainer.errors import TrainerError

KINDS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


def place_for(path: Path, kinds: tuple[str, ...] = KINDS) -> Path:
    """The place for a picture, its folder made; asked for before the work that the picture shows.

    Raises:
        TrainerError: the name's end says no kind of picture, or it is a folder.
    """
    if path.suffix.lower() not in kinds or path.is_dir():
        raise TrainerError(f"{path}: expected the name of a picture that ends in {', '.join(kinds)}.", hint="Name the file that is to be written.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a BGR picture, whole or not at all; its kind is the end of its name.

    Raises:
        TrainerError: it is too large for that kind.
    """
    fine, data = cv2.imencode(path.suffix, image)
    if not fine:
        raise TrainerError(f"{path}: {image.shape[1]} by {image.shape[0]} pixels are more than a {path.suffix} file holds.", hint="Write a .png, or show less.")
    with whole(path) as part:
        part.write_bytes(data.tobytes())
