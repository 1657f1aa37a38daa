# SPDX-License-Identifier: Apache-2.0
"""Labelling: the table of each picture's faces, made of what teachers found in it and of what people said about it.

People decide what is a face. How its box lies follows YuNet's habit on bare faces, where YuNet is at home:

* A bare face has YuNet's own box. A face that people boxed and YuNet did not, or under a mask, has people's box, moved by the median
  difference between the two on the bare faces of the same group of pictures (its `style`).
* On masked faces YuNet's own boxes lie too high, under caps and visors by half their height. In a crop, where nobody drew a box, they are
  put back by the median of that (the `slip`).

Landmarks are always YuNet's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.look import Box
from trainer.data.match import matches
from trainer.faces.labels import KINDS, Faces, Lesson
from trainer.faces.pictures import Image, Picture, Pixels
from trainer.faces.teachers import DOUBT, Cluster

SURE = 0.8
"""Score from which three runs that agree on a box which no person drew have found a face. Not so in `THOROUGH` sources."""
THOROUGH = ("webphotos",)
"""Sources in which people boxed every face that they could make out, as `unknown` where they could say no more. Who has no box there stands
behind somebody or is out of focus: a passer-by from a score of `DOUBT` on, and left alone from `SURE` on."""
AGREED = 0.55
"""Overlap with people's box from which an unsure YuNet's box on the same face is believed: in profiles it errs."""

Shift = tuple[float, float, float, float]
"""From one box to another: shift of the centre in widths and heights of the first, ratio of the widths, of the heights."""
AS_IT_IS: Shift = (0.0, 0.0, 1.0, 1.0)
Group = tuple[str, str]
"""Pictures that are alike in how their boxes lie: the source, and in it the group (of scenes) or the label (of crops)."""


def shift_of(pairs: Sequence[tuple[Box, Box]]) -> Shift:
    """The median over pairs of boxes of what leads from the first to the second; `AS_IT_IS` where there are too few."""
    if len(pairs) < 8:
        return AS_IT_IS
    rows = [((b.centre[0] - a.centre[0]) / a.w, (b.centre[1] - a.centre[1]) / a.h, b.w / a.w, b.h / a.h) for a, b in pairs]
    first, second, third, fourth = (float(value) for value in np.median(rows, axis=0))
    return first, second, third, fourth


def _moved(box: Box, shift: Shift) -> Box:
    """Where a box lies after such a change."""
    (x, y), w, h = box.centre, box.w * shift[2], box.h * shift[3]
    return Box(x + shift[0] * box.w - w / 2, y + shift[1] * box.h - h / 2, w, h)


def _row(box: NDArray[np.float32] | tuple[float, ...], points: NDArray[np.float32] | None, lesson: Lesson, label: str) -> NDArray[np.float32]:
    """A row of the table; `points` are 10 numbers, None where they are not known."""
    landmarks = np.full(10, np.nan, np.float32) if points is None else points
    return np.concatenate([np.asarray(box[:4], np.float32), landmarks, np.array([lesson, KINDS.index(label)], np.float32)])


def pair(picture: Picture, clusters: Sequence[Cluster]) -> list[Cluster | None]:
    """For each true box its cluster, largest overlap first, each used once."""
    options = sorted(((cluster.box.iou(truth.box), t, c) for t, truth in enumerate(picture.truths) for c, cluster in enumerate(clusters)
                      if matches(cluster.box, truth.box)), reverse=True)
    chosen: dict[int, int] = {}
    for _, t, c in options:
        if t not in chosen and c not in chosen.values():
            chosen[t] = c
    return [clusters[chosen[t]] if t in chosen else None for t in range(len(picture.truths))]


def scene_faces(picture: Picture, clusters: Sequence[Cluster], style: Shift) -> Faces:
    """The faces of a scene. `style` leads from people's boxes to YuNet's."""
    rows, used = [], []
    for truth, cluster in zip(picture.truths, pair(picture, clusters), strict=True):
        drawn = _moved(truth.box, style)
        is_face = truth.label != "unknown" or (cluster is not None and cluster.by_yunet and cluster.score >= SURE)
        lesson = Lesson.FACE if is_face else Lesson.NOTHING
        if cluster is not None:
            used.append(cluster)
        if cluster is not None and cluster.by_yunet and (cluster.score >= SURE or cluster.box.iou(drawn) >= AGREED):
            believed = truth.label == "unknown" or (truth.label == "no_mask" and cluster.box.iou(drawn) >= AGREED)
            rows.append(_row(cluster.box if believed else drawn, cluster.row[4:], lesson, truth.label))
            continue
        rows.append(_row(drawn, None, lesson, truth.label))
    known = [cluster.box for cluster in used] + [truth.box for truth in picture.truths]
    for cluster in clusters:
        if cluster in used or any(same_place(cluster.box, box) for box in known):
            continue  # a second box on a known face says nothing new
        thorough = picture.source in THOROUGH
        if cluster.score >= SURE and cluster.runs >= 3 and cluster.by_yunet:
            rows.append(_row(cluster.row, cluster.row[4:], Lesson.NOTHING if thorough else Lesson.FACE, "unknown"))
        elif cluster.score >= DOUBT and cluster.runs >= 2:
            rows.append(_row(cluster.row, None, Lesson.PASSER_BY if thorough else Lesson.NOTHING, "unknown"))
        else:
            rows.append(_row(cluster.row, None, Lesson.BACKGROUND, "unknown"))
    return np.stack(rows) if rows else np.zeros((0, 16), np.float32)


def same_place(box: Box, known: Box) -> bool:
    """Whether a box shows the same thing as a known one."""
    x, y = box.centre
    return box.iou(known) >= 0.3 or (known.x <= x <= known.x + known.w and known.y <= y <= known.y + known.h)


def main_face(image: Image, clusters: Sequence[Cluster]) -> Cluster | None:
    """A crop's own face: the largest sure one near the middle; AIZOO's word counts where no YuNet sees any."""
    height, width = image.shape[:2]
    near = [cluster for cluster in clusters if cluster.score >= DOUBT and cluster.box.h > 0.25 * height
            and abs(cluster.box.centre[0] - width / 2) < 0.3 * width and abs(cluster.box.centre[1] - height / 2) < 0.3 * height]
    return max(near, key=lambda cluster: cluster.box.area * cluster.score, default=None)


def crop_faces(picture: Picture, image: Image, clusters: Sequence[Cluster], usual: Box | None, slip: Shift) -> Faces | None:
    """The faces of a crop, or None where its own face is not found and cannot be guessed.

    Args:
        usual: where faces lie in crops of this source and label, in shares of the crop; None where they lie anywhere.
        slip: puts YuNet's boxes on faces of this label back.
    """
    rows = []
    height, width = image.shape[:2]
    if picture.label != "not_face":
        own = main_face(image, clusters)
        if own is not None:
            rows.append(_row(_moved(own.box, slip) if own.by_yunet else own.box, own.row[4:] if own.by_yunet else None, Lesson.FACE, picture.label))
        elif usual is not None:
            guessed = Box(usual.x * width, usual.y * height, usual.w * width, usual.h * height)
            rows.append(_row(_moved(guessed, slip), None, Lesson.FACE, picture.label))
        else:
            return None
        main = Box(*rows[0][:4])
        rows += [_row(cluster.row, None, Lesson.NOTHING, "unknown") for cluster in clusters
                 if cluster is not own and cluster.score >= DOUBT and cluster.runs >= 2 and not same_place(cluster.box, main)]
    return np.stack(rows) if rows else np.zeros((0, 16), np.float32)


def usual_box(boxes: Sequence[Box]) -> Box | None:
    """The median of boxes, all in shares of their crop; None where they are few, or half of them differ much from it."""
    if len(boxes) < 20:
        return None
    middle = Box(*(float(value) for value in np.median(np.array(boxes), axis=0)))
    return middle if np.median([middle.iou(box) for box in boxes]) >= 0.6 else None


def styles_of(pictures: Sequence[Picture], clusters: Sequence[Sequence[Cluster]]) -> tuple[dict[Group, Shift], dict[str, Shift]]:
    """What moves boxes, read from the scenes.

    Returns:
        styles: for each group of scenes, from people's boxes to YuNet's on bare faces.
        slips: for the labels `mask` and `incorrect`, from where YuNet's boxes lie to where those of bare faces would.
    """
    pairs: dict[Group, dict[str, list[tuple[Box, Box]]]] = {}
    for picture, seen in zip(pictures, clusters, strict=True):
        for truth, cluster in zip(picture.truths, pair(picture, seen), strict=True):
            if cluster is not None and cluster.by_yunet and truth.label != "unknown":
                pairs.setdefault((picture.source, picture.group), {}).setdefault(truth.label, []).append((truth.box, cluster.box))
    styles = {group: shift_of(by_label.get("no_mask", [])) for group, by_label in pairs.items()}
    slips = {label: shift_of([(theirs, _moved(drawn, styles[group])) for group, by_label in pairs.items() for drawn, theirs in by_label.get(label, [])])
             for label in ("mask", "incorrect")}
    return styles, slips


def label_scenes(pictures: Sequence[Picture], clusters: Sequence[Sequence[Cluster]], styles: dict[Group, Shift]) -> list[Faces]:
    """The table of faces of each scene."""
    return [scene_faces(picture, seen, styles.get((picture.source, picture.group), AS_IT_IS)) for picture, seen in zip(pictures, clusters, strict=True)]


def label_crops(pictures: Sequence[Picture], pixels: Pixels, clusters: Sequence[Sequence[Cluster]], slips: dict[str, Shift]) -> list[Faces | None]:
    """The table of faces of each crop; None for one whose face nobody can place."""
    boxes: dict[Group, list[Box]] = {}
    for picture, image, seen in zip(pictures, pixels, clusters, strict=True):
        if (own := main_face(image, seen)) is not None and own.by_yunet:
            x, y, w, h = own.box
            boxes.setdefault((picture.source, picture.label), []).append(
                Box(x / image.shape[1], y / image.shape[0], w / image.shape[1], h / image.shape[0]))
    usual = {key: usual_box(values) for key, values in boxes.items()}
    return [crop_faces(picture, image, seen, usual.get((picture.source, picture.label)), slips.get(picture.label, AS_IT_IS))
            for picture, image, seen in zip(pictures, pixels, clusters, strict=True)]
