# SPDX-License-Identifier: Apache-2.0
"""Explain: where the network looks (Grad-CAM, Selvaraju et al. 2017), and how much of that lies on the lower face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.data.labels import CLASSES, MASK
from trainer.errors import TrainerError
from trainer.model import body_of, tensorflow


def heat(model: Any, crop: NDArray[np.uint8], answer: int) -> NDArray[np.float32]:
    """How much each place speaks for an answer.

    Args:
        model: a Keras model with a backbone, as `trainer.model.build` makes them.
        crop: BGR `uint8` (size, size, 3).
        answer: column of the logit that is explained.

    Returns:
        `float32` (size, size), 0 to 1.

    Raises:
        TrainerError: the network has no backbone to look into.
    """
    tf = tensorflow()
    body = body_of(model)
    if body is None:
        raise TrainerError("This network has no backbone, so there is no last map to look at.")
    picture = tf.constant(crop[None, ..., ::-1].astype(np.float32))
    inner = tf.keras.Model(body.inputs, body.layers[-2].output)  # before pooling
    scaled = tf.keras.Model(model.inputs, model.get_layer("scaled").output)(picture)  # all that is done before the backbone, a flip of colours too
    head = next(layer for layer in model.layers if layer.name == "logits")
    with tf.GradientTape() as tape:
        maps = inner(scaled, training=False)
        tape.watch(maps)
        logit = head(tf.reduce_mean(maps, axis=(1, 2)))[0, answer]
    weights = tf.reduce_mean(tape.gradient(logit, maps), axis=(1, 2), keepdims=True)
    cam = np.maximum(np.asarray(tf.reduce_sum(weights * maps, axis=-1))[0], 0)
    cam = cam / max(float(cam.max()), 1e-9)
    return np.asarray(cv2.resize(cam.astype(np.float32), crop.shape[1::-1], interpolation=cv2.INTER_CUBIC).clip(0, 1), np.float32)


def lower_share(cam: NDArray[np.float32]) -> float:
    """Share of the heat on the lower half of the crop, where nose and mouth are; 0.5 where it is even."""
    total = float(cam.sum())
    return float(cam[cam.shape[0] // 2:].sum()) / total if total else 0.5


def gallery(model: Any, crops: Mapping[str, Sequence[NDArray[np.uint8]]], across: int = 12) -> tuple[NDArray[np.uint8], dict[str, float]]:
    """Rows of crops with what speaks for their label over them, and the mean share of it on the lower face, by label.

    Args:
        model: as for `heat`.
        crops: by label, BGR `uint8` (size, size, 3) each.

    Raises:
        TrainerError: no crop at all, or a network without a backbone.
    """
    rows, shares = [], {}
    for label, pictures in crops.items():
        # A network of two answers knows only mask and the rest.
        column = CLASSES.index(label) if model.output_shape[-1] == len(CLASSES) else int(label != MASK)
        cams = [heat(model, picture, column) for picture in pictures]
        if not cams:
            continue
        shares[label] = float(np.mean([lower_share(cam) for cam in cams]))
        tiles = [overlay(picture, cam) for picture, cam in zip(pictures, cams, strict=True)]
        tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % across)
        rows += [np.hstack(tiles[i:i + across]) for i in range(0, len(tiles), across)]
    if not rows:
        raise TrainerError("No faces to explain.")
    return np.vstack(rows), shares


def overlay(crop: NDArray[np.uint8], cam: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The crop with the heat over it, BGR."""
    colours = cv2.applyColorMap((cam * 255).astype(np.uint8), cv2.COLORMAP_JET)
    return np.asarray(cv2.addWeighted(crop, 0.6, colours, 0.4, 0), np.uint8)
