# SPDX-License-Identifier: Apache-2.0
"""Targets: which cells should answer for which face, and what the answers are worth.

YuNet's own losses: cells are assigned by SimOTA (Ge et al. 2021, "YOLOX"), each face getting as many as its best ten
overlaps add up to, the cheapest by box and score; cls learns the overlap, obj whether a cell answers, the box EIoU
(Zhang et al. 2021), landmarks smooth L1. Three things are added. Cells under faces to be left alone say nothing about obj.
What advisers (other networks) say of the very same picture is imitated, cell by cell: cls and obj where they see a face that is one,
and on the ground where they see none; with `believe` it takes the labels' place in all cells but those that answer (see `Opinion`).
And a cell that takes background for a face counts for more, the surer it is, and has its cls corrected too, which YuNet leaves
untaught there: the score is the root of the product, so cls becomes a second opinion on what fools obj.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, NamedTuple

import tensorflow as tf

from trainer.faces.network import decode
from trainer.faces.plan import STRIDES

RADIUS = 2.5
"""Strides around a face's centre in which a cell may answer for it."""
BEST = 10
FOOLED_WORTH = 2.0
"""Further weight of background, times its obj."""
SEEN = 0.5
"""Score from which an adviser sees a face."""
ON_IT = 0.6
"""Overlap of an adviser's box with the true one from which it sees the face where it is: in profiles and under caps boxes slip up and back."""
NO_WORD = -1e4
"""Logit of an adviser who is not asked."""
BELIEVED_WORTH = 0.5
"""Weight of the box in a cell that an adviser believes in and SimOTA leaves out, times the adviser's score: it too may be found first."""
MASKED_WORTH = 1.5
"""Weight of the cells that answer for a face under a mask."""


class Batch(NamedTuple):
    """Scenes with their faces, padded to the same number."""

    pictures: Any
    """uint8 (n, side, side, 3), BGR."""
    boxes: Any
    """float32 (n, faces, 4): left, top, right, bottom."""
    points: Any
    """float32 (n, faces, 10); zero where not known."""
    learn: Any
    """float32 (n, faces): 1 learn, 0 leave alone or padding."""
    alone: Any
    """float32 (n, faces): 1 leave alone."""
    known: Any
    """float32 (n, faces): 1 where the landmarks are known."""
    masked: Any
    """float32 (n, faces): 1 under a mask, as labelled (rendered masks are not marked)."""


class Cells(NamedTuple):
    """What a network says, all strides in one row."""

    cls: Any
    obj: Any
    boxes: Any
    points: Any
    centres: Any
    """(cells, 2): middle of each cell in pixels."""
    corners: Any
    """(cells, 2): where its answers are counted from."""
    strides: Any


def flatten(maps: list[Any]) -> Cells:
    """Join the three maps; logits stay logits, boxes become pixels."""
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


def choose(cells: Cells, batch: Batch, in_box: Any) -> tuple[Any, Any]:
    """SimOTA: for each cell the number of the face it answers for (n, cells), and whether it answers at all.

    `in_box` is what `inside` says of these cells and boxes.
    """
    boxes = batch.boxes
    middle = (boxes[:, :, None, :2] + boxes[:, :, None, 2:]) / 2
    reach = RADIUS * cells.strides
    near = (tf.abs(cells.centres[:, 0] - middle[..., 0]) < reach) & (tf.abs(cells.centres[:, 1] - middle[..., 1]) < reach)
    iou = overlap(boxes[:, :, None], cells.boxes[:, None])
    allowed = (in_box | near) & (batch.learn[:, :, None] > 0)
    says_face = tf.sqrt(tf.sigmoid(cells.cls) * tf.sigmoid(cells.obj))[:, None]
    cost = -tf.math.log(says_face + 1e-8) - 3 * tf.math.log(iou + 1e-8) + tf.where(in_box & near, 0.0, 1e5)
    cost = tf.where(allowed, cost, 1e9)
    best = tf.math.top_k(tf.where(allowed, iou, 0.0), BEST).values
    count = tf.clip_by_value(tf.cast(tf.reduce_sum(best, -1), tf.int32), 1, BEST)
    cheapest = -tf.math.top_k(-cost, BEST).values
    limit = tf.gather(cheapest, count - 1, batch_dims=2)
    mine = (cost <= limit[..., None]) & (cost < 1e8)
    owner = tf.argmin(tf.where(mine, cost, 1e9), 1)
    return owner, tf.reduce_any(mine, 1)


