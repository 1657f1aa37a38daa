# SPDX-License-Identifier: Apache-2.0
"""Scenes: one square training picture with its faces, put together anew each time from the pictures there are.

A zoom shows one face of a photograph, at a height from 18 px to a little more than the whole scene. A mosaic sets many pictures side by
side. The others show nobody: pieces without a face, and heads whose face is covered. Then masks are drawn on some of the bare faces, and
the picture is spoilt as a cheap camera does it (`spoil.py`).
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from edge.look import Box, Face, Label
from trainer.faces.labels import KIND, KINDS, LEARN, Faces, Lesson
from trainer.faces.pictures import Image
from trainer.faces.placing import clipped, mirror, moved_by, place, tilt
from trainer.faces.spoil import spoil
from trainer.faces.store import Lots, Store
from trainer.faces.views import LEAST_SHOWN, VIEWS, Views
from trainer.render import random_style, render_mask

ZOOMED = 18.0, 1.1
"""Height of the face that a zoom shows: from so many pixels to so much of the scene's side."""
MOSAICS = {1: 0.18, 2: 0.3, 3: 0.32, 4: 0.2}
"""How often a mosaic has so many pictures in a row."""
FILLED = 0.8
"""How often a zoom is shifted so that its photograph covers as much of the scene as it can."""
ERRORS = 0.4
"""How often a zoom is aimed at something that a teacher or the detector itself took for a face, where there is such a thing."""
WORTH = {"mask": 3.0, "incorrect": 3.0, "no_mask": 2.0, "unknown": 0.5}
"""How often a zoom is aimed at a face of each kind, before the others in the same picture."""
TILT = 12.0
"""Standard deviation in degrees of how far a tilted scene is turned, cut at twice that."""
MISSED_WORTH = 4.0
"""How much more often a face that the detector misses is aimed at."""


