# SPDX-License-Identifier: Apache-2.0
"""Quality: how far one look at a face can be trusted."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.look import Box, Doubt, Face
from edge.settings import TrustSettings

SHARPNESS_PX = 64
"""Faces are brought to this size before sharpness is measured, so that one limit serves near and far."""
ABOVE_EYES_MIN = 0.27
"""What the frame must show above the eyes, in heights of the face's box. A whole face has 0.31 to 0.41 there; a forehead that is cut off
a little hides nothing."""


def doubts(image: NDArray[np.uint8], face: Face, limits: TrustSettings) -> frozenset[Doubt]:
    """Everything that speaks against judging `face` in this BGR image (height, width, 3)."""
    height, width = image.shape[:2]
    found = set()
    if min(face.box.w, face.box.h) < limits.face_px:
        found.add(Doubt.TOO_SMALL)
    if share_inside(face.box, width, height) < limits.inside_min or above_eyes(face) < ABOVE_EYES_MIN:
        found.add(Doubt.CUT_OFF)
    if turn(face) > limits.turn_max:
        found.add(Doubt.TURNED_AWAY)
    grey = grey_face(image, face.box)
    if grey is None:
        return frozenset(found | {Doubt.CUT_OFF})
    light = float(grey.mean())
    if light < limits.light_min:
        found.add(Doubt.TOO_DARK)
    if light > limits.light_max:
        found.add(Doubt.TOO_BRIGHT)
    if sharpness(grey) < limits.sharpness_min:
        found.add(Doubt.BLURRED)
    return frozenset(found)


def share_inside(box: Box, width: int, height: int) -> float:
    """Share of the box that lies inside a frame of this size, 0 to 1."""
    w = min(box.x + box.w, width) - max(box.x, 0)
    h = min(box.y + box.h, height) - max(box.y, 0)
    return max(w, 0) * max(h, 0) / box.area if box.area > 0 else 0.0


def above_eyes(face: Face) -> float:
    """How far below the frame's upper edge the eyes lie, in heights of the box: 0.31 and more for a whole face.

    The box of a face that is cut off ends where the frame ends, so the box alone does not tell that only a chin is in the picture.
    """
    return (face.landmarks[0][1] + face.landmarks[1][1]) / 2 / max(face.box.h, 1e-6)


def turn(face: Face) -> float:
    """How far the head is turned: distance of the nose tip from the middle between the eyes, along the line of the
    eyes, in eye distances. 0 frontal, about 0.5 at 45 degrees; in profile the eyes meet and it grows without limit."""
    (rx, ry), (lx, ly), (nx, ny) = face.landmarks[:3]
    dx, dy = lx - rx, ly - ry
    eyes = math.hypot(dx, dy)
    if eyes < 1e-6:
        return math.inf
    along = (nx - (rx + lx) / 2) * dx + (ny - (ry + ly) / 2) * dy
    return abs(along) / eyes**2


def sharpness(grey: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000) at `SHARPNESS_PX`: about 10 smeared, 100 and more sharp."""
    method = cv2.INTER_AREA if grey.shape[0] > SHARPNESS_PX else cv2.INTER_LINEAR
    scaled = cv2.resize(grey, (SHARPNESS_PX, SHARPNESS_PX), interpolation=method)
    return float(cv2.Laplacian(scaled, cv2.CV_64F).var())


def grey_face(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8] | None:
    """What of a box lies inside a BGR image, as `uint8` grey (height, width); None where that is nothing."""
    height, width = image.shape[:2]
    left, top = max(0, round(box.x)), max(0, round(box.y))
    right, bottom = min(width, round(box.x + box.w)), min(height, round(box.y + box.h))
    if right - left < 2 or bottom - top < 2:
        return None
    return np.asarray(cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_BGR2GRAY), np.uint8)