def eiou_loss(found: Any, true: Any) -> Any:
    """1 - IoU, plus how far the centres, the widths and the heights are apart, as shares of the box around both."""
    around = tf.maximum(tf.maximum(found[..., 2:], true[..., 2:]) - tf.minimum(found[..., :2], true[..., :2]), 1e-3)
    centres = (found[..., :2] + found[..., 2:] - true[..., :2] - true[..., 2:]) / 2
    sizes = (found[..., 2:] - found[..., :2]) - (true[..., 2:] - true[..., :2])
    distance = tf.reduce_sum(centres**2, -1) / tf.reduce_sum(around**2, -1)
    return 1 - overlap(found, true) + distance + tf.reduce_sum((sizes / around) ** 2, -1)


def bce(logits: Any, targets: Any) -> Any:
    return tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=targets)


class Opinion(NamedTuple):
    """What the advisers say of each cell, (n, cells), and where they are to be believed.

    Under a face it is, cell by cell, the highest cls and the highest obj of those who see it where it is; on the ground, where they see none,
    the mean of their logits. Elsewhere they err, and people's boxes alone teach.
    """

    cls: Any
    """0 to 1, as obj."""
    obj: Any
    faces: Any
    """True under faces that one of them sees where they are."""
    ground: Any
    """True on the ground that does not fool them."""
    owner: Any
    """Number of the face that a cell of `faces` is under."""


def opinion_of(advisers: list[Cells], batch: Batch, in_box: Any) -> Opinion:
    """The advisers' opinion. `in_box` is what `inside` says of the cells and the boxes, (n, faces, cells)."""
    under = in_box & (batch.learn > 0)[:, :, None]
    seen_by = []
    for adviser in advisers:
        score = tf.sqrt(tf.sigmoid(adviser.cls) * tf.sigmoid(adviser.obj))[:, None]
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
    ground = ~tf.reduce_any(in_box & (batch.learn + batch.alone > 0)[:, :, None], 1) & (tf.sqrt(cls * obj) < SEEN)
    return Opinion(cls, obj, faces, ground, tf.argmax(tf.where(under, 1.0, 0.0), 1))


def no_opinion(cells: Cells) -> Opinion:
    """Where nobody is asked: the labels teach alone."""
    nothing = tf.zeros_like(cells.cls)
    return Opinion(nothing, nothing, nothing > 0, nothing > 0, tf.zeros(tf.shape(nothing), tf.int64))


