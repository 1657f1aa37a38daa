# SPDX-License-Identifier: Apache-2.0
"""Light: what the picture says about the light on the face, its colour, sharpness and noise.

A drawn mask that is lit, tinted, blurred and grained like the skin around it gives a classifier nothing to learn
"drawn" from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.render.pose import Pose

Image = NDArray[np.uint8]
Field = NDArray[np.float32]


def field(values: object) -> Field:
    """An array as `float32`: what OpenCV hands back is typed too loosely to be passed on."""
    return np.asarray(values, np.float32)


_SKIN = np.array([(-0.3, -0.35), (0, -0.4), (0.3, -0.35), (-0.5, 0.45), (0.5, 0.45), (-0.3, 0.6), (0.3, 0.6), (0, 0.35),
                  (-0.65, 0.7), (0.65, 0.7), (-0.55, 1.15), (0.55, 1.15), (0, 1.4)], np.float64)
"""Places in head coordinates that show skin on most people."""


@dataclass(frozen=True, slots=True)
class Light:
    """Measured on one face."""

    skin: NDArray[np.float64]
    """BGR of the skin, 0 to 255."""
    white: NDArray[np.float64]
    """BGR that a white sheet before the face would have."""
    slope: tuple[float, float]
    """How the light falls off per head unit to the right and down, as a share of its mean."""
    chroma: float
    """0 for a grey picture, 1 for one in full colour."""
    blur_px: float
    """Sigma of the picture's own blur."""
    noise: float
    """Sigma of the picture's noise in levels of 255."""


def measure(image: Image, pose: Pose, rng: np.random.Generator) -> Light:
    """Read the light off the bare face. `rng` adds what cannot be known: how white white is."""
    samples = _samples(image, pose)
    grey = samples @ np.array([0.114, 0.587, 0.299])
    # Hair, glasses and beards are darker than skin: trust the brighter part.
    trusted = grey >= np.median(grey) * 0.75
    skin = np.median(samples[trusted], 0)
    level = max(float(np.median(grey[trusted])), 4.0)
    design = np.column_stack([np.ones(int(trusted.sum())), _SKIN[trusted]])
    weights = np.linalg.lstsq(design.T @ design + np.diag([0, 0.3, 0.3]), design.T @ (grey[trusted] / level), rcond=None)[0]
    crop = _face_crop(image, pose)
    luma = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    bright = _quantile(luma, 0.96)
    white = float(np.clip(np.sqrt(level * 1.35 * max(bright, level)) * rng.uniform(0.95, 1.28), 1.05 * level, 252))
    blue, green, red = cv2.split(crop)
    spread = cv2.subtract(cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red))
    chroma = float(np.clip(_quantile(spread, 0.75) / max(level, 30) / 0.12, 0, 1))
    blur = _blur(luma)
    return Light(skin, white * _cast(skin, chroma, rng), (float(np.clip(weights[1], -0.5, 0.5)), float(np.clip(weights[2], -0.35, 0.35))),
                 chroma, blur, _noise(luma))


def _quantile(values: NDArray[Any], share: float) -> float:
    """The value that `share` of them do not exceed; ten times as fast as numpy's, which interpolates."""
    flat = values.ravel()
    place = min(int(share * flat.size), flat.size - 1)
    return float(np.partition(flat, place)[place])


def _samples(image: Image, pose: Pose) -> NDArray[np.float64]:
    """Mean colour at each place of `_SKIN`; a place outside the picture takes its nearest pixel."""
    reach = max(0, round(0.05 * pose.unit_px))
    height, width = image.shape[:2]
    found = []
    for x, y in np.rint(pose.on_face(_SKIN)).astype(int):
        x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
        found.append(cv2.mean(image[max(y - reach, 0):y + reach + 1, max(x - reach, 0):x + reach + 1])[:3])
    return np.asarray(found, np.float64)


def _face_crop(image: Image, pose: Pose) -> Image:
    """The upright rectangle from brow to chin, inside the picture; at least 3 by 3 px."""
    height, width = image.shape[:2]
    corners = pose.project(np.array([-0.8, 0.8, -0.8, 0.8]), np.array([-0.3, -0.3, 1.4, 1.4]), 0.0)
    left, top = np.clip(np.floor(corners.min(0)).astype(int), 0, (max(width - 3, 0), max(height - 3, 0)))
    right, bottom = np.ceil(corners.max(0)).astype(int)
    return image[top:max(bottom, top + 3), left:max(right, left + 3)]


def _cast(skin: NDArray[np.float64], chroma: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Colour of the light (mean 1): a little of how this skin differs from skin in daylight, and some chance."""
    usual = np.array([0.74, 0.92, 1.24])
    seen = skin / max(float(skin.mean()), 1.0)
    cast = np.clip((seen / usual) ** 0.25, 0.85, 1.18) * rng.uniform(0.97, 1.03, 3)
    cast = cast / cast.mean()
    return np.asarray(1 + chroma * (cast - 1))


def _blur(luma: Image) -> float:
    """Sigma of the blur in pixels, with a coarser probe the softer the picture turns out to be."""
    if min(luma.shape) < 12:
        return 0.5
    picture = luma.astype(np.float32)
    sigma = 0.0
    for probe in (1.0, 2.0, 4.0):
        if sigma < 0.75 * (probe - 1) or probe > 0.06 * min(luma.shape) + 1:
            break
        sigma = _sigma(picture, probe)
    # The edges of a sharp face are no perfect steps: they measure about 0.8 px.
    return float(np.clip(np.sqrt(max(0.0, sigma * sigma - 0.64)), 0.35, 0.06 * min(luma.shape) + 0.35))


def _sigma(picture: Field, probe: float) -> float:
    """How soft the strongest edges are, from how much a known further blur takes off them.

    The slope of a step edge falls as 1 / sigma, so the ratio before and after is sqrt(sigma^2 + probe^2) / sigma.
    """
    before = slopes(picture)
    after = slopes(field(cv2.GaussianBlur(picture, (0, 0), probe)))
    strong = after >= _quantile(after, 0.94)
    ratio = float(before[strong].mean() / max(float(after[strong].mean()), 1e-3))
    return probe / float(np.sqrt(max(ratio, 1.02) ** 2 - 1))


def slopes(picture: Field) -> Field:
    """How steep the picture is at each pixel: the length of Sobel's gradient."""
    across, down = cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    # Not cv2.magnitude: its last digit depends on where in memory the answer lies, and from one such digit on two trainings part.
    return field(np.sqrt(across * across + down * down))


def _noise(luma: Image) -> float:
    """Sigma of the noise (Immerkaer's mask, 1996), taken from the smoother half of the face."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    residual = np.abs(cv2.filter2D(luma, cv2.CV_32F, kernel))
    return float(np.clip(_quantile(residual, 0.40) / 0.524 / 6, 0, 14))
