# SPDX-License-Identifier: Apache-2.0
"""Pose: an affine camera through five landmarks, so that a mask turns, tilts and foreshortens with the face.

Head coordinates: the unit is the distance from the middle between the eyes (the origin) to the middle of the mouth.
x runs to the right of the picture along the eyes, y down to the mouth (mouth at 1, chin near 1.65), z out of the face.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.look import Face

Array = NDArray[np.float64]

EYES_APART, MOUTH_WIDE = 0.94, 0.76
NOSE_Y, NOSE_Z = 0.6, 0.42
CHIN_Y = 1.65
TURN_MAX = 0.48
"""Nose tip off the middle, in eye distances: about 42 degrees. Beyond it the far side cannot be seen, nor drawn."""
SMALLEST_PX = 3.0
"""Least distance from eyes to mouth: a face of about 8 px."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head's axes lie in the picture, in pixels per unit."""

    origin: Array
    right: Array
    down: Array
    out: Array
    half: float
    """Half the width of the face, in head units."""
    chin: float
    """y of the chin."""
    nose_off: float
    """How much lower the nose tip is seen than this pose puts it, in head units: what lies over or under it moves along."""

    @property
    def unit_px(self) -> float:
        return float(np.hypot(*self.down))

    def project(self, x: Array, y: Array, z: Array | float) -> Array:
        """Head coordinates to pixels: (n, 2)."""
        return np.asarray(self.origin + np.stack([x, y, np.broadcast_to(z, np.shape(x))], -1) @ np.stack([self.right, self.down, self.out]))

    def on_face(self, points: Array, lift: float = 0.0) -> Array:
        """Points (n, 2) on the skin of the lower face (plus `lift`) to pixels (n, 2)."""
        x, y = points[:, 0], points[:, 1]
        return self.project(x, y, depth(x, y) + lift)

    def unproject(self, pixels: Array) -> tuple[Array, Array]:
        """Pixels (..., 2) to x and y on the skin. Past the silhouette the answer is merely smooth."""
        inverse = np.linalg.inv(np.stack([self.right, self.down]))
        flat = (pixels - self.origin) @ inverse
        lean = self.out @ inverse
        x, y = flat[..., 0], flat[..., 1]
        for _ in range(5):
            z = depth(x, y)
            x = np.clip(0.4 * x + 0.6 * (flat[..., 0] - z * lean[0]), -2, 2)
            y = np.clip(0.4 * y + 0.6 * (flat[..., 1] - z * lean[1]), -2, 4)
        return x, y


def depth(x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> Array:
    """z of a mask on the face: round cheeks, the nose bridged over, the chin drawn back."""
    square = x * x
    cheeks = 0.35 * square + 0.2 * square * square
    nose = 0.36 * np.exp(-square / 0.11 - ((y - 0.66) / 0.42) ** 2)
    chin = 0.3 * np.maximum(0.0, y - 1.2) ** 2
    return np.asarray(nose - np.minimum(cheeks, 1.5) - chin)


def pose_of(face: Face) -> Pose | None:
    """The pose, or None where the face is too turned, upside down, too small or its landmarks make no face."""
    marks = np.asarray(face.landmarks, np.float64)
    if not np.isfinite(marks).all() or not np.isfinite(face.box).all():
        return None
    right_eye, left_eye, nose, right_mouth, left_mouth = marks
    eyes, mouth = (right_eye + left_eye) / 2, (right_mouth + left_mouth) / 2
    across = 0.75 * (left_eye - right_eye) / EYES_APART + 0.25 * (left_mouth - right_mouth) / MOUTH_WIDE
    down = mouth - eyes
    unit, width = float(np.hypot(*down)), float(np.hypot(*across))
    upright = across[0] * down[1] - across[1] * down[0]
    if unit < SMALLEST_PX or width < 0.4 * unit or width > 2.2 * unit or upright < 0.75 * unit * width or down[1] < 0.35 * unit:
        return None
    residual = np.linalg.solve(np.stack([across, down], 1), nose - eyes - NOSE_Y * down) / NOSE_Z
    if abs(residual[0]) * NOSE_Z / EYES_APART > TURN_MAX or abs(residual[1]) > 1.0:
        return None
    # Noses differ in length, which looks like a nod: believe half of it.
    out = residual[0] * across + 0.5 * residual[1] * down
    half = float(np.clip(face.box.w / 2 / width, 0.88, 1.12))
    boxed_chin = (face.box.y + face.box.h - eyes[1]) / down[1]
    chin = 0.5 * CHIN_Y + 0.5 * float(np.clip(boxed_chin, 1.45, 1.9))
    nose_off = float(np.clip(0.5 * residual[1] * NOSE_Z, -0.15, 0.15))
    return Pose(eyes, across, down, out, half, chin, nose_off)