def losses(maps: list[Any], advice: list[list[Any]], batch: Batch, believe: bool = False) -> dict[str, Any]:
    """The parts of the loss, each a number divided by the cells that answer.

    Args:
        maps: the network's, for strides 8, 16 and 32 (n, rows, columns, 16).
        advice: such maps of each adviser, of the same pictures. None: nothing is imitated.
        batch: the faces.
        believe: whether advice takes the labels' place where it is right and no cell answers, or is imitated beside them. Beside them, it is the first
            adviser whose boxes must lie on the faces.
    """
    cells = flatten(maps)
    stopped = Cells(*(tf.stop_gradient(part) for part in cells))
    in_box = inside(cells, batch.boxes)
    owner, answers = choose(stopped, batch, in_box)
    opinion = opinion_of([flatten(their) for their in advice], batch, in_box) if advice and believe else no_opinion(cells)
    score = tf.sqrt(opinion.cls * opinion.obj)
    believed = tf.where(opinion.faces & ~answers, score, 0.0)
    owner = tf.where(answers | ~opinion.faces, owner, opinion.owner)
    yes = tf.cast(answers, tf.float32)
    count = tf.maximum(tf.reduce_sum(yes), 1.0)
    boxes, points = (tf.gather(part, owner, batch_dims=1) for part in (batch.boxes, batch.points))
    known, masked = (tf.gather(part, owner, batch_dims=1) for part in (batch.known, batch.masked))
    more = 1 + (MASKED_WORTH - 1) * masked
    iou = overlap(stopped.boxes, boxes)
    # Leave alone: the middle of a cell lies in such a box, and the cell answers for nobody else.
    alone = tf.reduce_any(in_box & (batch.alone[:, :, None] > 0), 1)
    fooled = tf.sigmoid(stopped.obj)
    labelled = tf.cast(~alone & ~opinion.faces & ~opinion.ground, tf.float32)
    heard = tf.where(answers, more, labelled * (1 + FOOLED_WORTH * fooled))
    empty = tf.cast(~tf.reduce_any(in_box & (batch.learn + batch.alone > 0)[:, :, None], 1) & ~answers & ~opinion.ground, tf.float32)
    relative = (points - tf.tile(cells.corners, (1, 5))) / cells.strides[:, None]
    miss = tf.abs(cells.points - relative)
    smooth = tf.where(miss < 1 / 9, miss**2 * 4.5, miss - 1 / 18)
    parts = {
        "cls": tf.reduce_sum(yes * more * bce(cells.cls, iou)) + tf.reduce_sum(empty * fooled * bce(cells.cls, 0.0 * iou)),
        "obj": tf.reduce_sum(heard * bce(cells.obj, yes)),
        "box": 5 * tf.reduce_sum((yes + BELIEVED_WORTH * believed) * more * eiou_loss(cells.boxes, boxes)),
        "points": 0.1 * tf.reduce_sum((yes + BELIEVED_WORTH * believed) * known * tf.reduce_sum(smooth, -1)),
    }
    if advice and not believe:
        parts["imitate"] = _imitation(cells, [flatten(their) for their in advice], batch, in_box)
    if advice and believe:
        ground = tf.cast(opinion.ground, tf.float32)
        weight = tf.where(opinion.faces, more, ground * (1 + FOOLED_WORTH * fooled))
        parts["imitate"] = tf.reduce_sum(weight * (bce(cells.obj, opinion.obj) + tf.maximum(score, ground * fooled) * bce(cells.cls, opinion.cls)))
    return {name: value / count for name, value in parts.items()}


def _imitation(cells: Cells, teachers: list[Cells], batch: Batch, in_box: Any) -> Any:
    """Cross entropy to cls and obj of the teachers, as the mean of their logits: under the faces that they see and on the ground
    that does not fool them. What they mistake, people's boxes alone teach. `in_box` is (n, faces, cells).
    """
    cls, obj = (tf.sigmoid(tf.add_n(list(logits)) / float(len(teachers))) for logits in zip(*((t.cls, t.obj) for t in teachers), strict=True))
    score = tf.sqrt(cls * obj)
    under = in_box & (batch.learn > 0)[:, :, None]
    on_it = overlap(batch.boxes[:, :, None], teachers[0].boxes[:, None]) > ON_IT
    seen = tf.reduce_max(tf.where(under & on_it, score[:, None], 0.0), -1) > SEEN
    faces = tf.reduce_any(under & seen[..., None], 1) & ~tf.reduce_any(under & ~seen[..., None], 1)
    ground = ~tf.reduce_any(in_box & (batch.learn + batch.alone > 0)[:, :, None], 1) & (score < SEEN)
    where = tf.cast(faces | ground, tf.float32)
    return tf.reduce_sum(where * (bce(cells.obj, obj) + score * bce(cells.cls, cls)))
