# SPDX-License-Identifier: Apache-2.0
"""Occluders: what hides a bare mouth without being a mask: a hand, a scarf, a phone, paper, a cup, a visor."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from trainer.render.canvas import Canvas, Part
from trainer.render.cloth import lambert, noise, pattern
from trainer.render.light import Field, Light
from trainer.render.outline import ribbon, smooth
from trainer.render.pose import Array, Pose
from trainer.render.style import Colour, Kind, Style

Paint = Callable[[Canvas, Field], tuple[Field, Field]]


def plain_paint(colour: Array | Colour) -> Paint:
    """One colour, evenly lit."""
    def paint(canvas: Canvas, cover: Field) -> tuple[Field, Field]:
        return canvas.flat(tuple(colour)), np.ones_like(cover)
    return paint


def round_paint(colour: Array, radius: float, rng: np.random.Generator, ambient: float = 0.35) -> Paint:
    """A thing as thick as it is wide (a finger, a roll of cloth): `radius` in head units, `colour` as shares of white."""
    sun = (float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.6, -0.1)))
    shift = (float(rng.random()), float(rng.random()))

    def paint(canvas: Canvas, cover: Field) -> tuple[Field, Field]:
        away = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / canvas.unit
        share = np.clip(away / radius, 0, 1)
        x, y = canvas.head
        mottle = noise(x, y, (1.2, 1.2), shift)
        height = radius * 0.8 * np.sqrt(np.maximum(0, 2 * share - share * share)) + 0.006 * mottle
        albedo = canvas.flat(tuple(colour)) * (1 + 0.05 * mottle[..., None] * np.array([1.2, 1.1, 0.8], np.float32))
        return albedo, lambert(canvas, height.astype(np.float32), ambient, sun)

    return paint


def dangling_parts(style: Style, pose: Pose, rng: np.random.Generator) -> list[Part]:
    """A mask that hangs from one ear beside the face."""
    side = float(rng.choice([-1, 1]))
    ear = pose.project(np.array([side * pose.half * 1.08]), np.array([0.35]), -0.5)[0]
    wide, tall, drop = rng.uniform(0.28, 0.5), rng.uniform(0.75, 1.0), rng.uniform(0.35, 0.6)
    unit = pose.unit_px
    sway = side * rng.uniform(-0.05, 0.2)
    corners = np.array([(-wide / 2, drop), (0, drop - 0.04), (wide / 2, drop + 0.02), (wide / 2 + 0.04, drop + tall / 2), (wide / 2, drop + tall),
                        (0, drop + tall + 0.05), (-wide / 2, drop + tall), (-wide / 2 - 0.03, drop + tall / 2)]) + (sway, 0)
    sheet = ear + smooth(corners + rng.normal(0, 0.02, corners.shape)) * unit
    loop = ear + np.array([(0, 0), (sway - 0.06, drop * 0.5), (sway - wide * 0.35, drop + 0.05)]) * unit
    other = ear + np.array([(0, 0), (sway + 0.08, drop * 0.5), (sway + wide * 0.35, drop + 0.05)]) * unit
    seed = int(rng.integers(2**31))

    def paint(canvas: Canvas, cover: Field) -> tuple[Field, Field]:
        mine = np.random.default_rng(seed)
        x, y = _flat_head(canvas, ear)
        folds = 0.02 * np.sin((x + 0.15 * y) * mine.uniform(18, 40)) + 0.03 * noise(x, y, (0.6, 0.3), (0.3, 0.7))
        return pattern(style, x, y, mine), lambert(canvas, folds.astype(np.float32), 0.5, (float(mine.uniform(-0.5, 0.5)), -0.3))

    strap = plain_paint(style.colour)
    return [Part(ribbon(loop, 0.03 * unit), strap, 0.2), Part(ribbon(other, 0.03 * unit), strap, 0.2), Part(sheet, paint, 0.35)]


def _flat_head(canvas: Canvas, origin: Array) -> tuple[Field, Field]:
    """Plain picture coordinates around `origin`, in head units: for what does not lie on the face."""
    centre = canvas.to_canvas(origin[None])[0]
    x = (np.arange(canvas.size[0], dtype=np.float32) - np.float32(centre[0])) / np.float32(canvas.unit)
    y = (np.arange(canvas.size[1], dtype=np.float32) - np.float32(centre[1])) / np.float32(canvas.unit)
    return np.meshgrid(x, y)  # type: ignore[return-value]


def occluder_parts(style: Style, pose: Pose, light: Light, rng: np.random.Generator) -> list[Part]:
    """The parts of an occluder, back to front."""
    if style.kind is Kind.HAND:
        return hand_parts(pose, light, rng)
    return hand_parts(pose, light, rng)


def skin_share(light: Light, rng: np.random.Generator) -> Array:
    """The face's skin as shares of white; hands are a little darker or redder than the face."""
    share = light.skin / np.maximum(light.white, 1.0)
    return np.asarray(np.clip(share * rng.uniform(0.88, 1.08) * rng.uniform(0.97, 1.03, 3), 0.01, 1.0))


