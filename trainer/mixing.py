# SPDX-License-Identifier: Apache-2.0
"""Mixing: new faces made of others: drawn masks and hands, and real lower faces set into another picture.

Both are done for every label, so that neither "looks drawn" nor "has a seam" says anything about it.
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.look import Face, Label
from trainer.data.cache import SIDE_PX
from trainer.data.labels import INCORRECT, MASK, NO_MASK
from trainer.recipe import Render
from trainer.render import Kind, Style, random_style, render_mask

Picture = NDArray[np.uint8]


class Source(Protocol):
    """Where faces come from: `trainer.draw.Drawer`."""

    def pick_found(self, label: str, rng: np.random.Generator) -> tuple[Picture, Face] | None: ...

    def pick_any(self, label: str, rng: np.random.Generator) -> Picture | None: ...


def wanted(label: str, rng: np.random.Generator, settings: Render) -> str | None:
    """Which kind of made face comes next: `drawn`, `transplanted`; none: a real one (most of the time)."""
    draw = rng.random()
    share = settings.share.get(label, 0.0)
    if draw < share:
        return "drawn"
    return "transplanted" if draw < share + settings.transplant.get(label, 0.0) else None


def wanted_at_all(label: str, rng: np.random.Generator, settings: Render) -> str:
    """Which kind comes next of a class that has no real face: `drawn` or `transplanted`, as often as their shares say."""
    drawn, transplanted = settings.share.get(label, 0.0), settings.transplant.get(label, 0.0)
    return "drawn" if rng.random() * (drawn + transplanted) < drawn else "transplanted"


def make(source: Source, kind: str, label: str, rng: np.random.Generator, up: float = 0.0, tries: int = 8) -> Picture | None:
    """A made face that shows `label`, `up` as in the recipe; none when the faces that came up would not do (not found, turned too far)."""
    for _ in range(tries):
        picture = _drawn(source, label, rng) if kind == "drawn" else _transplanted(source, label, rng, up)
        if picture is not None:
            return picture
    return None


HANDS_OVER_MASKS = 0.5
"""Share of the drawn `mask` faces that are a real mask with a hand before it, instead of a mask drawn on a bare face:
else a hand before the mouth would always mean a bare face, and whoever adjusts a mask would be stopped."""


def _drawn(source: Source, label: str, rng: np.random.Generator) -> Picture | None:
    over_mask = label == MASK and rng.random() < HANDS_OVER_MASKS
    base = source.pick_found(MASK if over_mask else NO_MASK, rng)
    if base is None:
        return None
    style = hand_style(rng) if over_mask else random_style(rng, Label(label))
    done = render_mask(*base, style, rng)
    if not done.drawn:
        return None
    return skinned(np.asarray(done.image, np.uint8), base[0], brow(*base)) if over_mask else np.asarray(done.image, np.uint8)


def skinned(drawn: Picture, picture: Picture, skin: NDArray[np.float64]) -> Picture:
    """The renderer takes a hand's colour from the cheeks, and here these are cloth: give it this colour (BGR) instead."""
    where = (drawn != picture).any(axis=2)
    if not where.any():
        return drawn
    gain = np.clip(skin / np.maximum(drawn[where].mean(axis=0), 1), 0.4, 2.5)
    # The hand's soft rim and shadow differ little from what lies under them: they get little of the gain.
    share = np.clip(abs(drawn.astype(np.float32) - picture).max(axis=2, keepdims=True) / 40, 0, 1)
    return np.asarray(np.clip(drawn * (1 + share * (gain - 1)), 0, 255), np.uint8)


def hand_style(rng: np.random.Generator) -> Style:
    """A hand before the mouth."""
    while True:
        style = random_style(rng, Label.NO_MASK)
        if style.kind is Kind.HAND:
            return style


