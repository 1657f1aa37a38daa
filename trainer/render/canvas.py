# SPDX-License-Identifier: Apache-2.0
"""Canvas: the patch of the picture that is drawn on, finer than the picture for small faces, coarser for huge ones."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.render.light import Field, Image, Light, field
from trainer.render.pose import Array, Pose

FINE_PX, COARSE_PX = 34.0, 130.0
"""Canvas pixels from eyes to mouth, at least (pleats need them) and at most (more costs time and shows nothing)."""
_SHIFT = 4


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of what is drawn, from back to front."""

    outline: Array
    """(n, 2) pixels of the picture, closed."""
    paint: Callable[[View, Field], tuple[Field, Field]]
    """Given the view and the piece's cover (0 to 1): albedo (h, w, 3) as shares of white, and relief (h, w) around 1."""
    shadow: float = 0.35
    """How dark the shadow that it throws on what lies behind it."""
    opacity: float = 1.0
    """Below 1: plastic that lets the face through."""


class Canvas:
    """A rectangle of the picture, `scale` canvas pixels per picture pixel."""

    def __init__(self, image: Image, pose: Pose, light: Light, outlines: list[Array]) -> None:
        """Span all `outlines` with a rim for shadow and blur, cut at the picture's edge."""
        height, width = image.shape[:2]
        rim = 2 + 0.12 * pose.unit_px + 2 * light.blur_px
        every = np.concatenate(outlines)
        low = np.clip(np.floor(every.min(0) - rim), 0, (width, height)).astype(int)
        high = np.clip(np.ceil(every.max(0) + rim), 0, (width, height)).astype(int)
        self.left, self.top = int(low[0]), int(low[1])
        self.native = (max(0, int(high[0] - low[0])), max(0, int(high[1] - low[1])))
        fine = float(np.clip(np.ceil(FINE_PX / pose.unit_px), 1, 6))
        wanted = fine if pose.unit_px <= COARSE_PX else COARSE_PX / pose.unit_px
        self.size = tuple(max(1, round(side * wanted)) if side else 0 for side in self.native)
        self.scale = np.array([size / max(side, 1) for size, side in zip(self.size, self.native, strict=True)])
        self.unit = pose.unit_px * float(self.scale.mean())
        self.pose, self.light = pose, light

    @property
    def empty(self) -> bool:
        return 0 in self.native

    @functools.cached_property
    def head(self) -> Field:
        """x and y in head coordinates for every canvas pixel (h, w, 2). Solved on a coarse grid: both are smooth."""
        step = max(1.0, self.unit / 10)
        columns, rows = (max(2, int(np.ceil(side / step))) for side in self.size)
        # The centres of the coarse cells, as cv2.resize places them.
        along = (np.arange(columns) + 0.5) * self.native[0] / columns + self.left - 0.5
        below = (np.arange(rows) + 0.5) * self.native[1] / rows + self.top - 0.5
        x, y = self.pose.unproject(np.stack(np.meshgrid(along, below), -1))
        return field(cv2.resize(field(np.stack([x, y], -1)), self.size, interpolation=cv2.INTER_LINEAR))

    def to_canvas(self, pixels: Array) -> Array:
        """Pixels of the picture (centres at whole numbers) to canvas pixels."""
        return np.asarray((pixels - (self.left, self.top) + 0.5) * self.scale - 0.5)

    def view(self, outline: Array, rim: float) -> View | None:
        """The part of the canvas that an outline and its shadow reach; None when that is nothing."""
        points = self.to_canvas(outline)
        low = np.clip(np.floor(points.min(0) - rim), 0, self.size).astype(int)
        high = np.clip(np.ceil(points.max(0) + rim + 1), 0, self.size).astype(int)
        if (high <= low).any():
            return None
        return View(self, slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))


