# SPDX-License-Identifier: Apache-2.0
"""Copying: what a network loses by answering otherwise than its advisers, cell by cell, whatever the picture shows.

Several detectors, each asked about a scene and about its mirror image, know more together than any one of them, since each errs in other
places. A small network can learn to answer as they do together ("function matching": Beyer et al. 2022, "Knowledge distillation: A good
teacher is patient and consistent"). Labels play no part.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from trainer.faces.cells import bce, eiou_loss, flatten, smooth_l1

SEEN_WORTH = 4.0
"""Further weight of obj in a cell, times the score that the network or the advisers give the cell, whichever is higher: most cells show
nothing, and everybody knows it."""
PARTS = {"cls": 2.0, "obj": 1.0, "box": 10.0, "points": 0.1}
"""What each part of the loss weighs."""
PLACED = 0.2
"""Score of the advisers from which a cell's box and landmarks are copied."""
SIDES_SWAPPED = [2, 3, 0, 1, 4, 5, 8, 9, 6, 7]
"""The order of a mirrored face's landmarks, x and y: its right eye is the picture's left one, and so with the corners of the mouth."""


def look(adviser: Any, pictures: Any, mirror: Any) -> list[Any]:
    """What an adviser says of pictures, (n, height, width, 3), in the pictures' own places. Where `mirror` is true it is shown their mirror images."""
    maps = adviser(tf.where(mirror, pictures[:, :, ::-1], pictures))
    return [tf.where(mirror, mirrored(part), part) for part in maps]


def mirrored(part: Any) -> Any:
    """A map of mirrored pictures, (n, rows, columns, 16), turned back into one of the pictures themselves.

    Places within a cell are counted from its left end in cells: x becomes 1 - x.
    """
    part = part[:, :, ::-1]
    points = tf.gather(part[..., 6:], SIDES_SWAPPED, axis=-1) * tf.constant([-1.0, 1.0] * 5) + tf.constant([1.0, 0.0] * 5)
    return tf.concat([part[..., :2], 1 - part[..., 2:3], part[..., 3:6], points], -1)


def copy_losses(maps: list[Any], advice: list[list[Any]], share: float) -> dict[str, Any]:
    """The parts of the loss, weighed, each divided by the scores of the cells that see a face.

    Args:
        maps: the network's, for strides 8, 16 and 32 (n, rows, columns, 16).
        advice: such maps of each adviser, of the same pictures, YuNet n first; at least two. Boxes and landmarks are those of the last one.
        share: of the first in the common opinion (the mean of the logits of cls and obj), 0 to 1; the others have equal parts of the rest.
    """
    cells, theirs = flatten(maps), [flatten(each) for each in advice]
    cls, obj = (tf.sigmoid(share * first + (1 - share) * tf.add_n(rest) / float(len(rest)))
                for first, *rest in ([each.cls for each in theirs], [each.obj for each in theirs]))
    score = tf.sqrt(cls * obj)
    seen = tf.maximum(score, tf.stop_gradient(cells.score))
    placed = tf.where(score > PLACED, score, 0.0)
    parts = {
        "cls": tf.reduce_sum(seen * bce(cells.cls, cls)),
        "obj": tf.reduce_sum((1 + SEEN_WORTH * seen) * bce(cells.obj, obj)),
        "box": tf.reduce_sum(placed * eiou_loss(cells.boxes, theirs[-1].boxes)),
        "points": tf.reduce_sum(placed * tf.reduce_sum(smooth_l1(cells.points - theirs[-1].points), -1)),
    }
    return {name: PARTS[name] * value / tf.maximum(tf.reduce_sum(placed), 1.0) for name, value in parts.items()}
