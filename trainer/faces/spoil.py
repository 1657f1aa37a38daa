# SPDX-License-Identifier: Apache-2.0
"""Spoil: what a cheap camera in a dim or backlit doorway does to a picture."""

from __future__ import annotations

import cv2
import numpy as np

from trainer.faces.pictures import Image


def spoil(image: Image, rng: np.random.Generator) -> Image:
    """Light, colour, blur, noise and compression, each now and then."""
    image = _light(image, rng)
    if rng.random() < 0.12:
        image = np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
    if rng.random() < 0.22:
        image = _blur(image, rng)
    if rng.random() < 0.25:
        noise = rng.standard_normal(image.shape, np.float32) * rng.uniform(2, 14)
        image = np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)
    if rng.random() < 0.3:
        _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))])
        image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return image


def _light(image: Image, rng: np.random.Generator) -> Image:
    """A curve for each channel: dark, washed out, tinted; or backlight that falls off to one side."""
    levels = np.arange(256) / 255
    gamma, gain, lift = np.exp(rng.normal(0, 0.35)), np.exp(rng.normal(0, 0.25)), rng.normal(0, 0.05)
    if rng.random() < 0.12:  # night
        gain *= rng.uniform(0.15, 0.5)
    tint = np.exp(rng.normal(0, 0.07, 3))
    curves = np.clip(levels[:, None] ** gamma * gain * tint + lift, 0, 1) * 255
    image = np.asarray(cv2.LUT(image, curves.astype(np.uint8)[None]), np.uint8)
    if rng.random() < 0.12:
        slope = np.linspace(rng.uniform(0.2, 1), rng.uniform(1, 2.2), image.shape[1], dtype=np.float32)
        slope = slope[::-1] if rng.random() < 0.5 else slope
        image = np.clip(image * slope[None, :, None], 0, 255).astype(np.uint8)
    return image


def _blur(image: Image, rng: np.random.Generator) -> Image:
    """Out of focus, smeared by motion, or enlarged from a smaller picture."""
    draw = rng.random()
    if draw < 0.35:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.8)), np.uint8)
    if draw < 0.65:
        length, angle = int(rng.integers(3, 10)), rng.uniform(0, np.pi)
        kernel = np.zeros((length, length), np.float32)
        middle, step = (length - 1) / 2, np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
        start, end = middle - step, middle + step
        cv2.line(kernel, (round(start[0]), round(start[1])), (round(end[0]), round(end[1])), 1.0)
        return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)
    scale = rng.uniform(0.4, 0.8)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (image.shape[1], image.shape[0])), np.uint8)
