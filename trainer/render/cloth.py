# SPDX-License-Identifier: Apache-2.0
"""Cloth: how a mask's surface looks: its colour and pattern, pleats, seam, valve, creases, and the light on its shape."""

from __future__ import annotations

import functools
from collections.abc import Callable

import cv2
import numpy as np

from trainer.render.canvas import View
from trainer.render.light import Field, field
from trainer.render.pose import Array, depth
from trainer.render.style import Colour, Kind, Style, Worn

Paint = Callable[[View, Field], tuple[Field, Field]]
_TILE_PX = 256


@functools.cache
def _tile(kind: str) -> Field:
    """A tile of noise that wraps around, mean 0, about -1 to 1. `creases`: soft; `blotches`: hard."""
    rng = np.random.default_rng(7 if kind == "creases" else 8)
    tile = np.zeros((_TILE_PX, _TILE_PX), np.float32)
    for cells, weight in ((4, 1.0), (8, 0.6), (16, 0.3), (32, 0.15)):
        coarse = rng.standard_normal((cells, cells)).astype(np.float32)
        wrapped = cv2.resize(np.tile(coarse, (3, 3)), (3 * _TILE_PX, 3 * _TILE_PX), interpolation=cv2.INTER_CUBIC)
        tile += weight * wrapped[_TILE_PX:2 * _TILE_PX, _TILE_PX:2 * _TILE_PX]
    tile /= 2 * tile.std()
    return np.tanh(4 * tile) if kind == "blotches" else tile


def noise(x: Field, y: Field, scale: tuple[float, float], shift: tuple[float, float], kind: str = "creases") -> Field:
    """The tile seen from head coordinates: `scale` tiles per unit."""
    across = (x * scale[0] + shift[0]) * _TILE_PX
    below = (y * scale[1] + shift[1]) * _TILE_PX
    return field(cv2.remap(_tile(kind), field(across), field(below), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def lambert(view: View, height: Field, ambient: float, sun: tuple[float, float]) -> Field:
    """Relief about 1 from a height in head units, lit from `sun` (to the right, downwards) and from the front."""
    small = cv2.GaussianBlur(height, (0, 0), max(0.3, 0.015 * view.unit))
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0, ksize=3) * (view.unit / 8)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1, ksize=3) * (view.unit / 8)
    facing = (1 - across * sun[0] - down * sun[1]) / np.sqrt(1 + across * across + down * down)
    return np.asarray(ambient + (1 - ambient) * np.clip(facing, 0.1, 1.5), np.float32)


