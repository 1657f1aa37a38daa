# SPDX-License-Identifier: Apache-2.0
"""Targets: which cells should answer for which face, and what the answers are worth.

The losses are YuNet's own. Cells are assigned to faces by SimOTA (Ge et al. 2021, "YOLOX"): each face gets as many cells as its ten best
overlaps add up to, those that are cheapest by box and score. cls learns the overlap, obj whether a cell answers, the box EIoU
(Zhang et al. 2021), the landmarks smooth L1. Three things are added:

* Cells under faces to be left alone are taught nothing about obj.
* What advisers (other networks) say of the very same picture is imitated, see `opinion.py`.
* A cell that takes background for a face counts for more, the surer it is, and its cls is corrected too, which YuNet leaves untaught there.
  The score is the root of the product of the two, so cls becomes a second opinion on what fools obj.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from trainer.faces.cells import Cells, bce, eiou_loss, flatten, inside, overlap, smooth_l1
from trainer.faces.labels import Batch
from trainer.faces.opinion import imitation_loss, no_opinion, opinion_of, under_any

RADIUS = 2.5
"""Strides around a face's centre in which a cell may answer for it."""
BEST = 10
"""Overlaps that are added up to the number of cells which answer for a face, and so the most of them."""
FOOLED_WORTH = 2.0
"""Further weight of background, times its obj."""
BELIEVED_WORTH = 0.5
"""Weight of the box in a cell that an adviser believes in and SimOTA leaves out, times the adviser's score: it too may be found first."""
MASKED_WORTH = 1.5
"""Weight of the cells that answer for a face under a mask."""


def choose(cells: Cells, batch: Batch, in_box: Any) -> tuple[Any, Any]:
    """SimOTA: for each cell the number of the face that it answers for, (n, cells), and whether it answers at all.

    `in_box` is `inside` of these cells and boxes.
    """
    boxes = batch.boxes
    middle = (boxes[:, :, None, :2] + boxes[:, :, None, 2:]) / 2
    reach = RADIUS * cells.strides
    near = (tf.abs(cells.centres[:, 0] - middle[..., 0]) < reach) & (tf.abs(cells.centres[:, 1] - middle[..., 1]) < reach)
    iou = overlap(boxes[:, :, None], cells.boxes[:, None])
    allowed = (in_box | near) & (batch.learn[:, :, None] > 0)
    cost = -tf.math.log(cells.score[:, None] + 1e-8) - 3 * tf.math.log(iou + 1e-8) + tf.where(in_box & near, 0.0, 1e5)
    cost = tf.where(allowed, cost, 1e9)
    best = tf.math.top_k(tf.where(allowed, iou, 0.0), BEST).values
    count = tf.clip_by_value(tf.cast(tf.reduce_sum(best, -1), tf.int32), 1, BEST)
    cheapest = -tf.math.top_k(-cost, BEST).values
    limit = tf.gather(cheapest, count - 1, batch_dims=2)
    mine = (cost <= limit[..., None]) & (cost < 1e8)
    owner = tf.argmin(tf.where(mine, cost, 1e9), 1)
    return owner, tf.reduce_any(mine, 1)


def losses(maps: list[Any], advice: list[list[Any]], batch: Batch, believe: bool = False) -> dict[str, Any]:
    """The parts of the loss, each a number divided by the count of cells that answer.

    Args:
        maps: the network's, for strides 8, 16 and 32 (n, rows, columns, 16).
        advice: such maps of each adviser, for the same pictures. Empty: nothing is imitated.
        batch: the faces.
        believe: True: advice takes the labels' place in cells that answer for no face and where the advisers are right (see `Opinion`).
            False: advice is imitated beside the labels (see `imitation_loss`).
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
    # A cell whose middle lies in a box to be left alone, and that answers for nobody, says nothing about obj.
    alone = tf.reduce_any(in_box & (batch.alone[:, :, None] > 0), 1)
    fooled = tf.sigmoid(stopped.obj)
    labelled = tf.cast(~alone & ~opinion.faces & ~opinion.ground, tf.float32)
    heard = tf.where(answers, more, labelled * (1 + FOOLED_WORTH * fooled))
    empty = tf.cast(~under_any(batch, in_box) & ~answers & ~opinion.ground, tf.float32)
    relative = (points - tf.tile(cells.corners, (1, 5))) / cells.strides[:, None]
    parts = {
        "cls": tf.reduce_sum(yes * more * bce(cells.cls, iou)) + tf.reduce_sum(empty * fooled * bce(cells.cls, 0.0 * iou)),
        "obj": tf.reduce_sum(heard * bce(cells.obj, yes)),
        "box": 5 * tf.reduce_sum((yes + BELIEVED_WORTH * believed) * more * eiou_loss(cells.boxes, boxes)),
        "points": 0.1 * tf.reduce_sum((yes + BELIEVED_WORTH * believed) * known * tf.reduce_sum(smooth_l1(cells.points - relative), -1)),
    }
    if advice and not believe:
        parts["imitate"] = imitation_loss(cells, [flatten(their) for their in advice], batch, in_box)
    elif advice:
        ground = tf.cast(opinion.ground, tf.float32)
        weight = tf.where(opinion.faces, more, ground * (1 + FOOLED_WORTH * fooled))
        parts["imitate"] = tf.reduce_sum(weight * (bce(cells.obj, opinion.obj) + tf.maximum(score, ground * fooled) * bce(cells.cls, opinion.cls)))
    return {name: value / count for name, value in parts.items()}
