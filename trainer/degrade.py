# SPDX-License-Identifier: Apache-2.0
"""Degrade: the same faces through a worse camera: fewer pixels, grey, blurred, dark, cropped by a worse detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.look import Box
from edge.vision.masks import Masks
from trainer.data.cache import FACE, FACE_SHARE
from trainer.data.labels import CLASSES
from trainer.judge import Judged
from trainer.score import at_threshold, balanced, interval

Image = NDArray[np.uint8]
Change = Callable[[Image], Image]
SIDES = (64, 48, 32, 24)
BOXES = {"cropped tight": 0.8, "cropped wide": 1.25}
"""Size of the box that a worse detector gives, as a share of the right one's."""
BLUR = 0.029
"""Standard deviation of the blur, in face heights."""


def degraded(side_px: int, grey: bool) -> Change:
    """A cached square as if its face had been `side_px` pixels long in the frame."""
    def apply(square: Image) -> Image:
        small = max(4, round(side_px / FACE_SHARE))
        image = cv2.resize(square, (small, small), interpolation=cv2.INTER_AREA)
        if grey:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        return np.asarray(cv2.resize(image, square.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)

    return apply


def changes() -> dict[str, Change]:
    """What a worse camera does to the picture, by name."""
    kinds: dict[str, Change] = {"as it is": lambda square: square}
    for side in SIDES:
        kinds[f"{side} px"] = degraded(side, grey=False)
        kinds[f"{side} px grey"] = degraded(side, grey=True)
    kinds["blurred"] = lambda square: np.asarray(cv2.GaussianBlur(square, (0, 0), BLUR * FACE_SHARE * square.shape[0]), np.uint8)
    kinds["dark"] = lambda square: (square * 0.25).astype(np.uint8)
    return kinds


def degradation(judged: Sequence[Judged], masks: Masks, threshold: float) -> dict[str, dict[str, float]]:
    """Balanced mask against bare, and who is stopped at a fixed threshold, under each change of the picture."""
    seen = [(j, j.context) for j in judged if j.context is not None]
    rows = {name: _row([(j, change(square)) for j, square in seen], masks, threshold) for name, change in changes().items()}
    for name, share in BOXES.items():
        rows[name] = _row(seen, masks, threshold, share)
    return rows


def _row(seen: Sequence[tuple[Judged, Image]], masks: Masks, threshold: float, share: float = 1.0) -> dict[str, float]:
    (x, y), side = FACE.centre, FACE.w * share
    box = Box(x - side / 2, y - side / 2, side, side)
    truth = np.array([CLASSES.index(j.sample.label) for j, _ in seen], np.int64)
    p = np.array([masks.judge(square, [box])[0] for _, square in seen], np.float64).reshape(-1, len(CLASSES))
    low, high = interval(lambda chosen: balanced(p[chosen], truth[chosen]), [j.sample.path for j, _ in seen])
    return {**at_threshold(np.log(p + 1e-12), truth, threshold), "balanced from": low, "balanced to": high}