class View:
    """A window on the canvas: what one part is painted on."""

    def __init__(self, canvas: Canvas, rows: slice, columns: slice) -> None:
        self.canvas, self.rows, self.columns = canvas, rows, columns
        self.shape = (rows.stop - rows.start, columns.stop - columns.start)
        self.unit, self.light = canvas.unit, canvas.light

    @property
    def head(self) -> tuple[Field, Field]:
        """x and y in head coordinates, on the face."""
        both = self.canvas.head[self.rows, self.columns]
        return np.ascontiguousarray(both[..., 0]), np.ascontiguousarray(both[..., 1])

    @property
    def fall(self) -> Field:
        """The light on the face, about 1: its slope over the face."""
        x, y = self.head
        across, down = self.light.slope
        return np.clip(1 + across * np.clip(x, -1.3, 1.3) + down * (np.clip(y, -0.5, 2.0) - 0.5), 0.35, 1.6)

    def flat_head(self, origin: Array, turn: float = 0.0) -> tuple[Field, Field]:
        """Plain picture coordinates around `origin` (picture pixels), in head units, turned by `turn` radians:
        for what does not lie on the face."""
        centre = self.canvas.to_canvas(origin[None])[0] - (self.columns.start, self.rows.start)
        x = ((np.arange(self.shape[1]) - centre[0]) / self.unit).astype(np.float32)[None]
        y = ((np.arange(self.shape[0]) - centre[1]) / self.unit).astype(np.float32)[:, None]
        cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        return field(x * cos + y * sin), field(y * cos - x * sin)

    def fill(self, outline: Array) -> Field:
        """The cover of a closed outline, 0 to 1, with smooth edges."""
        cover = np.zeros(self.shape, np.uint8)
        points = self.canvas.to_canvas(outline) - (self.columns.start, self.rows.start)
        fixed = np.clip(np.rint(points * (1 << _SHIFT)), -2**20, 2**20).astype(np.int32)
        cv2.fillPoly(cover, [fixed], 255, cv2.LINE_AA, _SHIFT)
        return field(cover) / np.float32(255)

    def flat(self, colour: NDArray[np.float64] | tuple[float, float, float]) -> Field:
        """One colour everywhere."""
        return np.full((*self.shape, 3), np.asarray(colour, np.float32), np.float32)


def composite(image: Image, canvas: Canvas, parts: list[Part], rng: np.random.Generator) -> Image:
    """Draw the parts on a copy of the image; what they do not reach stays as it is, to the bit."""
    size = canvas.size[::-1]
    colour = np.zeros((*size, 3), np.float32)
    """The light that the parts send, times their cover: so blurring at the end makes no dark rims."""
    cover = np.zeros(size, np.float32)
    shade = np.ones(size, np.float32)
    for part in parts:
        _add(canvas, part, colour, cover, shade)
    sigma = max(0.3, canvas.light.blur_px) * float(canvas.scale.mean())
    if sigma > 0.2:
        colour = field(cv2.GaussianBlur(colour, (0, 0), sigma))
        cover = field(cv2.GaussianBlur(cover, (0, 0), sigma))
    return _into(image, canvas, colour, cover, shade, rng)


def _add(canvas: Canvas, part: Part, colour: Field, cover: Field, shade: Field) -> None:
    """One part over what is there: first its shadow, then itself."""
    reach = max(1.0, 0.05 * canvas.unit)
    view = canvas.view(part.outline, 3 * reach)
    if view is None:
        return
    here = (view.rows, view.columns)
    piece = view.fill(part.outline)
    if part.shadow > 0:
        fall = np.array([[1, 0, 0], [0, 1, 0.4 * reach]], np.float32)
        thrown = cv2.GaussianBlur(cv2.warpAffine(piece, fall, view.shape[::-1]), (0, 0), reach)
        dim = 1 - part.shadow * thrown
        colour[here] *= dim[..., None]
        shade[here] *= dim
    albedo, relief = part.paint(view, piece)
    share = piece * part.opacity
    white = (relief * view.fall * share)[..., None] * canvas.light.white.astype(np.float32)
    colour[here] *= (1 - share)[..., None]
    colour[here] += albedo * white
    cover[here] += (1 - cover[here]) * share


def _into(image: Image, canvas: Canvas, colour: Field, cover: Field, shade: Field, rng: np.random.Generator) -> Image:
    """Bring the finished layers to the picture's own pixels: shadow, grey, grain, and over the skin."""
    if canvas.size != canvas.native:
        method = cv2.INTER_AREA if canvas.size[0] > canvas.native[0] else cv2.INTER_LINEAR
        colour, cover, shade = (field(cv2.resize(layer, canvas.native, interpolation=method)) for layer in (colour, cover, shade))
    if canvas.light.chroma < 1:
        grey = field(cv2.transform(colour, np.array([[0.114, 0.587, 0.299]], np.float32)))
        colour = grey[..., None] + (colour - grey[..., None]) * np.float32(canvas.light.chroma)
    colour = colour + _grain(canvas, rng) * cover[..., None]
    colour = np.where(colour > 225, 225 + (colour - 225) * np.float32(0.45), colour)  # sensors bend before they clip
    rows = slice(canvas.top, canvas.top + canvas.native[1])
    columns = slice(canvas.left, canvas.left + canvas.native[0])
    mixed = image[rows, columns] * (shade * (1 - cover))[..., None] + colour
    drawn = image.copy()
    touched = ((cover > 0.004) | (shade < 0.99)).astype(np.uint8)
    cv2.copyTo(cv2.convertScaleAbs(np.maximum(mixed, 0)), touched, drawn[rows, columns])
    return drawn


def _grain(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Noise like the picture's: mostly brightness, a little colour between blue and red."""
    strength = np.float32(canvas.light.noise)
    bright, tint = rng.standard_normal((2, *canvas.native[::-1]), np.float32) * strength
    tint *= np.float32(0.35 * canvas.light.chroma)
    return np.stack([bright + tint, bright, bright - tint], -1)
