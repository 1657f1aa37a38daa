# SPDX-License-Identifier: Apache-2.0
"""Find: the face in a picture, by the unit's own detector code (`edge.vision.faces`), at any framing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.look import Box, Face
from edge.settings import FacesSettings
from edge.vision.faces import Faces
from trainer.data.match import matches

SCALES: tuple[tuple[int, float], ...] = ((320, 0.25), (192, 0.6), (320, 0.0))
"""(long side searched, border added on each side as a share of the picture): faces that fill the picture are found
only when there is room around them, small heads only when the picture is not shrunk."""
SURE = 0.75
"""A score at which no other scale is tried."""


class Finder:
    """Finds the one face of a cropped picture, and fits found faces to boxes drawn by hand."""

    def __init__(self, model: Path) -> None:
        self._at = {side: Faces(model, FacesSettings(long_side_px=side, score_min=0.3, min_face_px=12))
                    for side in {side for side, _ in SCALES}}
        self._wide = Faces(model, FacesSettings(long_side_px=640, score_min=0.4, min_face_px=12, max_faces=10))

    def main_face(self, image: NDArray[np.uint8]) -> Face | None:
        """The face that the picture is about: the largest and most central, in pixels of `image`; none: not found."""
        best: tuple[float, Face] | None = None
        for side, border in SCALES:
            pad = round(border * max(image.shape[:2]))
            wide = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=(127, 127, 127))
            for face in self._at[side].find(np.asarray(wide, np.uint8)):
                shifted = _shift(face, -pad)
                worth = face.score * _prominence(shifted.box, image.shape[1], image.shape[0])
                if best is None or worth > best[0]:
                    best = (worth, shifted)
            if best is not None and best[1].score >= SURE:
                break
        return best[1] if best else None

    def all_faces(self, image: NDArray[np.uint8]) -> list[Face]:
        """Every face of a photograph, at 640 px."""
        return self._wide.find(image)


def fit(boxes: list[Box], faces: list[Face]) -> list[Face | None]:
    """For each box drawn by hand the face found there, each face given once, best overlap first.

    `trainer.data.match` says which may be.
    """
    pairs = sorted(((box.iou(face.box), i, j) for i, box in enumerate(boxes) for j, face in enumerate(faces)
                    if matches(face.box, box)), reverse=True)
    given: dict[int, Face] = {}
    taken: set[int] = set()
    for _, i, j in pairs:
        if i not in given and j not in taken:
            given[i] = faces[j]
            taken.add(j)
    return [given.get(i) for i in range(len(boxes))]


def _shift(face: Face, by: float) -> Face:
    a, b, c, d, e = ((x + by, y + by) for x, y in face.landmarks)
    return Face(Box(face.box.x + by, face.box.y + by, face.box.w, face.box.h), (a, b, c, d, e), face.score)


def _prominence(box: Box, width: int, height: int) -> float:
    x, y = box.centre
    off = max(abs(x / width - 0.5), abs(y / height - 0.5))
    return float(np.sqrt(box.area / (width * height))) * max(0.05, 1 - 1.2 * off)
