# SPDX-License-Identifier: Apache-2.0
"""Portrait: the astronaut of scikit-image, cut out and given legs, bare and with masks drawn on.

The photograph (Eileen Collins, NASA, public domain) comes in scikit-image's own wheel; it is a
development dependency and nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.look import Box, Face
from trainer.render.cloth import noise
from trainer.render.light import Field, Image, field

FACE = Face(Box(178, 65, 91, 111), ((203.4, 103.6), (247.5, 104.4), (224.1, 127.7), (204.0, 143.1), (242.9, 143.7)), 1.0)
"""Her face in pixels of the 512 px photograph."""
EYES = (225.0, 104.0)
TALL_PX = 930
"""Height of the cut-out with its legs: the eyes of a grown person are about seven face heights above the floor."""

_AROUND = ((145, 60), (165, 25), (210, 8), (255, 10), (295, 40), (310, 90), (295, 125), (268, 150), (310, 200), (320, 240), (350, 270), (370, 340),
           (430, 338), (490, 370), (511, 440), (511, 511), (10, 511), (15, 440), (25, 360), (45, 260), (105, 205), (105, 175), (135, 148), (172, 145))
_INSIDE = ((170, 50), (200, 25), (250, 25), (285, 50), (290, 90), (270, 110), (256, 145), (250, 178), (280, 205), (300, 250), (335, 280), (350, 345),
           (300, 420), (285, 511), (40, 511), (40, 400), (60, 280), (120, 225), (130, 185), (190, 175), (190, 140), (178, 110), (165, 90))
_HELMET = ((300, 420), (340, 365), (400, 352), (450, 365), (480, 400), (490, 440), (490, 511), (285, 511))


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A picture of a person and where it covers what is behind."""

    image: Image
    """BGR (930, 512, 3)."""
    cover: Field
    """(930, 512), 0 to 1."""


def astronaut() -> Image:
    """The photograph in BGR, 512 x 512."""
    import skimage.data

    return np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])


def outline(photograph: Image) -> Field:
    """Where the person is, 0 to 1: GrabCut between two polygons set by hand."""
    marks: NDArray[Any] = np.full(photograph.shape[:2], cv2.GC_BGD, np.uint8)
    cv2.fillPoly(marks, [np.array(_AROUND, np.int32)], cv2.GC_PR_FGD)
    for polygon in (_INSIDE, _HELMET):
        cv2.fillPoly(marks, [np.array(polygon, np.int32)], cv2.GC_FGD)
    cv2.setRNGSeed(1)
    cv2.grabCut(photograph, marks, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    person = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    person = np.asarray(cv2.erode(cv2.medianBlur(person, 5), np.ones((3, 3), np.uint8)), np.uint8)
    return field(cv2.GaussianBlur(field(person) / 255, (0, 0), 1.0))


def standing(photograph: Image, cover: Field) -> Cutout:
    """The bust with drawn legs below: seen only from afar."""
    size = (TALL_PX, photograph.shape[1])
    image = np.zeros((*size, 3), np.uint8)
    legs = np.zeros(size, np.uint8)
    cloth, dark, boot = (38, 82, 215), (26, 56, 160), (30, 30, 32)
    for polygon, colour in ((((60, 460), (310, 460), (282, 700), (250, 885), (172, 885), (158, 690)), cloth),
                            (((24, 460), (160, 460), (158, 690), (150, 885), (78, 885), (45, 690)), cloth),
                            (((150, 600), (168, 600), (170, 885), (152, 885)), dark),
                            (((168, 878), (252, 878), (262, 925), (166, 925)), boot), (((76, 878), (152, 878), (154, 925), (66, 925)), boot)):
        cv2.fillPoly(image, [np.array(polygon, np.int32)], colour)
        cv2.fillPoly(legs, [np.array(polygon, np.int32)], 255)
    cv2.circle(image, (386, 462), 104, (14, 14, 14), -1)
    cv2.circle(legs, (386, 462), 104, 255, -1)
    rows, columns = np.mgrid[0:size[0], 0:size[1]].astype(np.float32) / 300
    shade = (np.linspace(0.95, 1.15, size[1], dtype=np.float32) + 0.16 * noise(columns, rows, (1.0, 0.6), (0.1, 0.2)))[..., None]
    image = np.clip(cv2.GaussianBlur(image, (0, 0), 4) * shade, 0, 255).astype(np.uint8)
    whole = field(cv2.GaussianBlur(field(legs) / 255, (0, 0), 1.5))
    bust = photograph.shape[0]
    fade = np.minimum(1, np.arange(bust, 0, -1, dtype=np.float32) / 40)[:, None] * cover
    image[:bust] = np.clip(photograph * fade[..., None] + image[:bust] * (1 - fade[..., None]), 0, 255).astype(np.uint8)
    whole[:bust] = np.maximum(np.where(np.arange(bust)[:, None] > 500, whole[:bust], 0), cover)
    return Cutout(image, whole)