def hand_parts(pose: Pose, light: Light, rng: np.random.Generator) -> list[Part]:
    """A hand over the mouth: the back of the hand or the palm from below, four fingers side by side, a thumb."""
    skin = skin_share(light, rng)
    side = float(rng.choice([-1, 1]))
    lean = side * rng.uniform(0.5, 1.45)  # how far the fingers point sideways: 0 straight up
    axis = np.array([np.sin(-lean), -np.cos(lean)])
    cross = np.array([-axis[1], axis[0]])
    thick = rng.uniform(0.21, 0.27)
    tips = np.array([0, rng.uniform(0.85, 1.05)]) + cross * rng.normal(0, 0.06) - axis * 0.0
    fingers = []
    lengths = np.array([0.86, 1.0, 0.96, 0.78]) * rng.uniform(1.0, 1.2)
    spread = rng.uniform(0.92, 1.06) * thick
    fan = rng.uniform(0.0, 0.10)
    knuckles = []
    for number, length in enumerate(lengths):
        place = (number - 1.5) * spread
        way = axis + cross * fan * (number - 1.5)
        way /= np.hypot(*way)
        tip = tips + cross * place + axis * (0.55 * length)
        knuckle = tip - way * length
        knuckles.append(knuckle)
        middle = (tip + knuckle) / 2 + cross * rng.normal(0, 0.012)
        fingers.append(_capsule(np.array([knuckle - way * 0.1, middle, tip]), thick * (0.92 if number == 3 else 1.0), rng))
    back = np.array([knuckles[0] + cross * -0.12, knuckles[3] + cross * 0.12, knuckles[3] - axis * 0.8 + cross * 0.02,
                     knuckles[3] - axis * 1.9 - cross * 0.1, knuckles[0] - axis * 1.9 + cross * 0.1, knuckles[0] - axis * 0.8 - cross * 0.05])
    parts = [Part(_place(pose, smooth(back)), round_paint(skin, 0.35, rng, 0.5), 0.4)]
    order = rng.permutation(4) if rng.random() < 0.3 else np.arange(4)
    parts += [Part(_place(pose, fingers[number]), round_paint(skin * rng.uniform(0.96, 1.04), thick / 2, rng, 0.45), 0.45) for number in order]
    return parts


def _capsule(line: Array, width: float, rng: np.random.Generator) -> Array:
    """A finger: a strip along a bent line with a round, slightly tapered end."""
    t = np.linspace(0, 1, 9)[:, None]
    curve = (1 - t) ** 2 * line[0] + 2 * t * (1 - t) * line[1] + t * t * line[2]
    widths = width * np.array([1.0, 1.0, 1.02, 1.03, 1.0, 0.98, 0.97, 0.93, 0.84])
    strip = ribbon(curve, widths)
    along = (line[2] - line[1]) / max(float(np.hypot(*(line[2] - line[1]))), 1e-6)
    radius = widths[-1] / 2
    normal = np.array([-along[1], along[0]])
    turn = np.linspace(0, np.pi, 7)[1:-1, None]
    cap = curve[-1] + radius * (np.cos(turn) * normal + np.sin(turn) * along)
    return np.concatenate([strip[:9], cap, strip[9:]])


def _place(pose: Pose, points: Array, lift: float = 0.35) -> Array:
    """Points of a flat thing held before the mouth to pixels."""
    return pose.project(points[:, 0], points[:, 1], lift)
