# SPDX-License-Identifier: Apache-2.0
"""Parity: whether the small model decides as its parent did, both asked about the same faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.vision.masks import Masks
from trainer.score import Score, score, softmax, three_of


@dataclass(frozen=True)
class Parity:
    """int8 against float."""

    faces: int
    agree: float
    """Share of faces with the same answer."""
    worst: float
    """Largest difference of a probability."""
    mean: float
    """Mean difference of the probability of `mask`."""
    float_score: Score | None
    """None: the faces have no labels."""
    int8_score: Score | None

    def __str__(self) -> str:
        text = (f"int8 against float on {self.faces} faces: same answer {self.agree:.2%}, "
                f"probability of mask differs by {self.mean:.4f} on average, {self.worst:.3f} at most")
        if self.float_score and self.int8_score:
            text += f"\n  float  {self.float_score}\n  int8   {self.int8_score}"
        return text


def float_logits(model: Any, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What the Keras model says of BGR crops (n, size, size, 3), as three logits."""
    found = [np.asarray(model(crops[i:i + 64, ..., ::-1].astype(np.float32), training=False)) for i in range(0, len(crops), 64)]
    return three_of(np.concatenate(found))


def int8_logits(masks: Masks, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What the bundle says, as the unit asks it; logarithms of its probabilities serve as logits."""
    temperature = masks.description.temperature
    return np.log(np.array(masks.judge_crops(list(crops)), np.float64) + 1e-12) * temperature


def parity(model: Any, masks: Masks, crops: NDArray[np.uint8], truth: NDArray[np.int64] | None = None) -> Parity:
    """Ask both about BGR `crops` (n, size, size, 3)."""
    large, small = float_logits(model, crops), int8_logits(masks, crops)
    p, q = softmax(large), softmax(small)
    return Parity(faces=len(crops), agree=float((p.argmax(1) == q.argmax(1)).mean()), worst=float(abs(p - q).max()),
                  mean=float(abs(p[:, 0] - q[:, 0]).mean()),
                  float_score=None if truth is None else score(large, truth),
                  int8_score=None if truth is None else score(small, truth))
