# SPDX-License-Identifier: Apache-2.0
"""Corridor: a plain drawn background for the demo clip, seen from a camera at eye height."""

from __future__ import annotations

import cv2
import numpy as np

from trainer.render.light import Image

WIDTH, HEIGHT, HORIZON = 640, 480, 196
CENTRE_X = 320
NICHE_X = 210
"""People come out of a doorway in the left wall, 7 to 8 m off: left of this column the wall hides them."""


def _edge(depth: float, side: float, level: float) -> tuple[int, int]:
    """A point of the corridor at `depth` metres: `side` metres to the right, `level` metres above the eyes."""
    return round(CENTRE_X + side * 620 / depth), round(HORIZON - level * 620 / depth)


def _quad(image: Image, corners: list[tuple[int, int]], colour: tuple[int, int, int]) -> None:
    cv2.fillPoly(image, [np.array(corners, np.int32)], colour, cv2.LINE_AA)


def corridor() -> Image:
    """BGR (480, 640, 3): walls, floor, lamps, two doors, a noticeboard; soft light from above."""
    image = np.full((HEIGHT, WIDTH, 3), (176, 184, 186), np.uint8)
    near, far, left, right, floor, roof = 0.6, 12.0, -1.3, 1.3, -1.6, 1.05
    _quad(image, [_edge(near, left, floor), _edge(near, right, floor), _edge(far, right, floor), _edge(far, left, floor)], (96, 104, 112))
    _quad(image, [_edge(near, left, roof), _edge(near, right, roof), _edge(far, right, roof), _edge(far, left, roof)], (214, 218, 218))
    _quad(image, [_edge(near, left, floor), _edge(near, left, roof), _edge(far, left, roof), _edge(far, left, floor)], (168, 178, 176))
    _quad(image, [_edge(near, right, floor), _edge(near, right, roof), _edge(far, right, roof), _edge(far, right, floor)], (150, 160, 160))
    _quad(image, [_edge(far, left, floor), _edge(far, right, floor), _edge(far, right, roof), _edge(far, left, roof)], (186, 190, 188))
    for depth in (2.0, 3.4, 5.2, 8.0):  # lamps
        _quad(image, [_edge(depth, -0.35, roof), _edge(depth, 0.35, roof), _edge(depth * 1.25, 0.35, roof), _edge(depth * 1.25, -0.35, roof)], (250, 250, 250))
    for depth in (1.4, 2.0, 3.0, 4.5, 7.0):  # joints of the floor
        cv2.line(image, _edge(depth, left, floor), _edge(depth, right, floor), (86, 94, 102), 1, cv2.LINE_AA)
    for side, start, end, colour in ((right, 3.0, 4.2, (70, 98, 128)), (left, 2.2, 3.0, (70, 98, 128)), (left, 7.0, 8.4, (60, 66, 70))):
        top = floor + 2.05
        _quad(image, [_edge(start, side, floor), _edge(start, side, top), _edge(end, side, top), _edge(end, side, floor)], colour)
    _quad(image, [_edge(1.7, right, -0.4), _edge(1.7, right, 0.45), _edge(2.4, right, 0.45), _edge(2.4, right, -0.4)], (120, 150, 110))
    for side in (left, right):  # skirting
        _quad(image, [_edge(near, side, floor), _edge(near, side, floor + 0.1), _edge(far, side, floor + 0.1), _edge(far, side, floor)], (70, 74, 78))
    soft = np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), np.float32)
    rng = np.random.default_rng(5)
    clouds = cv2.resize(rng.normal(0, 1, (12, 16)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    light = 0.97 + 0.02 * clouds - 0.12 * np.abs(np.linspace(-1, 1, WIDTH, dtype=np.float32))[None]
    return np.clip(soft * light[..., None] + rng.normal(0, 1.2, image.shape), 0, 255).astype(np.uint8)
