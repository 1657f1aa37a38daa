# SPDX-License-Identifier: Apache-2.0
"""Labels: the table of a picture's faces, which labelling.py fills in, scenes move about and training reads as batches."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Faces = NDArray[np.float32]
"""One row for each place in a picture, 16 columns: left, top, width, height; five landmarks x y (NaN where not known);
what is to be learnt there (a `Lesson`); and the number of its kind in `KINDS`."""
LEARN, KIND = 14, 15
"""The columns of the lesson and of the kind."""
XS, YS = [0, 4, 6, 8, 10, 12], [1, 5, 7, 9, 11, 13]
"""The columns that are distances from the left edge, and from the top."""
KINDS = ("unknown", "mask", "incorrect", "no_mask")


class Lesson(IntEnum):
    """What the network is to learn of one place; the number stands in column `LEARN`."""

    FACE = 1
    """There is a face."""
    NOTHING = 0
    """Leave it alone: this may be a face or none, and no answer is wrong."""
    BACKGROUND = -1
    """There is none. That is true of every place without a row too; a row marks where a detector took something for a face."""
    PASSER_BY = -2
    """Somebody behind others or out of focus. A scene turns this into NOTHING where they are large, into BACKGROUND where small."""


class Batch(NamedTuple):
    """Scenes with their faces as training reads them, each scene padded to the same number of faces."""

    pictures: Any
    """uint8 (n, side, side, 3), BGR."""
    boxes: Any
    """float32 (n, faces, 4): left, top, right, bottom."""
    points: Any
    """float32 (n, faces, 10); zero where not known."""
    learn: Any
    """float32 (n, faces): 1 for `Lesson.FACE`, 0 for what is left alone and for padding."""
    alone: Any
    """float32 (n, faces): 1 for `Lesson.NOTHING`, what is to be left alone."""
    known: Any
    """float32 (n, faces): 1 where the landmarks are known."""
    masked: Any
    """float32 (n, faces): 1 under a mask, as labelled (rendered masks are not marked)."""


def mirrored(rows: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """A table of faces, or what a detector found, in the mirrored picture, which is `width` pixels wide. Of each row the first
    14 numbers change: left, and the landmarks, whose right and left change places.
    """
    found = rows.copy()
    found[:, 0] = width - rows[:, 0] - rows[:, 2]
    points = rows[:, 4:14].reshape(-1, 5, 2)[:, [1, 0, 2, 4, 3]]
    points[..., 0] = width - points[..., 0]
    found[:, 4:14] = points.reshape(-1, 10)
    return found
