# SPDX-License-Identifier: Apache-2.0
"""Draw: puts a style on a bare face and says what the picture now shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.look import Face, Label
from trainer.render.canvas import Canvas, Part, composite
from trainer.render.cloth import mask_paint, plain_paint
from trainer.render.light import Image, measure
from trainer.render.occluders import dangling_parts, occluder_parts
from trainer.render.outline import mask_outline, straps
from trainer.render.pose import Pose, pose_of
from trainer.render.style import OCCLUDERS, Style, Worn


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A picture with something drawn on one face."""

    image: Image
    """BGR `uint8`, a copy; where nothing was drawn, the very image that came in."""
    label: Label
    """What the face shows now; `no_mask` where nothing was drawn, since the face was bare."""
    drawn: bool
    """False: too turned, too small, out of the picture, or its landmarks make no face."""


def render_mask(image: Image, face: Face, style: Style, rng: np.random.Generator) -> Rendered:
    """Draw `style` on a bare face.

    Args:
        image: BGR `uint8` (height, width, 3); it is kept.
        face: box and five landmarks in pixels of `image`, as `cv2.FaceDetectorYN` gives them; 16 to 600 px high.
            They may lie outside the picture.
        style: see `random_style`; its label is the result's.
        rng: decides shape, folds and light; the same state gives the same picture.
    """
    pose = pose_of(face)
    if pose is None:
        return Rendered(image, Label.NO_MASK, drawn=False)
    light = measure(image, pose, rng)
    if style.kind in OCCLUDERS:
        parts = occluder_parts(style, pose, light, rng)
    elif style.worn is Worn.ONE_EAR:
        parts = dangling_parts(style, pose, rng)
    else:
        parts = _worn_parts(style, pose, rng)
    canvas = Canvas(image, pose, light, [part.outline for part in parts])
    if canvas.empty:
        return Rendered(image, Label.NO_MASK, drawn=False)
    return Rendered(composite(image, canvas, parts, rng), style.label, drawn=True)


def _worn_parts(style: Style, pose: Pose, rng: np.random.Generator) -> list[Part]:
    """Straps first, the mask over them."""
    edge = mask_outline(pose, style.kind, style.worn, rng)
    colour = np.asarray(style.colour) * 0.5 + np.asarray(style.second) * 0.5 if rng.random() < 0.4 else np.asarray(style.colour)
    loops = [Part(outline, plain_paint(colour), shadow=0.2) for outline in straps(pose, style.kind, edge, rng)]
    return [*loops, Part(pose.on_face(edge, lift=0.04), mask_paint(style, rng), shadow=rng.uniform(0.15, 0.5))]