def _transplanted(source: Source, label: str, rng: np.random.Generator, up: float) -> Picture | None:
    """Set the lower face of one picture into another.

    For `incorrect` the cloth of a masked face goes onto a bare one from below the nose or below the mouth down; for
    the others a masked lower face goes onto a masked one, and a bare onto a bare.
    """
    receiver = source.pick_found(MASK if label == MASK else NO_MASK, rng)
    giver = source.pick_found(NO_MASK if label == NO_MASK else MASK, rng)
    if receiver is None or giver is None:
        return None
    picture, face = receiver
    other, other_face = giver
    levels = _levels(face)
    other_levels = _levels(other_face)
    if levels is None or other_levels is None:
        return None
    (top, bottom), (other_top, other_bottom) = _spans(label, levels, other_levels, rng, up)
    matrix = _between(other_face, (other_top, other_bottom), face, (top, bottom))
    moved = cv2.warpAffine(other, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = _shape(face, top, bottom, rng)
    if alpha is None:
        return None
    gain = _same_light(picture, face, other, other_face)
    mixed = picture * (1 - alpha) + np.clip(moved * gain, 0, 255) * alpha
    return np.asarray(mixed, np.uint8)


Span = tuple[float, float]


def _spans(label: str, levels: tuple[float, ...], other: tuple[float, ...], rng: np.random.Generator, up: float) -> tuple[Span, Span]:
    """From where to where down the face the other one shows, and which part of it: (here, there)."""
    eye, nose, mouth, chin = levels
    _, other_nose, _, other_chin = other
    if label != INCORRECT:
        above = float(rng.uniform(0.35, 0.7))
        return (eye + above * (nose - eye), chin * 1.08), (above * other_nose, other_chin * 1.08)
    if up and rng.random() < up:  # over the eyes, or further up: nose and mouth are bare
        top = -nose * float(rng.uniform(0.4, 1.4))
        return (top, min(top + nose * float(rng.uniform(1.0, 2.0)), 0.9 * nose)), (other_nose * 0.8, other_chin * 1.04)
    # The giver's cloth surely covers its nose tip; what is taken starts there.
    way = rng.random()
    if way < 0.5:  # nose bare
        top, bottom = nose + float(rng.uniform(0.1, 0.5)) * (mouth - nose), chin * 1.08
    elif way < 0.75:  # nose and mouth bare
        top, bottom = mouth + float(rng.uniform(0.2, 0.6)) * (chin - mouth), chin * 1.25
    else:  # pulled up: the mouth is bare
        top, bottom = nose * float(rng.uniform(0.45, 0.7)), nose + float(rng.uniform(0.35, 0.7)) * (mouth - nose)
    return (top, bottom), (other_nose, other_chin * 1.08)


def _axes(face: Face) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    """Middle of the eyes, unit vectors along the eyes and down the face, eye distance."""
    points = np.array(face.landmarks, np.float64)
    middle = (points[0] + points[1]) / 2
    along = points[1] - points[0]
    eyes = float(np.hypot(*along))
    along = along / max(eyes, 1e-6)
    return middle, along, np.array([-along[1], along[0]]), eyes


def _levels(face: Face) -> tuple[float, float, float, float] | None:
    """Eyes, nose tip, mouth and chin as distances down the face's axis, in pixels; none: turned too far or no face."""
    middle, along, down, eyes = _axes(face)
    points = np.array(face.landmarks, np.float64) - middle
    nose, mouth = float(points[2] @ down), float((points[3] + points[4]) @ down / 2)
    if eyes < 20 or not 0 < nose < mouth or mouth < 0.6 * eyes or abs(float(points[2] @ along)) > 0.45 * eyes:
        return None
    return 0.0, nose, mouth, mouth + 0.75 * (mouth - nose) + 0.15 * eyes


def _between(source: Face, rows: tuple[float, float], target: Face, wanted: tuple[float, float]) -> NDArray[np.float64]:
    """The affine map that takes rows `rows` of one face to rows `wanted` of another, widths by their eye distance."""
    def corners(face: Face, span: tuple[float, float]) -> NDArray[np.float32]:
        middle, along, down, eyes = _axes(face)
        nose = float((np.array(face.landmarks[2]) - middle) @ along) * 0.6
        return np.array([middle + (nose + side * eyes) * along + row * down
                         for side, row in ((-0.9, span[0]), (0.9, span[0]), (0.0, span[1]))], np.float32)

    return np.asarray(cv2.getAffineTransform(corners(source, rows), corners(target, wanted)), np.float64)


def _shape(face: Face, top: float, bottom: float, rng: np.random.Generator) -> NDArray[np.float32] | None:
    """Where the other face shows: a rounded outline from `top` to `bottom`, soft by a pixel or two, (side, side, 1)."""
    middle, along, down, eyes = _axes(face)
    nose = float((np.array(face.landmarks[2]) - middle) @ along) * 0.6
    half = eyes * float(rng.uniform(0.88, 1.05))
    arch = float(rng.uniform(-0.02, 0.14)) * eyes
    outline = [(-half, top + arch), (-half * 0.5, top + arch * 0.3), (0, top - arch * 0.4), (half * 0.5, top + arch * 0.3), (half, top + arch),
               (half * 0.98, top + 0.45 * (bottom - top)), (half * 0.75, top + 0.8 * (bottom - top)), (half * 0.3, bottom), (-half * 0.3, bottom),
               (-half * 0.75, top + 0.8 * (bottom - top)), (-half * 0.98, top + 0.45 * (bottom - top))]
    points = np.array([middle + (nose + x) * along + y * down for x, y in outline])
    if bottom - top < 6:
        return None
    alpha = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    cv2.fillPoly(alpha, [np.round(points * 16).astype(np.int32)], 1.0, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.8, 2.0)))[..., None], np.float32)


def _same_light(picture: Picture, face: Face, other: Picture, other_face: Face) -> float:
    """Gain that brings the other picture's brow to this one's light, within reason."""
    return float(np.clip(brow(picture, face).mean() / max(brow(other, other_face).mean(), 1.0), 0.5, 1.8))


def brow(image: Picture, face: Face) -> NDArray[np.float64]:
    """Mean colour of a patch at the eyes' height and above, BGR: skin, whatever is worn below."""
    middle, _, down, eyes = _axes(face)
    x, y = middle - 0.1 * eyes * down
    r = max(3, int(0.5 * eyes))
    patch = image[max(0, int(y) - r // 2):max(1, int(y) + r // 2), max(0, int(x) - r):max(1, int(x) + r)]
    return np.asarray(patch.reshape(-1, 3).mean(axis=0)) if patch.size else np.full(3, 128.0)
