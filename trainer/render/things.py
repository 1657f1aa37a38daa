# SPDX-License-Identifier: Apache-2.0
"""Things held before the mouth: a phone, a sheet of paper or a book, a cup."""

from __future__ import annotations

import numpy as np

from trainer.render.canvas import Part, View
from trainer.render.cloth import lambert, noise
from trainer.render.hand import gripping_parts, place
from trainer.render.light import Field, Light
from trainer.render.pose import Array, Pose
from trainer.render.style import Style


def _rounded(wide: float, tall: float, radius: float) -> Array:
    """A rectangle around 0 with round corners, head units."""
    turn = np.linspace(0, np.pi / 2, 5)
    corner = radius * np.stack([np.cos(turn), np.sin(turn)], 1)
    inner = np.array([wide / 2 - radius, tall / 2 - radius])
    quarters = []
    for quarter in range(4):
        cos, sin = np.cos(quarter * np.pi / 2), np.sin(quarter * np.pi / 2)
        turned = corner @ np.array([[cos, sin], [-sin, cos]])
        quarters.append(turned + inner * np.sign(np.array([cos - sin, sin + cos])))
    return np.concatenate(quarters)


def _turned(points: Array, turn: float, centre: Array) -> Array:
    cos, sin = np.cos(turn), np.sin(turn)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]) + centre)


def phone_parts(style: Style, pose: Pose, light: Light, rng: np.random.Generator) -> list[Part]:
    """A phone seen from behind, with its cameras and a gleam, and fingers around one long edge."""
    wide = rng.uniform(0.85, 1.1)
    tall = wide * rng.uniform(1.9, 2.15)
    turn = rng.normal(0, 0.25) if rng.random() < 0.7 else np.pi / 2 + rng.normal(0, 0.2)
    reach = abs(np.cos(turn)) * tall / 2 + abs(np.sin(turn)) * wide / 2
    centre = np.array([rng.normal(0, 0.12), rng.uniform(0.35, 0.72) + reach])
    outline = place(pose, _turned(_rounded(wide, tall, 0.12), turn, centre))
    origin = place(pose, centre[None])[0]
    glint, side = rng.uniform(-0.6, 0.6), float(rng.choice([-1, 1]))
    lens = np.array([side * wide * 0.27, -tall * 0.36])
    face = bool(rng.random() < 0.4)

    def paint(view: View, cover: Field) -> tuple[Field, Field]:
        x, y = view.flat_head(origin, turn)
        gleam = 0.10 * np.exp(-((x + 0.6 * y - glint) / 0.22) ** 2) + 0.03 * (1 - y / tall)
        albedo = np.asarray(style.colour, np.float32) + gleam[..., None].astype(np.float32)
        if face:  # the screen side: black with a frame
            inside = (np.abs(x) < wide / 2 - 0.05) & (np.abs(y) < tall / 2 - 0.06)
            albedo = np.where(inside[..., None], 0.04 + gleam[..., None], albedo)
        else:
            for step in (0.0, 0.19):
                ring = np.clip((0.075 - np.hypot(x - lens[0], y - lens[1] - step)) / 0.015, 0, 1)[..., None]
                albedo = albedo + ring * (0.03 - albedo)
        return np.asarray(albedo, np.float32), np.ones_like(cover)

    across = np.array([np.cos(turn), np.sin(turn)])
    grip = centre + across * side * wide / 2 + np.array([-across[1], across[0]]) * rng.uniform(0.0, 0.35) * tall
    return [Part(outline, paint, 0.4), *gripping_parts(pose, light, grip, -side * across, rng)]


