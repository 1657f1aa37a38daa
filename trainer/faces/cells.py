# SPDX-License-Identifier: Apache-2.0
"""Cells: a network's answers cell by cell, and what losses reckon with: overlaps, and how far an answer is from the right one."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf
from keras import ops

from trainer.faces.plan import STRIDES


class Cells(NamedTuple):
    """What a network says of n pictures in each of its cells, those of strides 8, 16 and 32 in one row."""

    cls: Any
    """(n, cells): logits."""
    obj: Any
    """(n, cells): logits."""
    boxes: Any
    """(n, cells, 4): left, top, right, bottom in pixels."""
    points: Any
    """(n, cells, 10): five landmarks x y, counted from `corners` in strides."""
    centres: Any
    """(cells, 2): middle of each cell in pixels."""
    corners: Any
    """(cells, 2): left upper corner of each cell in pixels."""
    strides: Any
    """(cells,): pixels."""

    @property
    def score(self) -> Any:
        """(n, cells): how sure the network is of a face, 0 to 1, as FaceDetectorYN reckons it."""
        return tf.sqrt(tf.sigmoid(self.cls) * tf.sigmoid(self.obj))


def flatten(maps: list[Any]) -> Cells:
    """The cells of a network's three maps, each (n, rows, columns, 16)."""
    parts: list[list[Any]] = [[] for _ in range(7)]
    for values, stride in zip(maps, STRIDES, strict=True):
        shape = tf.shape(values)
        flat = tf.reshape(values, (shape[0], -1, 16))
        x, y = tf.meshgrid(tf.range(shape[2]), tf.range(shape[1]))
        corner = tf.cast(tf.reshape(tf.stack([x, y], -1), (-1, 2)) * stride, tf.float32)
        boxes = tf.reshape(decode(values, stride), (shape[0], -1, 4))
        for part, value in zip(parts, (flat[..., 0], flat[..., 1], boxes, flat[..., 6:], corner + stride / 2, corner,
                                       tf.fill(tf.shape(corner)[:1], float(stride))), strict=True):
            part.append(value)
    cls, obj, boxes, points = (tf.concat(part, 1) for part in parts[:4])
    centres, corners, strides = (tf.concat(part, 0) for part in parts[4:])
    return Cells(cls, obj, boxes, points, centres, corners, strides)


def decode(maps: Any, stride: int) -> Any:
    """Boxes out of one stride's map (n, rows, columns, 16): (n, rows, columns, 4), left, top, right, bottom in pixels of the input."""
    rows, columns = ops.shape(maps)[1], ops.shape(maps)[2]
    y, x = ops.cast(ops.arange(rows), "float32")[:, None], ops.cast(ops.arange(columns), "float32")[None]
    centre_x, centre_y = (x + maps[..., 2]) * stride, (y + maps[..., 3]) * stride
    # A size beyond e^6 strides is no face; unbounded, one wild cell would drown the loss.
    half_w, half_h = (ops.exp(ops.clip(maps[..., k], -6.0, 6.0)) * (stride / 2) for k in (4, 5))
    return ops.stack([centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h], axis=-1)


def overlap(first: Any, second: Any) -> Any:
    """IoU of boxes that broadcast against each other, (..., 4) left top right bottom.

    Coordinate by coordinate: TensorFlow is three times slower at reducing an axis of two.
    """
    (l1, t1, r1, b1), (l2, t2, r2, b2) = tf.unstack(first, axis=-1), tf.unstack(second, axis=-1)
    width, height = tf.minimum(r1, r2) - tf.maximum(l1, l2), tf.minimum(b1, b2) - tf.maximum(t1, t2)
    shared = tf.maximum(width, 0.0) * tf.maximum(height, 0.0)
    return shared / tf.maximum((r1 - l1) * (b1 - t1) + (r2 - l2) * (b2 - t2) - shared, 1e-6)


def inside(cells: Cells, boxes: Any) -> Any:
    """(n, faces, cells): whether the middle of a cell lies in a box."""
    left, top, right, bottom = tf.unstack(boxes[:, :, None], axis=-1)
    x, y = cells.centres[:, 0], cells.centres[:, 1]
    return (x > left) & (x < right) & (y > top) & (y < bottom)


def eiou_loss(found: Any, true: Any) -> Any:
    """1 - IoU, plus how far the centres, the widths and the heights are apart, as shares of the box around both."""
    around = tf.maximum(tf.maximum(found[..., 2:], true[..., 2:]) - tf.minimum(found[..., :2], true[..., :2]), 1e-3)
    centres = (found[..., :2] + found[..., 2:] - true[..., :2] - true[..., 2:]) / 2
    sizes = (found[..., 2:] - found[..., :2]) - (true[..., 2:] - true[..., :2])
    distance = tf.reduce_sum(centres**2, -1) / tf.reduce_sum(around**2, -1)
    return 1 - overlap(found, true) + distance + tf.reduce_sum((sizes / around) ** 2, -1)


def bce(logits: Any, targets: Any) -> Any:
    """Binary cross entropy, element by element."""
    return tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=targets)


def smooth_l1(difference: Any) -> Any:
    """Element by element: in proportion to the difference, but by its square below a ninth (Girshick 2015, "Fast R-CNN")."""
    miss = tf.abs(difference)
    return tf.where(miss < 1 / 9, miss**2 * 4.5, miss - 1 / 18)
