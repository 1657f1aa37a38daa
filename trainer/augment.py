# SPDX-License-Identifier: Apache-2.0
"""Augment: from a clean cached face to what a cheap camera over a door would have made of it.

In OpenCV on one picture at a time, not as Keras layers: the unit crops and scales with OpenCV, so what is drawn here is
what arrives there, and a door camera's chain (lens, sensor, codec, detector) has its own order:

    the detector's box is off   rotate, zoom, shift, shear, stretch, flip; the face at the frame's rim
    something is in the way     cap, glasses, hair, another head: patches anywhere but over nose and mouth
    light                       gamma, contrast, colour cast, light from one side or from behind
    lens and sensor             defocus, motion, few pixels, grey or infra-red, noise
    codec                       JPEG at the size the sensor gave, then scaled up as the unit does

Every draw comes from one `numpy` generator: the same seed gives the same picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.data.cache import FACE_SHARE, SIDE_PX
from trainer.recipe import Augment

Picture = NDArray[np.uint8]


def plain(picture: Picture, margin: float, size_px: int) -> Picture:
    """The cached face as the unit would crop it, without any augmentation."""
    return _warp(picture, np.eye(2), np.zeros(2), margin, size_px)


def augment(picture: Picture, rng: np.random.Generator, settings: Augment, margin: float, size_px: int) -> Picture:
    """One face, seen differently.

    Args:
        picture: a cached square, `uint8` BGR (SIDE_PX, SIDE_PX, 3).
        rng: where every draw comes from.
        margin: share of the face's longer side around it, as in the model's description.
        size_px: side of the result.

    Returns:
        `uint8` BGR (size_px, size_px, 3).
    """
    image = _moved(picture, rng, settings, margin, size_px)
    if rng.random() < settings.rim:
        image = _at_rim(image, rng)
    if rng.random() < settings.occlude:
        image = _occluded(image, rng)
    if rng.random() < settings.blur:
        image = _u8(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 0.022 * size_px))))
    if rng.random() < settings.motion:
        image = _smeared(image, rng)
    side = size_px
    if rng.random() < settings.low_res:
        low, high = settings.low_res_px
        # Evenly over the logarithm: 24 px deserve as much practice as 96. The face is 1 / (1 + 2 margin) of the crop.
        side = min(size_px, round(float(np.exp(rng.uniform(np.log(low), np.log(high)))) * (1 + 2 * margin)))
        image = _u8(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))
    image = _lit(image, rng, settings)
    draw = rng.random()
    if draw < settings.infrared:
        image = _infrared(image, rng)
    elif draw < settings.infrared + settings.grey:
        image = _u8(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))
    if rng.random() < settings.noise:
        image = _noisy(image, rng)
    if rng.random() < settings.jpeg:
        code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 90))])[1]
        decoded = cv2.imdecode(code, cv2.IMREAD_COLOR)
        assert decoded is not None
        image = _u8(decoded)
    if side != size_px:
        how = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
        image = _u8(cv2.resize(image, (size_px, size_px), interpolation=how))
    return image


def _u8(image: cv2.typing.MatLike) -> Picture:
    return np.asarray(image, np.uint8)


def _warp(picture: Picture, linear: NDArray[np.float64], shift: NDArray[np.float64], margin: float, size_px: int) -> Picture:
    """Sample the crop through `linear` (2, 2) around the middle, moved by `shift` in face sizes."""
    face = SIDE_PX * FACE_SHARE
    scale = face * (1 + 2 * margin) / size_px
    matrix = np.zeros((2, 3))
    matrix[:, :2] = linear * scale
    # Pixel centres: the middle of the result lands on the middle of the square.
    matrix[:, 2] = (SIDE_PX - 1) / 2 + shift * face - matrix[:, :2] @ np.full(2, (size_px - 1) / 2)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, (size_px, size_px), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _moved(picture: Picture, rng: np.random.Generator, s: Augment, margin: float, size_px: int) -> Picture:
    angle = np.deg2rad(np.clip(rng.normal(0, s.rotate_deg), -40, 40))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.array([[1, rng.normal(0, s.shear)], [rng.normal(0, s.shear), 1]])
    zoom = np.exp(np.clip(rng.normal(0, s.zoom), -0.3, 0.35))
    stretch = np.exp(np.clip(rng.normal(0, s.stretch), -0.2, 0.2))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    linear = turn @ shear @ np.diag([flip * zoom * stretch, zoom / stretch])
    return _warp(picture, linear, np.clip(rng.normal(0, s.shift, 2), -0.2, 0.2), margin, size_px)


def _at_rim(image: Picture, rng: np.random.Generator) -> Picture:
    """Cut one or two sides off and repeat the edge, as `crop_face` does at the frame's rim."""
    size = image.shape[0]
    cut = [0, 0, 0, 0]
    for side in rng.choice(4, size=int(rng.integers(1, 3)), replace=False):
        cut[side] = int(rng.uniform(0.02, 0.22) * size)
    top, bottom, left, right = cut
    inner = image[top:size - bottom, left:size - right]
    return np.asarray(cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)


