# SPDX-License-Identifier: Apache-2.0
"""Occluders: what hides a bare mouth, or hangs beside it, without being a mask that is worn."""

from __future__ import annotations

import numpy as np

from trainer.render.canvas import Part, View
from trainer.render.cloth import lambert, noise, pattern, plain_paint
from trainer.render.hand import hand_parts
from trainer.render.light import Field, Light
from trainer.render.outline import ribbon, smooth
from trainer.render.pose import Pose
from trainer.render.style import Kind, Style
from trainer.render.things import cup_parts, paper_parts, phone_parts


def occluder_parts(style: Style, pose: Pose, light: Light, rng: np.random.Generator) -> list[Part]:
    """The parts of an occluder, back to front."""
    if style.kind is Kind.PHONE:
        return phone_parts(style, pose, light, rng)
    if style.kind is Kind.PAPER:
        return paper_parts(style, pose, light, rng)
    if style.kind is Kind.CUP:
        return cup_parts(style, pose, light, rng)
    if style.kind is Kind.SCARF:
        return scarf_parts(style, pose, rng)
    if style.kind is Kind.VISOR:
        return visor_parts(style, pose, rng)
    return hand_parts(pose, light, rng)


def dangling_parts(style: Style, pose: Pose, rng: np.random.Generator) -> list[Part]:
    """A mask that hangs from one ear beside the face."""
    side = float(rng.choice([-1, 1]))
    ear = pose.project(np.array([side * pose.half * 1.08]), np.array([0.35]), -0.5)[0]
    wide, tall, drop = rng.uniform(0.28, 0.5), rng.uniform(0.75, 1.0), rng.uniform(0.3, 0.5)
    unit = pose.unit_px
    sway = side * rng.uniform(0.02, 0.22)
    corners = np.array([(-wide / 2, drop), (0, drop - 0.04), (wide / 2, drop + 0.02), (wide / 2 + 0.04, drop + tall / 2), (wide / 2, drop + tall),
                        (0, drop + tall + 0.05), (-wide / 2, drop + tall), (-wide / 2 - 0.03, drop + tall / 2)])
    corners[:, 0] += sway
    sheet = ear + smooth(corners + rng.normal(0, 0.02, corners.shape)) * unit
    seed = int(rng.integers(2**31))

    def paint(view: View, cover: Field) -> tuple[Field, Field]:
        mine = np.random.default_rng(seed)
        x, y = view.flat_head(ear)
        folds = 0.02 * np.sin((x + 0.15 * y) * mine.uniform(18, 40)) + 0.03 * noise(x, y, (0.6, 0.3), (0.3, 0.7))
        return pattern(style, x, y, mine), lambert(view, folds.astype(np.float32), 0.5, (float(mine.uniform(-0.5, 0.5)), -0.3))

    loops = []
    for way in (-1, 1):
        line = ear + np.array([(0, 0), (sway + way * 0.07, drop * 0.5), (sway + way * wide * 0.35, drop + 0.05)]) * unit
        loops.append(Part(ribbon(line, 0.03 * unit), plain_paint(style.colour), 0.2))
    return [*loops, Part(sheet, paint, 0.35)]


def scarf_parts(style: Style, pose: Pose, rng: np.random.Generator) -> list[Part]:
    """A scarf or collar pulled up before the mouth: loose folds from the nose or lip down over the neck."""
    top = rng.uniform(0.45, 0.85)
    side = pose.half * rng.uniform(1.0, 1.12)
    wing = top + rng.uniform(-0.1, 0.3)
    low = pose.chin + rng.uniform(0.45, 0.9)
    half = np.array([(0, top), (0.25, top + 0.01), (0.6, 0.5 * (top + wing)), (side, wing), (side * 1.08, wing + 0.4), (side * 1.05, 1.5), (side * 1.1, low - 0.2), (0.6, low), (0, low + 0.08)])
    edge = np.concatenate([half, half[1:-1][::-1] * (-1, 1)])
    edge[:, 1] += edge[:, 0] * rng.normal(0, 0.08)
    edge = smooth(edge + rng.normal(0, 0.035, edge.shape))
    # Below the chin the cloth hangs from the face instead of following the neck.
    outline = pose.project(edge[:, 0], edge[:, 1], np.maximum(-0.5 * edge[:, 0] ** 2, -0.55) + 0.15)
    seed = int(rng.integers(2**31))

    def paint(view: View, cover: Field) -> tuple[Field, Field]:
        mine = np.random.default_rng(seed)
        x, y = view.flat_head(pose.origin)
        tilt = mine.uniform(-0.5, 0.5)
        shift = (float(mine.random()), float(mine.random()))
        bow = y + tilt * x - 0.25 * x * x
        folds = mine.uniform(0.05, 0.11) * noise(x, bow, (0.18, 0.75), shift) + 0.015 * noise(x, bow, (0.5, 1.6), shift)
        knit = 0.006 * np.sin(x * 55) * np.sin(bow * 55) if style.texture == "weave" else 0.0
        height = folds + knit - 0.35 * x * x
        return pattern(style, x, y, mine), lambert(view, height.astype(np.float32), mine.uniform(0.4, 0.6), (float(mine.uniform(-0.5, 0.5)), float(mine.uniform(-0.8, -0.3))))

    return [Part(outline, paint, rng.uniform(0.2, 0.5))]


def visor_parts(style: Style, pose: Pose, rng: np.random.Generator) -> list[Part]:
    """A clear face shield: a band on the brow, a pale film, one or two gleams. The face stays to be seen."""
    brow, low, side = rng.uniform(-0.75, -0.45), pose.chin + rng.uniform(0.1, 0.4), pose.half * rng.uniform(1.05, 1.2)
    shield = smooth(np.array([(-side, brow), (0, brow - 0.03), (side, brow), (side * 1.02, 0.6), (side * 0.98, low - 0.25), (0.5 * side, low),
                              (0, low + 0.04), (-0.5 * side, low), (-side * 0.98, low - 0.25), (-side * 1.02, 0.6)]))
    x = np.linspace(-side, side, 9)
    band = ribbon(np.stack([x, brow + 0.03 * (1 - (x / side) ** 2)], 1), rng.uniform(0.12, 0.24))
    parts = [Part(_before(pose, shield), plain_paint((0.95, 0.95, 0.95)), 0.05, rng.uniform(0.06, 0.16))]
    for _ in range(int(rng.integers(1, 3))):
        start, slant, wide = rng.uniform(-0.8, 0.8) * side, rng.uniform(-0.25, 0.25), rng.uniform(0.04, 0.2)
        y = np.linspace(brow + 0.15, low - 0.2, 7)
        gleam = ribbon(np.stack([start + slant * (y - 0.5), y], 1), wide * np.sin(np.linspace(0.15, np.pi - 0.15, 7)))
        parts.append(Part(_before(pose, gleam), plain_paint((1.0, 1.0, 1.0)), 0.0, rng.uniform(0.12, 0.45)))
    return [*parts, Part(_before(pose, band), plain_paint(style.colour), 0.25)]


def _before(pose: Pose, points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Points of a bent shield in front of the nose to pixels."""
    return pose.project(points[:, 0], points[:, 1], 0.5 - 0.5 * points[:, 0] ** 2)
