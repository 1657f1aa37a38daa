# SPDX-License-Identifier: Apache-2.0
"""Nothing: pictures of what a detector takes for a face and is none: a hand, hair, a neck. Nobody can say how they wear a mask.

A close view of bare skin looks more like a bare face than like anything else in the pictures at hand, so hands would turn the
door red. They are drawn with an even target instead (`trainer.draw`): the classifier says nothing of them.
"""

from __future__ import annotations

import cv2
import numpy as np

from trainer.data.cache import FACE_SHARE, SIDE_PX
from trainer.data.labels import MASK, NO_MASK, NOT_FACE
from trainer.mixing import Picture, Source, brow, hand_style, skinned
from trainer.render import render_mask

HANDS, CHINS = 0.45, 0.25
"""Shares of hands, and of chins and necks under a mask; the rest are pieces of heads."""
GLOVES = 0.3
"""Share of the hands that wear a glove of any pale or strong colour."""
PIECES = ((0.0, -0.62), (0.0, -0.45), (-0.6, -0.1), (0.6, -0.1), (0.0, 0.72))
"""Middles of pieces of a head, from the middle of the face in face heights: hair, brow, both ears, neck. Nose and mouth are in none."""


def make_nothing(source: Source, rng: np.random.Generator, tries: int = 6) -> Picture | None:
    """A square as the cache holds them, without a face in it; none when the faces that came up would not do."""
    for _ in range(tries):
        kind = rng.random()
        picture = _hand(source, rng) if kind < HANDS else _chin(source, rng) if kind < HANDS + CHINS else _piece(source, rng)
        if picture is not None:
            return picture
    return None


def _hand(source: Source, rng: np.random.Generator) -> Picture | None:
    """A drawn hand, in the colour of somebody's brow, before whatever a picture without a face shows."""
    owner, behind = source.pick_found(NO_MASK, rng), source.pick_any(NOT_FACE, rng)
    if owner is None or behind is None:
        return None
    done = render_mask(behind, owner[1], hand_style(rng), rng)
    if not done.drawn:
        return None
    glove = rng.uniform(60, 245) * (1 - rng.uniform(0, 0.6) * rng.random(3))
    hand = skinned(np.asarray(done.image, np.uint8), behind, glove if rng.random() < GLOVES else brow(*owner))
    # From a whole hand to two fingers that fill the picture like lips.
    size = float(np.exp(rng.uniform(np.log(0.15), np.log(0.9))))
    return _seen(hand, (float(rng.normal(0, 0.15)), float(rng.uniform(0.1, 0.45))), size, float(rng.uniform(0, 360)))


def _chin(source: Source, rng: np.random.Generator) -> Picture | None:
    """A view as large as a face, but below it: somebody too near or too tall, of whom the frame's upper rim leaves mask and neck."""
    picture = source.pick_any(MASK, rng)
    if picture is None:
        return None
    return _seen(picture, (float(rng.normal(0, 0.12)), float(rng.uniform(0.6, 0.85))), float(rng.uniform(0.7, 1.0)), float(rng.normal(0, 10)))


def _piece(source: Source, rng: np.random.Generator) -> Picture | None:
    """A close view of hair, brow, ear or neck."""
    picture = source.pick_any(NO_MASK if rng.random() < 0.7 else MASK, rng)
    if picture is None:
        return None
    x, y = PIECES[int(rng.integers(len(PIECES)))]
    return _seen(picture, (x, y), float(rng.uniform(0.25, 0.45)), float(rng.normal(0, 20)))


def _seen(picture: Picture, middle: tuple[float, float], size: float, turn_deg: float) -> Picture:
    """A square cut so that what would be its face is `size` faces high and lies at `middle`, in face heights from the middle."""
    face = SIDE_PX * FACE_SHARE
    centre = (SIDE_PX / 2 + middle[0] * face, SIDE_PX / 2 + middle[1] * face)
    matrix = cv2.getRotationMatrix2D(centre, turn_deg, 1 / size)
    matrix[:, 2] += np.array([SIDE_PX / 2, SIDE_PX / 2]) - np.array(centre)
    flags = cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(picture, matrix, (SIDE_PX, SIDE_PX), flags=flags, borderMode=cv2.BORDER_REFLECT_101), np.uint8)
