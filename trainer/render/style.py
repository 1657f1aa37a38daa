# SPDX-License-Identifier: Apache-2.0
"""Style: what is drawn on a bare face, how it is worn, and the label that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from edge.look import Label


class Kind(StrEnum):
    """What is drawn. The first six are masks, the rest only hide the mouth (`OCCLUDERS`)."""

    SURGICAL = "surgical"
    FFP2 = "ffp2"
    CLOTH = "cloth"
    DARK = "dark"
    PATTERNED = "patterned"
    WINDOW = "window"
    """A cloth mask with a clear window before the mouth."""
    VISOR = "visor"
    """A clear shield in front of the face: nose and mouth breathe freely, so it is no mask."""
    HAND = "hand"
    SCARF = "scarf"
    PHONE = "phone"
    PAPER = "paper"
    CUP = "cup"


class Worn(StrEnum):
    """How it is worn."""

    CORRECT = "correct"
    NOSE_OUT = "nose_out"
    MOUTH_OUT = "mouth_out"
    """Pulled down to the chin."""
    ONE_EAR = "one_ear"
    """Dangles from one ear; the face is bare."""
    BEFORE = "before"
    """Held or pulled before a bare mouth: the only way to wear an occluder."""


OCCLUDERS = (Kind.HAND, Kind.SCARF, Kind.PHONE, Kind.PAPER, Kind.CUP, Kind.VISOR)
MASKS = tuple(kind for kind in Kind if kind not in OCCLUDERS)
LABELS = {
    Worn.CORRECT: Label.MASK,
    Worn.NOSE_OUT: Label.INCORRECT,
    Worn.MOUTH_OUT: Label.INCORRECT,
    Worn.ONE_EAR: Label.NO_MASK,
    Worn.BEFORE: Label.NO_MASK,
}

Colour = tuple[float, float, float]
"""Blue, green, red as shares of a white sheet in the same light, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Style:
    """One thing to draw. The shape's own jitter comes from the generator given to `render_mask`."""

    kind: Kind
    worn: Worn
    colour: Colour
    second: Colour
    """The pattern's other colour, the binding, a book's text."""
    texture: str = "plain"
    """`plain`, `weave`, `dots`, `stripes`, `checks`, `blotches` or `flowers`."""

    def __post_init__(self) -> None:
        if (self.kind in OCCLUDERS) != (self.worn is Worn.BEFORE):
            raise ValueError(f"A {self.kind} cannot be worn as {self.worn}.")

    @property
    def label(self) -> Label:
        """What the unit should say about a bare face with this drawn on it."""
        return LABELS[self.worn]


_WAYS: dict[Label, tuple[tuple[Worn, ...], tuple[float, ...]]] = {
    Label.MASK: ((Worn.CORRECT,), (1.0,)),
    Label.INCORRECT: ((Worn.NOSE_OUT, Worn.MOUTH_OUT), (0.6, 0.4)),
    Label.NO_MASK: ((Worn.BEFORE, Worn.ONE_EAR), (0.85, 0.15)),
}
_MASK_WEIGHTS = (0.42, 0.16, 0.14, 0.14, 0.11, 0.03)
_OCCLUDER_WEIGHTS = (0.5, 0.12, 0.14, 0.09, 0.11, 0.04)
_SURGICAL = ((0.90, 0.78, 0.58), (0.93, 0.85, 0.70), (0.95, 0.95, 0.94), (0.85, 0.62, 0.40), (0.80, 0.86, 0.66), (0.90, 0.80, 0.95))
_DARK = ((0.10, 0.10, 0.10), (0.14, 0.13, 0.13), (0.24, 0.15, 0.12), (0.20, 0.20, 0.20))


def _free_colour(rng: np.random.Generator, low: float, high: float) -> Colour:
    """A colour of the wardrobe: some brightness, little or much hue."""
    value = rng.uniform(low, high)
    tint = rng.uniform(-1, 1, 3) * rng.choice([0.05, 0.2, 0.5])
    blue, green, red = np.clip(value * (1 + tint), 0.05, 0.97)
    return float(blue), float(green), float(red)


def _near(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    blue, green, red = np.clip(np.asarray(colour) * rng.uniform(1 - spread, 1 + spread, 3), 0.03, 0.97)
    return float(blue), float(green), float(red)


def _clothes(rng: np.random.Generator, kind: Kind) -> tuple[Colour, Colour, str]:
    """Colour, second colour and texture that suit the kind."""
    if kind is Kind.SURGICAL:
        shades = _SURGICAL if rng.random() < 0.93 else _DARK
        colour = _near(rng, shades[rng.choice(len(shades), p=_falling(len(shades)))], 0.06)
        return colour, _near(rng, (0.93, 0.93, 0.93), 0.05), "plain"
    if kind is Kind.FFP2:
        colour = _near(rng, (0.93, 0.94, 0.94), 0.04) if rng.random() < 0.8 else _near(rng, _DARK[0], 0.3)
        return colour, _near(rng, (0.55, 0.55, 0.55), 0.3), "plain"
    if kind is Kind.DARK:
        return _near(rng, _DARK[rng.integers(len(_DARK))], 0.25), _free_colour(rng, 0.05, 0.3), str(rng.choice(["plain", "weave"]))
    if kind in (Kind.PATTERNED, Kind.SCARF):
        textures = ["weave", "dots", "stripes", "checks", "blotches", "flowers"]
        return _free_colour(rng, 0.1, 0.95), _free_colour(rng, 0.05, 0.95), str(rng.choice(textures))
    if kind is Kind.PAPER:
        return _near(rng, (0.93, 0.95, 0.96), 0.05) if rng.random() < 0.6 else _free_colour(rng, 0.2, 0.9), _free_colour(rng, 0.05, 0.3), "plain"
    if kind is Kind.PHONE:
        return _free_colour(rng, 0.05, 0.25) if rng.random() < 0.7 else _free_colour(rng, 0.3, 0.9), _free_colour(rng, 0.05, 0.2), "plain"
    return _free_colour(rng, 0.2, 0.95), _free_colour(rng, 0.1, 0.9), str(rng.choice(["plain", "weave"]))


def _falling(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Weights that prefer the first of a list."""
    weights = 1.0 / np.arange(1, count + 1)
    return np.asarray(weights / weights.sum())


def random_style(rng: np.random.Generator, label: Label | None = None) -> Style:
    """Draw a style.

    Args:
        rng: the same state gives the same style.
        label: the label that it must have; None draws `mask` half of the time and the others a quarter each.
    """
    if label is None:
        label = (Label.MASK, Label.INCORRECT, Label.NO_MASK)[rng.choice(3, p=(0.5, 0.25, 0.25))]
    ways, weights = _WAYS[label]
    worn = ways[rng.choice(len(ways), p=weights)]
    kinds, chances = (OCCLUDERS, _OCCLUDER_WEIGHTS) if worn is Worn.BEFORE else (MASKS, _MASK_WEIGHTS)
    kind = kinds[rng.choice(len(kinds), p=chances)]
    colour, second, texture = _clothes(rng, kind)
    return Style(kind, worn, colour, second, texture)
