# SPDX-License-Identifier: Apache-2.0
"""Hand: a hand laid over the mouth, and the fingers that hold something before it."""

from __future__ import annotations

import cv2
import numpy as np

from trainer.render.canvas import Part, View
from trainer.render.cloth import lambert, noise
from trainer.render.light import Field, Light
from trainer.render.outline import ribbon, smooth
from trainer.render.pose import Array, Pose

LIFT = 0.35
"""How far before the face the hand is, in head units."""


def skin_share(light: Light, rng: np.random.Generator) -> Array:
    """The face's skin as shares of white; hands are a little darker or redder than the face."""
    share = light.skin / np.maximum(light.white, 1.0)
    return np.asarray(np.clip(share * rng.uniform(0.86, 1.06) * rng.uniform((0.96, 0.97, 0.99), (1.02, 1.02, 1.04)), 0.01, 1.0))


class Skin:
    """Paints flesh as thick as it is wide: `radius` in head units, `share` of white as colour."""

    def __init__(self, share: Array, radius: float, rng: np.random.Generator, ambient: float = 0.4, nail: Array | None = None) -> None:
        self.share, self.radius, self.ambient, self.nail = share, radius, ambient, nail
        self.sun = (float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.6, -0.1)))
        self.shift = (float(rng.random()), float(rng.random()))

    def __call__(self, view: View, cover: Field) -> tuple[Field, Field]:
        away = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / view.unit
        share = np.clip(away / self.radius, 0, 1)
        x, y = view.head
        mottle = noise(x, y, (1.2, 1.2), self.shift)
        height = self.radius * 0.75 * np.sqrt(np.maximum(0, 2 * share - share * share)) + 0.012 * mottle
        # Flesh glows red where it turns away: the rim loses less red than blue.
        rim = (1 - share)[..., None] * np.array([0.16, 0.12, 0.02], np.float32)
        albedo = view.flat(self.share) * (1 + 0.07 * mottle[..., None] * np.array([1.2, 1.1, 0.7], np.float32)) * (1 - rim)
        if self.nail is not None:
            albedo *= 1 + 0.10 * view.fill(self.nail)[..., None] * np.array([1.3, 1.0, 0.9], np.float32)
        return np.asarray(albedo, np.float32), lambert(view, height.astype(np.float32), self.ambient, self.sun)


def place(pose: Pose, points: Array, lift: float = LIFT) -> Array:
    """Points (n, 2) of a flat thing held before the face to pixels."""
    return pose.project(points[:, 0], points[:, 1], lift)


def finger(line: Array, width: float) -> Array:
    """The outline of a finger in head units: a strip along a bent line of three points, round at its end."""
    t = np.linspace(0, 1, 9)[:, None]
    curve = (1 - t) ** 2 * line[0] + 2 * t * (1 - t) * line[1] + t * t * line[2]
    widths = width * np.array([1.0, 0.98, 0.99, 1.03, 1.0, 0.96, 0.97, 0.93, 0.82])  # knuckles are wider
    strip = ribbon(curve, widths)
    along = (line[2] - line[1]) / max(float(np.hypot(*(line[2] - line[1]))), 1e-6)
    normal = np.array([-along[1], along[0]])
    turn = np.linspace(0, np.pi, 7)[1:-1, None]
    cap = curve[-1] + widths[-1] / 2 * (np.cos(turn) * normal + 1.15 * np.sin(turn) * along)
    return np.concatenate([strip[:9], cap, strip[9:]])


def _nail(line: Array, width: float) -> Array:
    """The outline of a nail at the end of a finger."""
    along = (line[2] - line[1]) / max(float(np.hypot(*(line[2] - line[1]))), 1e-6)
    normal = np.array([-along[1], along[0]])
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)[:, None]
    return np.asarray(line[2] - 0.12 * width * along + width * (0.28 * np.cos(turn) * normal + 0.36 * np.sin(turn) * along))


