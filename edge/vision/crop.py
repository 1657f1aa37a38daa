# SPDX-License-Identifier: Apache-2.0
"""Crop: the square around a face that the classifier sees. The unit, the trainer and the tests all use this one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.look import Box


def crop_face(image: NDArray[np.uint8], box: Box, margin: float, size_px: int) -> NDArray[np.uint8]:
    """Cut a square around `box` and scale it.

    Args:
        image: `uint8` (height, width, 3), any channel order; it is kept.
        box: the face in pixels of `image`; may reach beyond it.
        margin: share of the longer side of the box added on each side.
        size_px: side of the result.

    Returns:
        `uint8` (size_px, size_px, 3). What lies outside the image repeats its edge, so that a face at the rim has
        no black bar for the classifier to read as a mask.
    """
    height, width = image.shape[:2]
    side = max(2, round(max(box.w, box.h) * (1 + 2 * margin)))
    centre_x, centre_y = box.centre
    left, top = round(centre_x - side / 2), round(centre_y - side / 2)
    right, bottom = left + side, top + side
    # One row and one column at least: for a box wholly outside the nearest ones stand.
    inside = image[min(max(top, 0), height - 1):max(bottom, 1), min(max(left, 0), width - 1):max(right, 1)]
    above, below, before, behind = (min(max(beyond, 0), side - 1) for beyond in (-top, bottom - height, -left, right - width))
    if above or below or before or behind:
        inside = np.asarray(cv2.copyMakeBorder(inside, above, below, before, behind, cv2.BORDER_REPLICATE), np.uint8)
    # Area averaging when shrinking (no aliasing), linear when enlarging.
    method = cv2.INTER_AREA if inside.shape[0] > size_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(inside, (size_px, size_px), interpolation=method), np.uint8)
