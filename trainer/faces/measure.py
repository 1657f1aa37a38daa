# SPDX-License-Identifier: Apache-2.0
"""Measure: which faces a detector found, by the matching rule of the pictures' baselines, and the figures that follow.

`trainer.data.match` has the rule. `unknown` faces count neither in recall nor as false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.look import Box
from trainer.data.match import matches
from trainer.faces.detector import Found
from trainer.faces.pictures import Truth

BANDS = ((">=20 %", 0.2, 9.0), ("10-20 %", 0.1, 0.2), ("<10 %", 0.0, 0.1))
"""Face height as a share of the picture's height."""


def assign(found: Found, truths: Sequence[Truth]) -> NDArray[np.int64]:
    """For each found box the number of the face it is, -1 for none.

    The surest box chooses first. Each takes the free face that it overlaps most, a labelled one before an `unknown` one. A second box on a
    labelled face is false; any number may lie on an `unknown` one, for there may be several people in a blur.
    """
    owner = np.full(len(found), -1, np.int64)
    taken: set[int] = set()
    for row in np.argsort(-found[:, 14], kind="stable") if len(found) else []:
        box = Box(*(float(value) for value in found[row, :4]))
        free = [k for k, truth in enumerate(truths) if k not in taken and matches(box, truth.box)]
        if not free:
            continue
        best = max(free, key=lambda k: (truths[k].label != "unknown", box.iou(truths[k].box)))
        owner[row] = best
        if truths[best].label != "unknown":
            taken.add(best)
    return owner


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What became of one true face."""

    label: str
    share: float
    """Height as a share of the picture's height."""
    score: float
    """Of the box that found it; 0 where none did."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a detector said about a set of pictures, at every score."""

    pictures: int
    faces: list[Sighting]
    """All but `unknown` ones."""
    false_scores: list[float]
    """Scores of the boxes that are no face."""

    def recall(self, score: float, label: str | None = None, band: str | None = None) -> tuple[float, int]:
        """Share of faces found at this score or better, and how many there are. NaN where there are none."""
        limits = {name: (low, high) for name, low, high in BANDS}
        low, high = limits[band] if band else (0.0, 9.0)
        chosen = [face for face in self.faces if (label is None or face.label == label) and low <= face.share + 1e-6 < high]
        found = sum(face.score >= score for face in chosen)
        return (found / len(chosen) if chosen else float("nan")), len(chosen)

    def false_per_picture(self, score: float) -> float:
        """Boxes that are no face, a picture."""
        return sum(value >= score for value in self.false_scores) / self.pictures

    def average_precision(self, label: str | None = None) -> float:
        """Area under precision over recall (every point, precision made monotone as in PASCAL VOC 2010)."""
        chosen = [face.score for face in self.faces if label is None or face.label == label]
        hits = [score for score in chosen if score > 0]
        if not chosen:
            return float("nan")
        scores = np.array(hits + self.false_scores)
        true = np.array([1] * len(hits) + [0] * len(self.false_scores))
        order = np.argsort(-scores, kind="stable")
        right = np.cumsum(true[order])
        precision = right / np.arange(1, len(order) + 1)
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.sum(precision * true[order]) / len(chosen))


def outcome(pictures: Sequence[tuple[Found, Sequence[Truth], int]]) -> Outcome:
    """Match each picture's boxes to its faces. A picture is (found, truths, height in pixels)."""
    faces, false_scores = [], []
    for found, truths, height in pictures:
        owner = assign(found, truths)
        false_scores += [float(score) for score in found[owner < 0, 14]]
        for number, truth in enumerate(truths):
            if truth.label != "unknown":
                mine = found[owner == number, 14]
                faces.append(Sighting(label=truth.label, share=truth.box.h / height, score=float(mine.max()) if len(mine) else 0.0))
    return Outcome(pictures=len(pictures), faces=faces, false_scores=false_scores)