class Scenes:
    """Makes scenes for ever; the same seed gives the same ones."""

    def __init__(self, store: Store, side: int, seed: int, dress: float = 0.6, views: Views = VIEWS["varied"]) -> None:
        """`dress` is the share of bare faces that get a mask, a hand or a cup."""
        self._store, self._side, self._dressed, self._views = store, side, dress, views
        self._rng = np.random.default_rng(seed)
        self._lots = Lots(store, self._rng)

    def make(self) -> list[tuple[Image, Faces]]:
        """The next scene, BGR (side, side, 3), with its faces in its pixels; and the same scene mirrored, dressed and spoilt anew.

        Putting a scene together takes as long as a training step. The second look at it costs little.
        """
        rng = self._rng
        draw = rng.random()
        if draw < self._views.zooms:
            image, faces = self._zoom(self._side)
        elif draw < self._views.zooms + self._views.mosaics:
            image, faces = self._mosaic(int(rng.choice(list(MOSAICS), p=list(MOSAICS.values()))))
        else:
            image, faces = self._nobody()
        return [self._look(image, faces), self._look(*mirror(image, faces))]

    def _look(self, image: Image, faces: Faces) -> tuple[Image, Faces]:
        """A finished scene: tilted now and then, dressed and spoilt."""
        if self._rng.random() < self._views.tilted:
            image, faces = tilt(image, faces, float(np.clip(self._rng.normal(0, TILT), -2 * TILT, 2 * TILT)))
        image = self._dress(image, faces)
        return (image if self._rng.random() < self._views.untouched else spoil(image, self._rng)), faces

    def _zoom(self, side: int) -> tuple[Image, Faces]:
        """A photograph so large that one of its faces gets a chosen height, that face anywhere in the scene."""
        rng, number = self._rng, self._lots.photo()
        image, faces = self._store.pixels[number], self._faces(number)
        wanted = Lesson.BACKGROUND if rng.random() < ERRORS and (faces[:, LEARN] == Lesson.BACKGROUND).any() else Lesson.FACE
        aims = np.flatnonzero((faces[:, LEARN] == wanted) & (faces[:, 3] >= 8))
        if not len(aims) or rng.random() < self._views.whole:
            scale = side / max(image.shape[:2]) * rng.uniform(*self._views.sizes)
            left, top = (rng.uniform(min(0, side - scale * n), max(0, side - scale * n)) for n in (image.shape[1], image.shape[0]))
        else:
            worth = np.array([WORTH[KINDS[int(kind)]] for kind in faces[aims, KIND]]) * np.where(self._store.misses(number)[aims], MISSED_WORTH, 1)
            aim = faces[aims[rng.choice(len(aims), p=worth / worth.sum())]]
            height = np.exp(rng.uniform(np.log(ZOOMED[0]), np.log(ZOOMED[1] * side)))
            scale = min(height / aim[3], 2.5, 1.05 * side / aim[2])
            scale = max(scale, LEAST_SHOWN * side / max(image.shape[:2]))
            reach = 0.0 if rng.random() < 0.18 else 0.5  # now and then the frame cuts through the face
            left, top = (rng.uniform(reach * scale * size, max(side - reach * scale * size, reach * scale * size + 1)) - scale * (start + size / 2)
                         for start, size in ((aim[0], aim[2]), (aim[1], aim[3])))
            if rng.random() < FILLED:
                left, top = (float(np.clip(at, min(0, side - scale * n), max(0, side - scale * n)))
                             for at, n in ((left, image.shape[1]), (top, image.shape[0])))
        stretch = rng.uniform(0.92, 1.08)
        return place(image, faces, self._ground(side), (scale * stretch, scale / stretch), (left, top))

    def _mosaic(self, count: int, nobody: bool = False) -> tuple[Image, Faces]:
        """Pictures side by side, `count` in each direction, each cut where it does not fit."""
        side = self._side
        edges = np.round(np.linspace(0, side, count + 1)).astype(int)
        ground = np.zeros((side, side, 3), np.uint8)
        tables = []
        for top, bottom in pairwise(edges):
            for left, right in pairwise(edges):
                tile, faces = self._tile(bottom - top, nobody)
                ground[top:bottom, left:right] = tile[:bottom - top, :right - left]
                tables.append(moved_by(faces, left, top))
        return ground, clipped(np.concatenate(tables), side)  # a tile may reach a pixel further

    def _tile(self, side: int, nobody: bool) -> tuple[Image, Faces]:
        rng = self._rng
        side += 1  # tiles of one mosaic may differ by a pixel
        if not nobody and side >= 60 and rng.random() < 0.2:
            return self._zoom(side)
        number = self._lots.crop("not_face" if nobody else None)
        image, faces = self._store.pixels[number], self._faces(number)
        scale = side / max(image.shape[:2]) * rng.uniform(0.65, 1.25)
        left, top = (rng.uniform(min(0, side - scale * n), max(0, side - scale * n)) for n in (image.shape[1], image.shape[0]))
        stretch = rng.uniform(0.92, 1.08)
        return place(image, faces, self._ground(side), (scale * stretch, scale / stretch), (left, top))

    def _nobody(self) -> tuple[Image, Faces]:
        """No face: pieces of scenes, or a photograph whose faces are covered by such pieces."""
        rng = self._rng
        if rng.random() < 0.5:
            return self._mosaic(int(rng.integers(1, 4)), nobody=True)
        image, faces = self._zoom(self._side)
        for row in faces[faces[:, LEARN] != Lesson.BACKGROUND]:
            x, y, w, h = row[:4] + np.array([-0.25, -0.3, 0.5, 0.5]) * np.tile(row[2:4], 2)
            left, top, right, bottom = (int(np.clip(v, 0, self._side)) for v in (x, y, x + w, y + h))
            if right > left and bottom > top:
                patch = self._store.pixels[self._lots.crop("not_face")]
                image[top:bottom, left:right] = cv2.resize(patch, (right - left, bottom - top))
        return image, faces[:0]

    def _ground(self, side: int) -> Image:
        """What shows where a picture does not reach: nothing, one colour, or a piece without a face."""
        rng, draw = self._rng, self._rng.random()
        if draw < 0.35:
            return np.zeros((side, side, 3), np.uint8)
        if draw < 0.65:
            return np.full((side, side, 3), rng.integers(0, 255, 3), np.uint8)
        patch = self._store.pixels[self._lots.crop("not_face")]
        return np.asarray(cv2.resize(patch, (side, side)), np.uint8)

    def _faces(self, number: int) -> Faces:
        faces = self._store.faces[number]
        assert faces is not None  # usable() left those out
        return faces

    def _dress(self, image: Image, faces: Faces) -> Image:
        """Masks, hands and cups on at most four of the bare faces; box and landmarks stay what they were."""
        rng = self._rng
        bare = np.flatnonzero((faces[:, LEARN] == Lesson.FACE) & (faces[:, KIND] == KINDS.index("no_mask")) & (faces[:, 3] >= 16)
                              & ~np.isnan(faces[:, 4]))
        for k in rng.permutation(bare)[:4]:
            if rng.random() >= self._dressed:
                continue
            label = (Label.MASK, Label.INCORRECT, Label.NO_MASK)[rng.choice(3, p=(0.68, 0.14, 0.18))]
            row = faces[k]
            a, b, c, d, e = ((float(x), float(y)) for x, y in row[4:14].reshape(5, 2))
            face = Face(Box(*(float(value) for value in row[:4])), (a, b, c, d, e), 1.0)
            image = render_mask(image, face, random_style(rng, label), rng).image
        return image
