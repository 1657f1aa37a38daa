# SPDX-License-Identifier: Apache-2.0
"""Face and Look: what vision says about one face in one frame. Plain values, no numpy: the door reads them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Label(StrEnum):
    """The three answers, in the order of the classifier's output everywhere."""

    MASK = "mask"
    INCORRECT = "incorrect"
    NO_MASK = "no_mask"


class Doubt(StrEnum):
    """Why one look cannot be trusted. The value is what the operator is told."""

    TOO_SMALL = "too small"
    TOO_DARK = "too dark"
    TOO_BRIGHT = "too bright"
    BLURRED = "blurred"
    CUT_OFF = "cut off by the frame's edge"
    TURNED_AWAY = "turned away"
    NO_ANSWER = "no answer from the model"


class Box(NamedTuple):
    """A rectangle in pixels of the frame: left, top, width, height. May reach beyond the frame."""

    x: float
    y: float
    w: float
    h: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.w / 2, self.y + self.h / 2

    @property
    def area(self) -> float:
        return self.w * self.h

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        width = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        height = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)


Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Face:
    """One face found in one frame."""

    box: Box
    landmarks: tuple[Point, Point, Point, Point, Point]
    """Right eye, left eye, nose tip, right and left corner of the mouth (the person's right), in pixels of the frame."""
    score: float
    """The detector's confidence, 0 to 1."""


class Probabilities(NamedTuple):
    """How likely each label is; the three add up to 1."""

    mask: float
    incorrect: float
    no_mask: float

    @property
    def label(self) -> Label:
        """The likeliest label; a tie goes to the worse one, so that nobody passes by a draw."""
        best = max(self)
        if self.no_mask >= best:
            return Label.NO_MASK
        return Label.INCORRECT if self.incorrect >= best else Label.MASK

    def of(self, label: Label) -> float:
        """How likely this one is."""
        return {Label.MASK: self.mask, Label.INCORRECT: self.incorrect, Label.NO_MASK: self.no_mask}[label]


@dataclass(frozen=True, slots=True)
class Look:
    """One face judged once, and how far the picture can be trusted."""

    face: Face
    probabilities: Probabilities
    doubts: frozenset[Doubt] = frozenset()
    """Empty: the picture is good enough to decide by."""
