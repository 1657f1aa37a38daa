# SPDX-License-Identifier: Apache-2.0
"""Placing: a picture is scaled, moved, cut, turned or mirrored, and the table of its faces with it."""

from __future__ import annotations

import cv2
import numpy as np

from trainer.faces.labels import LEARN, XS, YS, Faces, Lesson, mirrored
from trainer.faces.pictures import Image

SMALLEST = 12.0
"""Height in pixels of the scene below which a face is left alone: nobody at a door is so far."""
PASSING = 32.0
"""Height in pixels of the scene below which a passer-by is background."""


def place(image: Image, faces: Faces, ground: Image, scale: tuple[float, float], at: tuple[float, float]) -> tuple[Image, Faces]:
    """Put a picture, scaled, with its top left corner `at` on a square ground; faces are moved along and clipped to it.

    A face of which less than half is left, or which is too small, is to be left alone.
    """
    side = ground.shape[0]
    (left, top), (height, width) = at, image.shape[:2]
    # The part of the picture that the ground shows, in whole pixels of the picture.
    x0, y0 = max(0, int(-left / scale[0])), max(0, int(-top / scale[1]))
    x1, y1 = min(width, int(np.ceil((side - left) / scale[0]))), min(height, int(np.ceil((side - top) / scale[1])))
    left, top = left + x0 * scale[0], top + y0 * scale[1]
    moved = faces.copy()
    if x1 > x0 and y1 > y0:
        size = max(1, round((x1 - x0) * scale[0])), max(1, round((y1 - y0) * scale[1]))
        part = cv2.resize(image[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA if scale[0] < 1 else cv2.INTER_LINEAR)
        column, row = round(left), round(top)
        cut_x, cut_y = max(0, -column), max(0, -row)
        part = part[cut_y:cut_y + side - max(row, 0), cut_x:cut_x + side - max(column, 0)]
        column, row = max(column, 0), max(row, 0)
        ground[row:row + part.shape[0], column:column + part.shape[1]] = part
    moved[:, XS] = (faces[:, XS] - x0) * scale[0] + left
    moved[:, YS] = (faces[:, YS] - y0) * scale[1] + top
    moved[:, 2], moved[:, 3] = faces[:, 2] * scale[0], faces[:, 3] * scale[1]
    return ground, clipped(moved, side)


def tilt(image: Image, faces: Faces, degrees: float) -> tuple[Image, Faces]:
    """A square scene turned about its middle, counter-clockwise; its corners stay empty.

    A head is nearer to an ellipse than to its box, so the new box is the one around the turned ellipse.
    """
    side = image.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), degrees, 1.0)
    turned, cos, sin = faces.copy(), np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    middles = np.stack([faces[:, 0] + faces[:, 2] / 2, faces[:, 1] + faces[:, 3] / 2], -1) @ matrix[:, :2].T + matrix[:, 2]
    turned[:, 2], turned[:, 3] = np.hypot(faces[:, 2] * cos, faces[:, 3] * sin), np.hypot(faces[:, 2] * sin, faces[:, 3] * cos)
    turned[:, :2] = middles - turned[:, 2:4] / 2
    turned[:, 4:14] = (faces[:, 4:14].reshape(-1, 5, 2) @ matrix[:, :2].T + matrix[:, 2]).reshape(-1, 10)
    return np.asarray(cv2.warpAffine(image, matrix, (side, side)), np.uint8), clipped(turned, side)


def clipped(faces: Faces, side: int) -> Faces:
    """The faces of a square scene, cut at its edges; what lies outside of it is dropped. What has become too small to be learnt, or is mostly
    cut off, is left alone from here on, and passers-by get their final lesson. The table handed in is changed.
    """
    area = faces[:, 2] * faces[:, 3]
    x0, y0 = np.clip(faces[:, 0], 0, side), np.clip(faces[:, 1], 0, side)
    x1, y1 = np.clip(faces[:, 0] + faces[:, 2], 0, side), np.clip(faces[:, 1] + faces[:, 3], 0, side)
    shown = (x1 - x0) * (y1 - y0) / np.maximum(area, 1e-6)
    passing = faces[:, LEARN] == Lesson.PASSER_BY
    faces[passing, LEARN] = np.where(faces[passing, 3] < PASSING, Lesson.BACKGROUND, Lesson.NOTHING)
    faces[(faces[:, LEARN] == Lesson.FACE) & ((shown < 0.5) | (faces[:, 3] < SMALLEST)), LEARN] = Lesson.NOTHING
    faces[:, 0], faces[:, 1], faces[:, 2], faces[:, 3] = x0, y0, x1 - x0, y1 - y0
    return faces[(faces[:, 2] > 1) & (faces[:, 3] > 1)]


def moved_by(faces: Faces, left: float, top: float) -> Faces:
    moved = faces.copy()
    moved[:, XS] += left
    moved[:, YS] += top
    return moved


def mirror(image: Image, faces: Faces) -> tuple[Image, Faces]:
    """A scene and its faces, left for right."""
    return np.ascontiguousarray(image[:, ::-1]), mirrored(faces, image.shape[1])
