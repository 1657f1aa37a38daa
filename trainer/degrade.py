# SPDX-License-Identifier: Apache-2.0
"""Degrade: the same faces through a worse camera: fewer pixels, grey, blurred, dark, cropped by a worse detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.masks import Masks
from trainer.augment import plain
from trainer.data.labels import CLASSES
from trainer.judge import Judged
from trainer.score import at_threshold, balanced, interval

Image = NDArray[np.uint8]
Change = Callable[[Image], Image]
SIDES = (64, 48, 32, 24)
MARGINS = {"cropped tight": 0.02, "cropped wide": 0.32}
"""Margin around the face instead of the model's own."""


def degraded(side_px: int, grey: bool) -> Change:
    """A crop as if its face had been `side_px` pixels long in the frame."""
    def apply(crop: Image, margin: float = 0.15) -> Image:
        small = max(4, round(side_px * (1 + 2 * margin)))
        image = cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA)
        if grey:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        return np.asarray(cv2.resize(image, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)

    return apply


def changes() -> dict[str, Change]:
    """What a worse camera does to the crop, by name."""
    kinds: dict[str, Change] = {"as it is": lambda crop: crop}
    for side in SIDES:
        kinds[f"{side} px"] = degraded(side, grey=False)
        kinds[f"{side} px grey"] = degraded(side, grey=True)
    kinds["blurred"] = lambda crop: np.asarray(cv2.GaussianBlur(crop, (0, 0), crop.shape[0] / 45), np.uint8)
    kinds["dark"] = lambda crop: (crop * 0.25).astype(np.uint8)
    return kinds


def degradation(judged: Sequence[Judged], masks: Masks, threshold: float) -> dict[str, dict[str, float]]:
    """Balanced mask against bare, and who is stopped at a fixed threshold, under each change of the crop."""
    size = masks.description.input_px
    rows = {}
    for name, change in changes().items():
        rows[name] = _row([(j, change(j.crop)) for j in judged if j.crop is not None], masks, threshold)
    for name, margin in MARGINS.items():
        rows[name] = _row([(j, plain(j.context, margin, size)) for j in judged if j.context is not None], masks, threshold)
    return rows


def _row(seen: list[tuple[Judged, Image]], masks: Masks, threshold: float) -> dict[str, float]:
    truth = np.array([CLASSES.index(j.sample.label) for j, _ in seen], np.int64)
    p = np.array(masks.judge_crops([crop for _, crop in seen]), np.float64).reshape(-1, len(CLASSES))
    low, high = interval(lambda chosen: balanced(p[chosen], truth[chosen]), len(truth), draws=300)
    return {**at_threshold(np.log(p + 1e-12), truth, threshold), "balanced from": low, "balanced to": high}