def paper_parts(style: Style, pose: Pose, light: Light, rng: np.random.Generator) -> list[Part]:
    """A sheet or a book's cover with a few lines of text, held at its sides."""
    wide, tall = rng.uniform(1.4, 2.4), rng.uniform(1.3, 2.2)
    turn = rng.normal(0, 0.12)
    centre = np.array([rng.normal(0, 0.15), rng.uniform(0.3, 0.7) + tall / 2])
    corners = _rounded(wide, tall, 0.02) * (1, 1) + rng.normal(0, 0.01, (20, 2))
    origin = place(pose, centre[None])[0]
    pitch, seed = rng.uniform(22, 45), (float(rng.random()), float(rng.random()))
    bow = rng.uniform(-0.12, 0.12)

    def paint(view: View, cover: Field) -> tuple[Field, Field]:
        x, y = view.flat_head(origin, turn)
        inside = (np.abs(x) < 0.4 * wide) & (np.abs(y) < 0.4 * tall)
        words = noise(x, np.floor(y * pitch / (2 * np.pi)), (2.5, 0.37), seed, "blotches") > -0.3
        ink = 0.7 * np.clip(1.5 * np.sin(y * pitch) - 0.3, 0, 1) * inside * words
        albedo = np.asarray(style.colour, np.float32) + ink[..., None].astype(np.float32) * (np.asarray(style.second, np.float32) - np.asarray(style.colour, np.float32))
        height = bow * x * x * 2 + 0.02 * noise(x, y, (0.2, 0.2), seed)
        return np.asarray(albedo, np.float32), lambert(view, height.astype(np.float32), 0.6, (0.4, -0.3))

    parts = [Part(place(pose, _turned(corners, turn, centre)), paint, 0.35)]
    for side in (-1.0, 1.0):
        if rng.random() < 0.7:
            edge = centre + np.array([side * wide / 2, rng.uniform(-0.1, 0.3) * tall])
            parts += gripping_parts(pose, light, edge, np.array([-side, 0.0]), rng, count=1 if rng.random() < 0.6 else 4)
    return parts


def cup_parts(style: Style, pose: Pose, light: Light, rng: np.random.Generator) -> list[Part]:
    """A cup or mug at the lips, its rim below the nose, and fingers around it."""
    top, foot, tall = rng.uniform(0.8, 1.1), rng.uniform(0.6, 0.9), rng.uniform(0.95, 1.4)
    turn = rng.normal(0, 0.2)
    lip = np.array([rng.normal(0, 0.08), rng.uniform(0.66, 0.9)])
    angle = np.linspace(0, np.pi, 9)
    rim = np.stack([np.cos(angle) * top / 2, -0.14 * np.sin(angle)], 1)
    base = np.stack([-np.cos(angle) * foot / 2, tall + 0.12 * np.sin(angle)], 1)
    outline = place(pose, _turned(np.concatenate([rim, base]), turn, lip))
    origin = place(pose, lip[None])[0]
    sun, band = rng.uniform(-0.5, 0.5), rng.uniform(0.3, 0.7) * tall
    sleeve = bool(rng.random() < 0.5)

    def paint(view: View, cover: Field) -> tuple[Field, Field]:
        x, y = view.flat_head(origin, turn)
        half = top / 2 + (foot - top) / 2 * np.clip(y / tall, 0, 1)
        across = np.clip(x / half, -0.98, 0.98)
        bent = y - 0.12 * np.sqrt(1 - across * across)
        albedo = view.flat(style.colour)
        if sleeve:
            worn = np.clip((0.22 * tall - np.abs(bent - band)) / 0.02, 0, 1)[..., None]
            albedo = albedo + worn * (np.asarray(style.second, np.float32) - albedo)
        edge = 0.12 * np.exp(-((bent - 0.02) / 0.03) ** 2)[..., None]
        relief = 0.5 + 0.55 * np.sqrt(1 - across * across) + sun * 0.4 * across
        return np.asarray(albedo + edge, np.float32), np.asarray(relief, np.float32)

    side = float(rng.choice([-1, 1]))
    way = np.array([np.cos(turn), np.sin(turn)])
    edge = lip + np.array([-way[1], way[0]]) * tall * rng.uniform(0.45, 0.65) + way * side * foot * 0.5
    return [Part(outline, paint, 0.35), *gripping_parts(pose, light, edge, -side * way, rng, count=int(rng.integers(3, 5)))]