def hand_parts(pose: Pose, light: Light, rng: np.random.Generator) -> list[Part]:
    """A hand over the mouth, coming from below or from one side: arm, back of the hand, thumb, four fingers."""
    share = skin_share(light, rng)
    side = float(rng.choice([-1, 1]))
    lean = side * rng.uniform(0.35, 1.5)  # 0: the fingers point straight up
    axis = np.array([-np.sin(lean), -np.cos(lean)])
    cross = np.array([-axis[1], axis[0]])
    thick = rng.uniform(0.22, 0.28)
    centre = np.array([rng.normal(0, 0.1), rng.uniform(0.8, 1.05)]) - axis * rng.uniform(-0.1, 0.15)
    fan, gap = rng.uniform(0.0, 0.12), rng.uniform(0.9, 1.06) * thick
    lines = []
    for number, length in enumerate(np.array([0.88, 1.0, 0.95, 0.76]) * rng.uniform(1.0, 1.25)):
        way = axis + cross * fan * (number - 1.5)
        way /= np.hypot(*way)
        tip = centre + cross * (number - 1.5) * gap + axis * 0.55 * length
        knuckle = tip - way * length
        lines.append(np.array([knuckle - way * 0.12, (tip + knuckle) / 2 + cross * rng.normal(0, 0.025), tip]))
    first, last = lines[0][0], lines[3][0]
    wrist = (first + last) / 2 - axis * 0.85
    arm = wrist - axis * 1.6 + np.array([0, 0.35])
    back = smooth(np.array([first - cross * 0.10, (first + last) / 2 + axis * 0.06, last + cross * 0.10, last - axis * 0.5 + cross * 0.04,
                            wrist + cross * 0.31, arm + cross * 0.38, arm - cross * 0.38, wrist - cross * 0.31, first - axis * 0.5 - cross * 0.06]))
    inner = 0 if rng.random() < 0.5 else 3
    root = lines[inner][0] - axis * 0.35
    out = cross * (-1 if inner == 0 else 1)
    thumb = finger(np.array([root, root + out * 0.32 + axis * 0.15, root + out * rng.uniform(0.3, 0.5) + axis * rng.uniform(0.4, 0.7)]), thick * 1.1)
    nails = rng.random() < 0.6  # the back of the hand faces us
    parts = [Part(place(pose, thumb), Skin(share, thick / 2, rng), 0.35), Part(place(pose, back), Skin(share, 0.42, rng, 0.5), 0.35)]
    for number in (range(4) if rng.random() < 0.5 else range(3, -1, -1)):
        nail = place(pose, _nail(lines[number], thick)) if nails else None
        tint = share * rng.uniform(0.97, 1.03)
        parts.append(Part(place(pose, finger(lines[number], thick * (0.88 if number == 3 else 1.0))), Skin(tint, thick / 2, rng, 0.45, nail), 0.4))
    return parts


def gripping_parts(pose: Pose, light: Light, edge: Array, inward: Array, rng: np.random.Generator, count: int = 4) -> list[Part]:
    """Fingertips that come around an edge and lie on the front of what they hold.

    Args:
        pose, light, rng: as in `hand_parts`.
        edge: middle of the grip on the edge, head units.
        inward: unit vector from the edge over the front.
        count: fingers seen.
    """
    share = skin_share(light, rng)
    thick = rng.uniform(0.2, 0.26)
    along = np.array([-inward[1], inward[0]])
    nails = rng.random() < 0.6
    parts = []
    for number in range(count):
        start = edge + along * (number - (count - 1) / 2) * thick * 1.05
        tip = start + inward * rng.uniform(0.2, 0.42) + along * rng.normal(0, 0.03)
        line = np.array([start - inward * 0.25, (start + tip) / 2, tip])
        nail = place(pose, _nail(line, thick), LIFT + 0.1) if nails else None
        parts.append(Part(place(pose, finger(line, thick), LIFT + 0.1), Skin(share, thick / 2, rng, 0.45, nail), 0.35))
    return parts