def _occluded(image: Picture, rng: np.random.Generator) -> Picture:
    """A patch over the eyes, a cheek or the rim: never over the middle of the lower face, which decides the label."""
    image = image.copy()
    size = image.shape[0]
    w, h = (int(v * size) for v in rng.uniform(0.1, 0.5, 2))
    where = rng.integers(3)
    if where == 0:  # cap, fringe, sunglasses
        x, y, h = int(rng.uniform(0, 0.8) * size), int(rng.uniform(-0.1, 0.25) * size), min(h, int(0.25 * size))
    elif where == 1:  # from the left or right
        w = min(w, int(0.25 * size))
        x, y = (0 if rng.random() < 0.5 else size - w), int(rng.uniform(0, 0.8) * size)
    else:  # collar, counter, another head below
        x, y = int(rng.uniform(0, 0.6) * size), int(rng.uniform(0.84, 0.95) * size)
    x0, y0, x1, y1 = max(0, x), max(0, y), min(size, x + w), min(size, y + h)
    if x1 <= x0 or y1 <= y0:
        return image
    if rng.random() < 0.5:
        image[y0:y1, x0:x1] = rng.integers(0, 256, 3, dtype=np.uint8)
    else:
        other = image[::-1, ::-1][y0:y1, x0:x1]
        image[y0:y1, x0:x1] = np.clip(other.astype(np.int16) + rng.integers(-60, 60, 3), 0, 255)
    return image


def _lit(image: Picture, rng: np.random.Generator, s: Augment) -> Picture:
    """Gamma, contrast, brightness and colour cast as one table a channel; saturation; light from somewhere."""
    tone = np.arange(256, dtype=np.float32) / 255
    tone = 255 * tone ** np.float32(np.exp(np.clip(rng.normal(0, s.gamma), -0.7, 0.7)))
    mean = float(image.mean())
    tone = (tone - mean) * np.float32(np.exp(rng.normal(0, s.contrast))) + mean + np.float32(rng.normal(0, 60 * s.contrast))
    table = tone[:, None] * np.exp(rng.normal(0, s.colour, 3)).astype(np.float32)
    image = _u8(cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8)[None]))
    if s.colour:
        keep = float(rng.uniform(0.3, 1.4))
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        image = _u8(cv2.addWeighted(image, keep, grey, 1 - keep, 0))
    if rng.random() < s.backlight:
        image = _lit_from(image, rng)
    return image


def _lit_from(image: Picture, rng: np.random.Generator) -> Picture:
    along = np.linspace(-1, 1, image.shape[0], dtype=np.float32)
    if rng.random() < 0.5:  # light from one side
        angle = rng.uniform(0, 2 * np.pi)
        slope = np.cos(angle) * along[None, :] + np.sin(angle) * along[:, None]
        light = image * (1 + np.float32(rng.uniform(0.2, 0.7)) * slope)[..., None]
    else:  # a bright door behind a dark face
        ring = np.clip((along[None, :] ** 2 + along[:, None] ** 2 - 0.6) / 0.8, 0, 1)[..., None]
        light = image * np.float32(rng.uniform(0.35, 0.8)) * (1 - ring) + (image + np.float32(rng.uniform(20, 140))) * ring
    return np.asarray(np.clip(light, 0, 255), np.uint8)


def _smeared(image: Picture, rng: np.random.Generator) -> Picture:
    length = int(rng.integers(3, max(4, image.shape[0] // 10)))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), float(rng.uniform(0, 180)), 1)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    return _u8(cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1e-6), borderType=cv2.BORDER_REPLICATE))


def _infrared(image: Picture, rng: np.random.Generator) -> Picture:
    """Skin and cloth bright, centre lit by the camera's own lamp."""
    red = (0.8 * image[..., 2] + 0.2 * image[..., 1]) / 255
    along = np.linspace(-1, 1, image.shape[0], dtype=np.float32)
    lamp = 1.25 - np.float32(rng.uniform(0.2, 0.6)) * (along[None, :] ** 2 + along[:, None] ** 2)
    look = np.clip(255 * red ** 0.7 * lamp, 0, 255).astype(np.uint8)
    return np.repeat(look[..., None], 3, axis=2)


_GRAIN = np.random.default_rng(0).normal(0, 1, 1 << 20).astype(np.float32)
"""Noise is read from somewhere in here: drawing fifty thousand normal numbers a picture costs more than all the rest."""


def _noisy(image: Picture, rng: np.random.Generator) -> Picture:
    shape = image.shape if rng.random() < 0.5 else (*image.shape[:2], 1)
    count = int(np.prod(shape))
    start = int(rng.integers(len(_GRAIN) - count))
    grain = _GRAIN[start:start + count].reshape(shape) * np.float32(rng.uniform(2, 14))
    return np.clip(image + grain, 0, 255).astype(np.uint8)
