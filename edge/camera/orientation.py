# SPDX-License-Identifier: Apache-2.0
"""Orientation: a phone stores a picture as its sensor lay and notes how to turn it (EXIF tag 0x0112). Faces are found in the upright
picture; the boxes that `maskgate check` promises are in pixels of the stored one."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.camera.stills import read_picture
from edge.look import Box

Picture = NDArray[np.uint8]
NOTES = (b"Exif\0\0", b"eXIf", b"EXIF")
"""How a JPEG, PNG or WebP file says that there are notes in it."""


class Turn(NamedTuple):
    """What makes the stored picture upright: first rows and columns swapped, then left and right, then top and bottom."""

    swapped: bool = False
    mirrored: bool = False
    upended: bool = False

    def upright(self, stored: Picture) -> Picture:
        """A view of `stored` (height, width, 3), turned."""
        picture = stored.transpose(1, 0, 2) if self.swapped else stored
        return picture[::-1 if self.upended else 1, ::-1 if self.mirrored else 1]

    def stored(self, box: Box, width: int, height: int) -> Box:
        """Where a box of the upright picture, `width` by `height` pixels, lies in the stored one."""
        x, y, w, h = box
        x = width - x - w if self.mirrored else x
        y = height - y - h if self.upended else y
        return Box(y, x, h, w) if self.swapped else Box(x, y, w, h)


def read_upright(path: Path) -> tuple[Picture, Turn]:
    """A picture, upright, as `uint8` BGR (height, width, 3), and how it was turned.

    Raises:
        CameraError: as `read_picture`.
    """
    upright = read_picture(path)
    if not any(note in path.read_bytes() for note in NOTES):
        return upright, Turn()
    # OpenCV follows the tag without telling it: of the eight ways to turn the stored picture, one gives the upright one.
    stored = read_picture(path, upright=False)
    for turn in map(Turn._make, product((False, True), repeat=3)):
        if np.array_equal(turn.upright(stored), upright):
            return upright, turn
    return stored, Turn()