def pattern(style: Style, x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Albedo (h, w, 3): the style's colours laid out by its texture."""
    first, second = (np.asarray(colour, np.float32) for colour in (style.colour, style.second))
    share = _share(style.texture, x, y, rng)
    return np.asarray(first + share[..., None] * (second - first), np.float32)


def _share(texture: str, x: Field, y: Field, rng: np.random.Generator) -> Field:
    """How much of the second colour, 0 to 1."""
    turn = rng.uniform(0, np.pi)
    across, along = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    count = rng.uniform(4, 11)
    shift = (float(rng.random()), float(rng.random()))
    if texture == "weave":
        return field(0.12 * (1 + np.sin(across * 60) * np.sin(along * 60)))
    if texture == "stripes":
        return field(np.clip(0.5 + 2 * np.sin(across * count * 3), 0, 1))
    if texture == "checks":
        return field(0.5 * (np.clip(0.5 + 2 * np.sin(across * count * 3), 0, 1) + np.clip(0.5 + 2 * np.sin(along * count * 3), 0, 1)))
    if texture == "dots":
        return field(np.clip(3 * (np.sin(across * count * 3) * np.sin(along * count * 3) - 0.35), 0, 1))
    if texture == "flowers":
        petals = np.sin(across * count * 2 + 2 * np.sin(along * count * 1.3)) * np.sin(along * count * 2 + 2 * np.sin(across * count * 1.7))
        return field(np.clip(2 * petals - 0.3, 0, 1))
    if texture == "blotches":
        return 0.5 + 0.5 * noise(x, y, (0.5 * count / 7, 0.5 * count / 7), shift, "blotches")
    return np.zeros_like(x)


def plain_paint(colour: Array | Colour) -> Paint:
    """One colour, evenly lit."""
    def paint(view: View, cover: Field) -> tuple[Field, Field]:
        return view.flat(colour), np.ones_like(cover)
    return paint


def mask_paint(style: Style, rng: np.random.Generator) -> Paint:
    """The painter of a worn mask, with everything that chance decides fixed now."""
    seed = int(rng.integers(2**31))

    def paint(view: View, cover: Field) -> tuple[Field, Field]:
        mine = np.random.default_rng(seed)
        x, y = view.head
        return _surface(style, view, cover, x, y, mine)

    return paint


def _surface(style: Style, view: View, cover: Field, x: Field, y: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    crumple = {Worn.CORRECT: 0.010, Worn.NOSE_OUT: 0.014, Worn.MOUTH_OUT: 0.026}.get(style.worn, 0.03) * rng.uniform(0.3, 1.6)
    if style.kind is Kind.FFP2:
        crumple *= 0.5
    shift = (float(rng.random()), float(rng.random()))
    height = field(depth(x, y)) + crumple * noise(x, y, (0.35, 0.7), shift)
    # Fibres and dust: no cloth is one flat colour.
    albedo = pattern(style, x, y, rng) * (1 + rng.uniform(0.01, 0.035) * noise(x, y, (2.1, 2.1), shift))[..., None]
    if style.kind in (Kind.SURGICAL, Kind.DARK) and (style.kind is Kind.SURGICAL or rng.random() < 0.4):
        folds, creases = _pleats(x, y, style.worn, rng)
        height += folds
        albedo *= (1 - creases)[..., None]
    elif style.kind is Kind.FFP2:
        height += _shell(x, y, rng)
        albedo = _valve(style, albedo, x, y, rng) if rng.random() < 0.25 else albedo
    elif rng.random() < 0.7:
        height -= 0.02 * np.exp(-(x / 0.018) ** 2)  # the seam down the middle of a sewn mask
    if style.kind is Kind.WINDOW:
        albedo = _window(style, view, albedo, x, y)
    albedo = _binding(style, view, cover, albedo, rng)
    sun = (float(np.clip(view.light.slope[0] * 1.6 + rng.normal(0, 0.15), -0.9, 0.9)), float(rng.uniform(-0.75, -0.1)))
    relief = lambert(view, height, rng.uniform(0.45, 0.7), sun)
    return albedo, relief


def _pleats(x: Field, y: Field, worn: Worn, rng: np.random.Generator) -> tuple[Field, Field]:
    """Three folds across, opened in the middle by the face below: a step up, then a slow fall; and the dark of their creases."""
    slack = worn is Worn.MOUTH_OUT
    first = rng.uniform(1.3, 1.4) if slack else rng.uniform(0.62, 0.8)
    gap = rng.uniform(0.07, 0.11) if slack else rng.uniform(0.15, 0.24)
    deep, dark, thin = rng.uniform(0.012, 0.036), rng.uniform(0.03, 0.22), rng.uniform(0.008, 0.016)
    bow, lift = rng.uniform(-0.06, 0.12), rng.uniform(-0.12, 0.04)
    height, creases = np.zeros_like(x), np.zeros_like(x)
    for fold in range(3):
        away = y - (first + fold * gap + bow * (1 - x * x) * (fold - 0.5) + lift * x * x)
        height += deep * np.exp(np.where(away < 0, away / 0.02, -away / (0.55 * gap)))
        creases += dark * np.exp(-((away + 0.015) / thin) ** 2)
    return height, creases


def _shell(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """A stiff cup, or a vertical ridge where a folded FFP2 opens."""
    bulge = 0.22 * np.exp(-(x / 0.45) ** 2 - ((y - 0.95) / 0.5) ** 2)
    if rng.random() < 0.5:
        return np.asarray(bulge + 0.10 * np.exp(-np.abs(x) / 0.16), np.float32)
    rib = rng.uniform(0.5, 0.8)
    return np.asarray(bulge + 0.012 * np.cos(np.hypot(x, (y - 0.9) / 1.1) / rib * 12), np.float32)


def _valve(style: Style, albedo: Field, x: Field, y: Field, rng: np.random.Generator) -> Field:
    """A breathing valve, a little off the middle."""
    away = np.hypot(x - rng.uniform(-0.25, 0.25), y - rng.uniform(0.95, 1.15))
    size = rng.uniform(0.13, 0.19)
    ring = np.clip((size - away) / 0.03, 0, 1)[..., None]
    slots = 0.82 + 0.18 * np.clip(np.sin(y * 70) + 0.5, 0, 1)[..., None]
    return np.asarray(albedo + ring * (np.asarray(style.second, np.float32) * slots - albedo), np.float32)


def _window(style: Style, view: View, albedo: Field, x: Field, y: Field) -> Field:
    """Clear plastic before the mouth: skin and lips, paler, with a gleam."""
    inside = np.clip((1 - np.hypot(x / 0.42, (y - 1.0) / 0.2)) / 0.12, 0, 1)[..., None]
    skin = (view.light.skin / np.maximum(view.light.white, 1)).astype(np.float32)
    lips = np.exp(-(x / 0.25) ** 4 - ((y - 1.0) / 0.07) ** 2)[..., None]
    seen = skin * (1 - lips * np.array([0.35, 0.38, 0.15], np.float32)) * 0.9 + 0.08
    gleam = 0.3 * np.exp(-((x - 0.2 - 0.4 * (y - 1)) / 0.05) ** 2)[..., None]
    return np.asarray(albedo + inside * (np.minimum(seen + gleam, 1) - albedo), np.float32)


def _binding(style: Style, view: View, cover: Field, albedo: Field, rng: np.random.Generator) -> Field:
    """The sewn or welded rim: a narrow band, a touch lighter, darker or in the second colour."""
    away = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 3) / view.unit
    wide = rng.uniform(0.03, 0.06)
    band = np.clip((wide - away) / 0.01, 0, 1) * 0.9
    if style.kind in (Kind.CLOTH, Kind.PATTERNED, Kind.WINDOW) and rng.random() < 0.35:
        return np.asarray(albedo + band[..., None] * (np.asarray(style.second, np.float32) - albedo), np.float32)
    stitched = 1 + band * rng.uniform(-0.10, 0.06) - 0.14 * np.exp(-((away - wide) / 0.012) ** 2) * rng.random()
    return np.asarray(albedo * stitched[..., None], np.float32)
