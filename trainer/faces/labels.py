# SPDX-License-Identifier: Apache-2.0
"""Labels: the table of a picture's faces, which teachers fill in, scenes move about and training reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Faces = NDArray[np.float32]
"""One row a place: left, top, width, height, five landmarks x y (NaN: not known), what to do, kind. What to do: learn the
face (1), leave it alone (0), or learn that there is none, which is true of all the rest too, but here a teacher erred (-1); or
find a passer-by (-2), whom a scene leaves alone where he is large and takes for background where he is small."""
LEARN, KIND = 14, 15
XS, YS = [0, 4, 6, 8, 10, 12], [1, 5, 7, 9, 11, 13]
"""Columns: what to do with a face, its kind; places from the left, from the top."""
PASSER_BY = -2
KINDS = ("unknown", "mask", "incorrect", "no_mask")


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
