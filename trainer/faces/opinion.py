# SPDX-License-Identifier: Apache-2.0
"""Opinion: what advisers (other networks) say of the very same picture, and where they are to be believed."""

from __future__ import annotations

from functools import reduce
from typing import Any, NamedTuple

import tensorflow as tf

from trainer.faces.cells import Cells, bce, overlap
from trainer.faces.labels import Batch

SEEN = 0.5
"""Score from which an adviser sees a face."""
ON_IT = 0.6
"""Overlap of an adviser's box with the true one from which it sees the face where it is: in profiles and under caps boxes slip up and back."""
NO_WORD = -1e4
"""Logit of an adviser who is not asked."""


class Opinion(NamedTuple):
    """What the advisers say together of each cell, and where they are to be believed. All parts are (n, cells).

    In cells under a face, it is the highest cls and the highest obj among the advisers that see the face where it is. On the ground, where
    no adviser sees a face, it is the mean of their logits. In all other cells they err, and only people's boxes teach.
    """

    cls: Any
    """0 to 1."""
    obj: Any
    """0 to 1."""
    faces: Any
    """True under faces that at least one adviser sees where they are."""
    ground: Any
    """True where there is no face and they see none."""
    owner: Any
    """Number of the face that a cell of `faces` is under."""


def under_any(batch: Batch, in_box: Any) -> Any:
    """(n, cells): whether a cell lies under a face, be it to learn or to be left alone."""
    return tf.reduce_any(in_box & (batch.learn + batch.alone > 0)[:, :, None], 1)


def opinion_of(advisers: list[Cells], batch: Batch, in_box: Any) -> Opinion:
    """The advisers' opinion. `in_box` is `inside` of the cells and the boxes, (n, faces, cells)."""
    under = in_box & (batch.learn > 0)[:, :, None]
    seen_by = []
    for adviser in advisers:
        score = adviser.score[:, None]
        on_it = under & (overlap(batch.boxes[:, :, None], adviser.boxes[:, None]) > ON_IT)
        right = tf.reduce_max(tf.where(on_it, score, 0.0), -1)
        # A box beside the face that is surer than any on it is what this adviser would find.
        seen_by.append((right > SEEN) & (right >= tf.reduce_max(tf.where(under, score, 0.0), -1)))
    # A cell under two faces, one of them not seen, is left to the labels.
    unseen = tf.reduce_any(under & ~reduce(tf.logical_or, seen_by)[..., None], 1)
    trusted = [tf.reduce_any(under & seen[..., None], 1) & ~unseen for seen in seen_by]
    faces = reduce(tf.logical_or, trusted)

    def together(logits: list[Any]) -> Any:
        surest = reduce(tf.maximum, (tf.where(trust, logit, NO_WORD) for trust, logit in zip(trusted, logits, strict=True)))
        return tf.sigmoid(tf.where(faces, surest, tf.add_n(logits) / float(len(logits))))

    cls, obj = together([adviser.cls for adviser in advisers]), together([adviser.obj for adviser in advisers])
    ground = ~under_any(batch, in_box) & (tf.sqrt(cls * obj) < SEEN)
    return Opinion(cls, obj, faces, ground, tf.argmax(tf.where(under, 1.0, 0.0), 1))


def no_opinion(cells: Cells) -> Opinion:
    """The opinion where nobody is asked: believed nowhere, so that the labels alone teach."""
    nothing = tf.zeros_like(cells.cls)
    return Opinion(nothing, nothing, nothing > 0, nothing > 0, tf.zeros(tf.shape(nothing), tf.int64))


def imitation_loss(cells: Cells, advisers: list[Cells], batch: Batch, in_box: Any) -> Any:
    """Cross entropy between a network's cls and obj and the mean of the advisers' logits, summed over the cells under faces that they see and
    over the ground where they see none. What they mistake is left to people's boxes. `in_box` is (n, faces, cells).

    The box that must lie on the face is the first adviser's.
    """
    cls, obj = (tf.sigmoid(tf.add_n(list(logits)) / float(len(advisers))) for logits in zip(*((each.cls, each.obj) for each in advisers), strict=True))
    score = tf.sqrt(cls * obj)
    under = in_box & (batch.learn > 0)[:, :, None]
    on_it = overlap(batch.boxes[:, :, None], advisers[0].boxes[:, None]) > ON_IT
    seen = tf.reduce_max(tf.where(under & on_it, score[:, None], 0.0), -1) > SEEN
    faces = tf.reduce_any(under & seen[..., None], 1) & ~tf.reduce_any(under & ~seen[..., None], 1)
    ground = ~under_any(batch, in_box) & (score < SEEN)
    where = tf.cast(faces | ground, tf.float32)
    return tf.reduce_sum(where * (bce(cells.obj, obj) + score * bce(cells.cls, cls)))
