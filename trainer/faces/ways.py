# SPDX-License-Identifier: Apache-2.0
"""Ways: how a program may fit a picture into the size that is searched. Which one is chosen decides whether faces near the score threshold
are found, so a detector is measured in all of the usual ways."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from trainer.faces.detector import Detector, Found, resized
from trainer.faces.pictures import Image
from trainer.faces.plan import STRIDES

GREY = 114
"""The ground that letterboxes have in YOLO programs."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a picture is scaled, its sides in proportion, and what it is laid on."""

    resampling: int
    """An OpenCV interpolation for pictures that are made smaller; larger ones are always linear."""
    ground: int | None
    """Grey level, 0 to 255, of what the picture does not cover; None goes on with its edge."""
    middle: bool
    """Whether the picture lies in the middle of the ground, or in its upper left corner."""
    square: bool
    """Whether the ground is a square, or the least that the network takes."""


WAYS = tuple(Way(resampling=resampling, ground=ground, middle=middle, square=square) for resampling, ground, middle, square in product(
    (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC), (0, GREY, None), (False, True), (False, True)))
"""The usual ones. The first is the unit's: OpenCV itself puts black beside and below."""


def fitted(image: Image, size: int, way: Way) -> tuple[Image, tuple[int, int], tuple[float, float]]:
    """Fit a picture into a long side of `size` px.

    Returns:
        The ground with the picture on it, its sides multiples of 32 px if `size` is one; where the picture's left upper corner lies on it
        (x, y); and how many of the picture's own pixels a pixel of it stands for (x, y).
    """
    small = resized(image, size, way.resampling)
    height, width = small.shape[:2]
    right, below = ((size if way.square else -(-side // STRIDES[-1]) * STRIDES[-1]) - side for side in (width, height))
    left, top = (right // 2, below // 2) if way.middle else (0, 0)
    edge = cv2.BORDER_REPLICATE if way.ground is None else cv2.BORDER_CONSTANT
    ground = cv2.copyMakeBorder(small, top, below - top, left, right - left, edge, value=[way.ground or 0] * 3)
    return np.asarray(ground, np.uint8), (left, top), (image.shape[1] / width, image.shape[0] / height)


def detect(detector: Detector, image: Image, size: int, way: Way) -> Found:
    """Faces of a BGR picture in its own pixels, searched at a long side of `size` px in this way."""
    ground, corner, scale = fitted(image, size, way)
    found = detector.detect(ground)
    found[:, :2] -= corner
    found[:, 4:14] -= np.tile(corner, 5)
    found[:, :14] *= np.tile(scale, 7)
    return found
