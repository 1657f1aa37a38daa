# SPDX-License-Identifier: Apache-2.0
"""Canvas: the patch of the picture that is drawn on, finer than the picture where the face is small."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.render.light import Field, Image, Light
from trainer.render.pose import Array, Pose

FINE_PX = 34.0
"""Pixels from eyes to mouth below which the canvas is finer than the picture: pleats need them."""
_SHIFT = 4


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of what is drawn, from back to front."""

    outline: Array
    """(n, 2) pixels of the picture, closed."""
    paint: Callable[[Canvas, Field], tuple[Field, Field]]
    """Given the canvas and the piece's cover (0 to 1): albedo (h, w, 3) as shares of white, and relief (h, w) around 1."""
    shadow: float = 0.35
    """How dark the shadow that it throws on what lies behind it."""


class Canvas:
    """A rectangle of the picture at `scale` canvas pixels per picture pixel."""

    def __init__(self, image: Image, pose: Pose, light: Light, outlines: list[Array]) -> None:
        """Span all `outlines` with a rim for shadow and blur, cut at the picture's edge."""
        height, width = image.shape[:2]
        rim = 2 + 0.12 * pose.unit_px + 2 * light.blur_px
        every = np.concatenate(outlines)
        low = np.clip(np.floor(every.min(0) - rim), 0, (width, height)).astype(int)
        high = np.clip(np.ceil(every.max(0) + rim), 0, (width, height)).astype(int)
        self.left, self.top = int(low[0]), int(low[1])
        self.native = (max(0, int(high[0] - low[0])), max(0, int(high[1] - low[1])))
        self.scale = int(np.clip(np.ceil(FINE_PX / pose.unit_px), 1, 6))
        self.size = (self.native[0] * self.scale, self.native[1] * self.scale)
        self.unit = pose.unit_px * self.scale
        self.pose, self.light = pose, light

    @property
    def empty(self) -> bool:
        return 0 in self.native

    @functools.cached_property
    def head(self) -> tuple[Field, Field]:
        """x and y in head coordinates for every canvas pixel. Solved on a coarse grid: both are smooth."""
        step = max(1.0, self.unit / 10)
        columns, rows = (max(2, int(np.ceil(side / step))) for side in self.size)
        # The centres of the coarse cells, as cv2.resize places them.
        along = (np.arange(columns) + 0.5) * self.native[0] / columns + self.left - 0.5
        below = (np.arange(rows) + 0.5) * self.native[1] / rows + self.top - 0.5
        x, y = self.pose.unproject(np.stack(np.meshgrid(along, below), -1))
        both = cv2.resize(np.stack([x, y], -1).astype(np.float32), self.size, interpolation=cv2.INTER_LINEAR)
        return both[..., 0], both[..., 1]

    @functools.cached_property
    def fall(self) -> Field:
        """The light on the face, about 1: its slope over the face."""
        x, y = self.head
        across, down = self.light.slope
        return np.clip(1 + across * np.clip(x, -1.3, 1.3) + down * (np.clip(y, -0.5, 2.0) - 0.5), 0.35, 1.6)

    def to_canvas(self, pixels: Array) -> Array:
        """Pixels of the picture (centres at whole numbers) to canvas pixels."""
        return np.asarray((pixels - (self.left, self.top) + 0.5) * self.scale - 0.5)

    def fill(self, outline: Array) -> Field:
        """The cover of a closed outline, 0 to 1, with smooth edges."""
        cover = np.zeros((self.size[1], self.size[0]), np.uint8)
        points = np.clip(np.rint(self.to_canvas(outline) * (1 << _SHIFT)), -2**20, 2**20).astype(np.int32)
        cv2.fillPoly(cover, [points], 255, cv2.LINE_AA, _SHIFT)
        return cover.astype(np.float32) / 255

    def flat(self, colour: NDArray[np.float64] | tuple[float, float, float]) -> Field:
        """One colour everywhere."""
        return np.full((self.size[1], self.size[0], 3), colour, np.float32)


def composite(image: Image, canvas: Canvas, parts: list[Part], rng: np.random.Generator) -> Image:
    """Draw the parts on a copy of the image; what they do not reach stays as it is, to the bit."""
    light = canvas.light
    sigma = max(0.3, light.blur_px) * canvas.scale
    colour = np.zeros((canvas.size[1], canvas.size[0], 3), np.float32)
    cover = np.zeros((canvas.size[1], canvas.size[0]), np.float32)
    shade = np.ones_like(cover)
    reach = max(1.0, 0.05 * canvas.unit)
    fall = np.array([[1, 0, 0], [0, 1, 0.4 * reach]], np.float32)
    for part in parts:
        piece = canvas.fill(part.outline)
        if part.shadow > 0:
            thrown = cv2.GaussianBlur(cv2.warpAffine(piece, fall, canvas.size), (0, 0), reach)
            dim = 1 - part.shadow * thrown * (1 - piece)
            colour *= dim[..., None]
            shade *= 1 - (1 - dim) * (1 - cover)
        albedo, relief = part.paint(canvas, piece)
        lit = albedo * (relief * canvas.fall)[..., None]
        colour += (lit - colour) * piece[..., None] if cover.any() else lit  # colour beyond the edge keeps blur clean
        cover = np.maximum(cover, piece)
    colour = colour * light.white.astype(np.float32)
    colour = cv2.GaussianBlur(colour, (0, 0), sigma)
    cover = cv2.GaussianBlur(cover, (0, 0), sigma)
    return _into(image, canvas, colour, cover, shade, rng)


def _into(image: Image, canvas: Canvas, colour: Field, cover: Field, shade: Field, rng: np.random.Generator) -> Image:
    """Bring the finished layers to the picture's own pixels: shadow, grey, grain, and over the skin."""
    if canvas.scale > 1:
        colour, cover, shade = (cv2.resize(layer, canvas.native, interpolation=cv2.INTER_AREA) for layer in (colour, cover, shade))
    grey = colour @ np.array([0.114, 0.587, 0.299], np.float32)
    colour = grey[..., None] + (colour - grey[..., None]) * canvas.light.chroma
    colour = np.where(colour > 225, 225 + (colour - 225) * 0.45, colour)  # film and sensors bend before they clip
    colour += _grain(canvas, rng)
    rows = slice(canvas.top, canvas.top + canvas.native[1])
    columns = slice(canvas.left, canvas.left + canvas.native[0])
    behind = image[rows, columns].astype(np.float32)
    mixed = behind * shade[..., None] * (1 - cover[..., None]) + colour * cover[..., None]
    drawn = image.copy()
    touched = (cover > 0.004) | (shade < 0.99)
    drawn[rows, columns] = np.where(touched[..., None], np.clip(np.rint(mixed), 0, 255).astype(np.uint8), image[rows, columns])
    return drawn


def _grain(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Noise like the picture's: mostly brightness, a little colour, softened where the picture is soft."""
    height, width = canvas.native[1], canvas.native[0]
    strength = canvas.light.noise
    grain = rng.standard_normal((height, width, 1), np.float32) * strength
    grain = grain + rng.standard_normal((height, width, 3), np.float32) * (0.35 * strength * canvas.light.chroma)
    return grain
