# SPDX-License-Identifier: Apache-2.0
"""Outlines: the edges of masks in head coordinates, as smooth closed curves."""

from __future__ import annotations

import numpy as np

from trainer.render.pose import Array, Pose
from trainer.render.style import Kind, Worn

_STEPS = np.linspace(0, 1, 7)[:-1]
_BASIS = 0.5 * np.stack([_STEPS**0, _STEPS, _STEPS**2, _STEPS**3], 1) @ np.array(
    [[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]], np.float64)


def smooth(points: Array) -> Array:
    """A closed Catmull-Rom curve through `points` (n, 2): (6 n, 2)."""
    four = np.stack([np.roll(points, shift, 0) for shift in (1, 0, -1, -2)], 1)
    return np.asarray((_BASIS @ four).reshape(-1, 2))


def mask_outline(pose: Pose, kind: Kind, worn: Worn, rng: np.random.Generator) -> Array:
    """The edge of a worn mask in head coordinates (n, 2), clockwise from the middle of its top."""
    if worn is Worn.MOUTH_OUT:
        half = _on_chin(pose, rng)
    elif worn is Worn.NOSE_OUT:
        half = _below_nose(pose, rng)
    elif kind is Kind.FFP2:
        half = _cup(pose, rng)
    else:
        half = _whole(pose, kind, rng)
    mirrored = half[1:-1][::-1] * (-1, 1)
    both = np.concatenate([half, mirrored])
    both[:, 0] += rng.normal(0, 0.02)
    both[:, 1] += both[:, 0] * rng.normal(0, 0.025)  # nobody's mask sits straight
    return smooth(both + rng.normal(0, 0.012, both.shape))


def _whole(pose: Pose, kind: Kind, rng: np.random.Generator) -> Array:
    """Surgical and cloth masks over nose, mouth and chin."""
    top = rng.uniform(0.24, 0.44) + min(0.0, pose.nose_off)
    side = pose.half * rng.uniform(0.84, 0.97)
    wing = top + rng.uniform(0.14, 0.30)
    low = rng.uniform(1.08, 1.28)
    chin = pose.chin + rng.uniform(-0.02, 0.14)
    if kind is Kind.SURGICAL:
        return np.array([(0, top), (0.17, top + 0.05), (0.45, 0.45 * top + 0.55 * wing + 0.04), (0.8 * side, wing), (side, wing + 0.07),
                         (side, (wing + low) / 2), (0.97 * side, low), (0.8 * side, low + 0.22), (0.42, chin - 0.05), (0, chin)])
    dip = rng.uniform(0.02, 0.12)
    return np.array([(0, top), (0.2, top + 0.04), (0.5, top + dip + 0.1), (0.8 * side, wing + 0.1), (side, wing + 0.16),
                     (0.98 * side, (wing + low) / 2 + 0.05), (0.93 * side, low - 0.02), (0.72 * side, low + 0.25), (0.36, chin - 0.06), (0, chin)])


def _cup(pose: Pose, rng: np.random.Generator) -> Array:
    """FFP2: high on the nose, drawn to the cheeks, round at the chin."""
    top = rng.uniform(0.16, 0.34) + min(0.0, pose.nose_off)
    side = pose.half * rng.uniform(0.74, 0.9)
    chin = pose.chin + rng.uniform(-0.04, 0.12)
    middle = rng.uniform(0.88, 1.02)
    return np.array([(0, top), (0.14, top + 0.05), (0.34, top + 0.24), (0.62 * side, top + 0.42), (0.93 * side, middle - 0.15), (side, middle),
                     (0.92 * side, middle + 0.2), (0.68 * side, 0.45 * middle + 0.55 * chin), (0.3, chin - 0.06), (0, chin)])


def _below_nose(pose: Pose, rng: np.random.Generator) -> Array:
    """The mask has slipped: its top edge lies between the nose tip and the upper lip."""
    top = rng.uniform(0.70, 0.86) + max(0.0, pose.nose_off)
    side = pose.half * rng.uniform(0.84, 0.96)
    wing = top - rng.uniform(-0.02, 0.12)
    low = rng.uniform(1.15, 1.32)
    chin = pose.chin + rng.uniform(0.02, 0.2)
    return np.array([(0, top), (0.2, top + 0.01), (0.45, 0.5 * (top + wing)), (0.8 * side, wing), (side, wing + 0.05),
                     (side, (wing + low) / 2), (0.97 * side, low), (0.78 * side, low + 0.2), (0.42, chin - 0.05), (0, chin)])


def _on_chin(pose: Pose, rng: np.random.Generator) -> Array:
    """Pulled down: a crumpled band around the chin."""
    top = rng.uniform(1.22, 1.42)
    side = pose.half * rng.uniform(0.82, 0.94)
    wing = top - rng.uniform(0.12, 0.35)
    chin = pose.chin + rng.uniform(0.08, 0.26)
    low = max(wing + 0.22, 1.25 + rng.uniform(0, 0.12))
    return np.array([(0, top), (0.2, top - 0.01), (0.45, top - 0.25 * (top - wing)), (0.8 * side, wing + 0.04), (side, wing),
                     (side, (wing + low) / 2), (0.94 * side, low), (0.74 * side, low + 0.2), (0.4, chin - 0.04), (0, chin)])


def ribbon(line: Array, width: float | Array) -> Array:
    """The closed outline (2 n, 2) of a strip along a line (n, 2); width in the line's own unit."""
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    normal = np.stack([-along[:, 1], along[:, 0]], 1) * (np.broadcast_to(width, len(line))[:, None] / 2)
    return np.concatenate([line + normal, (line - normal)[::-1]])


def straps(pose: Pose, kind: Kind, edge: Array, rng: np.random.Generator) -> list[Array]:
    """Ear loops (or an FFP2's head straps) as outlines in pixels, for each side that can be seen."""
    found = []
    width = pose.unit_px * rng.uniform(0.022, 0.045)
    around_head = kind is Kind.FFP2 and rng.random() < 0.5
    ear_y = rng.uniform(0.25, 0.45)
    for sign in (-1.0, 1.0):
        ear = pose.project(np.array([sign * pose.half * 1.06]), np.array([ear_y]), -0.75)[0]
        corner = edge[np.argmax(sign * edge[:, 0] - 0.35 * edge[:, 1])]
        lower = edge[np.argmax(sign * edge[:, 0] + 0.5 * edge[:, 1])]
        across = pose.right / np.hypot(*pose.right) * sign
        if (ear - pose.on_face(corner[None])[0]) @ across < 0.02 * pose.unit_px:
            continue  # the ear lies behind the cheek
        for start, drop in ((corner, -0.1 if around_head else 0.06), (lower, 0.35 if around_head else 0.5)):
            first = pose.on_face(start[None] * (0.97, 1.0))[0]
            last = ear + pose.down * drop * (1.0 if drop > 0 else 2.5)
            bend = (first + last) / 2 + pose.down * rng.uniform(-0.02, 0.05)
            t = np.linspace(0, 1, 7)[:, None]
            found.append(ribbon((1 - t) ** 2 * first + 2 * t * (1 - t) * bend + t * t * last, width))
    return found
