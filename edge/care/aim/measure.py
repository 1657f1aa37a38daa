# SPDX-License-Identifier: Apache-2.0
"""Measures one face in one frame: all that an installer can change by moving the camera, the light or the lens."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frame import Frame
from edge.look import Box, Face
from edge.vision.quality import grey_face, share_inside, sharpness

PUPILS_MM = 63.0
"""Between the pupils of an adult: mean of 3,976 people (Dodgson 2004, "Variation and extrema of human interpupillary
distance"); 95 % lie between 56 and 70, so a distance reckoned from it is right to a tenth."""

FACE_MM = np.array([(-31.5, 0, 0), (31.5, 0, 0), (0, 36.5, -30), (-27.5, 62, 0), (27.5, 62, 0)], np.float64)
"""Right eye, left eye, nose tip and corners of the mouth of an average face with 63 mm between the eyes: x to its left, y down, z into the
head. x and y are the medians of what the shipped detector finds on 740 bare faces that look into the camera, so that those have a pitch
of 0 (nine in ten within 5 degrees). That the nose stands out by 30 mm is an estimate; the scale of the angles depends on it."""

SURROUNDINGS = 1.6
"""The background is the frame outside of the face's box grown by this factor."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One face. None: not to be had from this frame or camera."""

    pupils_px: float
    """Between the eyes, in pixels of the frame, as seen (a turned head has less)."""
    face_px: float
    """Shorter side of the box."""
    turn_deg: float | None
    """How far the face is turned away from the camera, to the left or right: 0 looks at it."""
    pitch_deg: float | None
    """How far the camera stands above (positive) or below where the face looks."""
    distance_m: float | None
    light: float
    """Mean brightness of the face, 0 to 255."""
    background: float | None
    """Mean brightness of everything else."""
    lux: float | None
    """As the camera reckons; libcamera's does."""
    sharpness: float
    """Variance of the Laplacian at 64 px, as in `edge.vision.quality`."""
    eyes_at: float
    """Height of the eyes in the picture: 0 upper edge, 1 lower edge."""
    inside: float
    """Share of the face inside the frame, 0 to 1."""


def measure(frame: Frame, face: Face, fov_deg: float) -> Measured | None:
    """Measure `face`; None where it lies outside the frame.

    Args:
        fov_deg: what the camera sees along the longer side of its picture, in degrees.
    """
    height, width = frame.image.shape[:2]
    inner = grey_face(frame.image, face.box)
    if inner is None:
        return None
    (rx, ry), (lx, ly) = face.landmarks[:2]
    pupils = math.hypot(lx - rx, ly - ry)
    focal = max(width, height) / 2 / math.tan(math.radians(fov_deg) / 2)
    turn, pitch = angles(face, (width, height), focal) or (None, None)
    straight = pupils / max(0.3, math.cos(math.radians(turn or 0)))
    lux = frame.metadata.get("Lux")
    return Measured(
        pupils_px=pupils, face_px=min(face.box.w, face.box.h), turn_deg=turn, pitch_deg=pitch,
        distance_m=focal * PUPILS_MM / 1000 / straight if straight > 1 else None,
        light=float(inner.mean()), background=_background(frame.image, face.box),
        lux=float(lux) if isinstance(lux, int | float) else None,
        sharpness=sharpness(inner), eyes_at=(ry + ly) / 2 / height, inside=share_inside(face.box, width, height))


def angles(face: Face, size: tuple[int, int], focal_px: float) -> tuple[float, float] | None:
    """Turn and pitch in degrees: the pose in which `FACE_MM` seen by a pinhole camera fits the five landmarks best.

    Solved by SQPnP (Terzakis and Lourakis 2020). Both angles are between where the face looks and the line from the
    face to the camera, so that it does not matter where in the picture the face is.
    """
    camera = np.array([(focal_px, 0, size[0] / 2), (0, focal_px, size[1] / 2), (0, 0, 1)], np.float64)
    points = np.array(face.landmarks, np.float64)
    try:
        solved, rotation, shift = cv2.solvePnP(FACE_MM, points, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    except cv2.error:  # points on one line or on top of each other
        return None
    if not solved or not np.isfinite(rotation).all() or not np.isfinite(shift).all():
        return None
    to_camera = cv2.Rodrigues(rotation)[0].T @ -shift.ravel()   # seen from the face
    far = float(np.linalg.norm(to_camera))
    if far < 1 or to_camera[2] >= 0:    # the camera would be behind the head
        return None
    return math.degrees(math.atan2(to_camera[0], -to_camera[2])), math.degrees(math.asin(-to_camera[1] / far))


def middle(measured: Sequence[Measured]) -> Measured:
    """The median of each quantity: one blink or one blurred frame does not count."""
    def median(name: str) -> float | None:
        values = [value for one in measured if (value := getattr(one, name)) is not None]
        return statistics.median(values) if values else None

    return Measured(**{field.name: median(field.name) for field in fields(Measured)})  # type: ignore[arg-type]


def _background(image: NDArray[np.uint8], box: Box) -> float | None:
    """Mean brightness outside of the grown box, from every fourth pixel; None where nothing is left."""
    grey = cv2.cvtColor(np.ascontiguousarray(image[::4, ::4]), cv2.COLOR_BGR2GRAY)
    outside = np.ones(grey.shape, bool)
    (x, y), half_w, half_h = box.centre, box.w * SURROUNDINGS / 2, box.h * SURROUNDINGS / 2
    left, right, top, bottom = (max(0, round(value / 4)) for value in (x - half_w, x + half_w, y - half_h, y + half_h))
    outside[top:bottom, left:right] = False
    return float(grey[outside].mean()) if outside.any() else None
