# SPDX-License-Identifier: Apache-2.0
"""Teachers: what three detectors find in the pictures at several sizes, merged and corrected by what people said.

The result for each picture is a table of faces to learn and of places to leave alone. Boxes follow YuNet's style for bare faces,
where it is at home: its own on those, people's on the others, moved by the median difference between the two on the bare faces
of the same batch of pictures. On masked faces YuNet's own boxes slip up, under caps and visors by half their height; so in a crop,
where nobody drew a box, they are put back by as much as they slip in the median. The landmarks are YuNet's.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.look import Box
from edge.whole import whole
from trainer.aizoo import Aizoo
from trainer.data.match import matches
from trainer.errors import TrainerError
from trainer.faces.detector import Detector, Found
from trainer.faces.labels import KINDS, XS, YS, Faces, Lesson, mirrored
from trainer.faces.pictures import Image, Picture, Pixels

FLOOR = 0.3
"""Least score of a teacher's box that is looked at."""
SURE = 0.8
"""A box that no person confirmed is a face from this score on, with three runs that agree; below it nobody knows. Not so in `THOROUGH` sources."""
DOUBT = 0.5
"""A box that no person confirmed is left alone from this score on, with two runs that agree; below it is background. Not so in `THOROUGH` sources."""
THOROUGH = ("webphotos",)
"""Sources whose people boxed every face that they could make out, as `unknown` where they could say no more. Whoever has no box there is
behind somebody or out of focus: a passer-by from `DOUBT` on, and left alone from `SURE` on."""
AGREED = 0.55
"""An unsure YuNet's box on a face that people boxed is believed only if it overlaps theirs so well: it errs in profiles."""
GREY = (114, 114, 114)


@dataclass(frozen=True, eq=False)
class Cluster:
    """One place where teachers agree that something is a face."""

    row: NDArray[np.float32]
    """Box and landmarks (14), the mean of the YuNets' boxes weighted by score; AIZOO's where no YuNet sees it."""
    score: float
    runs: int
    by_yunet: bool

    @property
    def box(self) -> Box:
        return Box(*(float(value) for value in self.row[:4]))


class Teachers:
    """The teachers, loaded."""

    def __init__(self, folder: Path) -> None:
        """Load the three files from the folder of weights. Raises ModelError if one is missing."""
        self._wide = Detector(folder / "yunet_n_640_640.onnx", FLOOR)
        self._narrow = Detector(folder / "face_detection_yunet_2023mar.onnx", FLOOR)
        self._aizoo = Aizoo(folder / "aizoo_face_mask_detection.tflite", FLOOR)

    def scene(self, image: Image) -> list[Cluster]:
        """Look at a scene at three sizes, and mirrored."""
        runs = [self._wide.detect(image, 640), _mirrored(image, lambda seen: self._wide.detect(seen, 640)),
                self._wide.detect(image, 960), self._wide.detect(image, 320), self._narrow.detect(image, 640)]
        return merge(runs, _as_found(self._aizoo, image))

    def crop(self, image: Image) -> list[Cluster]:
        """Look at a crop in the middle of a grey ground: the YuNets want some margin around a face."""
        runs: list[Found] = []
        for side, canvas in ((160, 256), (104, 160)):
            look = _on_grey(side, canvas, self._wide.detect)
            runs += [look(image), _mirrored(image, look)]
        runs.append(_on_grey(160, 256, self._narrow.detect)(image))
        nothing = np.zeros((0, 15), np.float32)
        missed = not any((found[:, 14] >= DOUBT).any() for found in runs)  # only then is the slowest of them asked
        return merge(runs, _on_grey(180, 260, lambda seen: _as_found(self._aizoo, seen))(image) if missed else nothing)


def _as_found(aizoo: Aizoo, image: Image) -> Found:
    boxes, scores = aizoo.find(image)
    found = np.full((len(boxes), 15), np.nan, np.float32)
    found[:, :4], found[:, 14] = boxes, scores.max(axis=1)
    return found


def _mirrored(image: Image, look: Callable[[Image], Found]) -> Found:
    return mirrored(look(np.ascontiguousarray(image[:, ::-1])), image.shape[1])


def _on_grey(side: int, canvas: int, look: Callable[[Image], Found]) -> Callable[[Image], Found]:
    def looked(image: Image) -> Found:
        scale = side / max(image.shape[:2])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        ground = np.full((canvas, canvas, 3), GREY, np.uint8)
        top, left = (canvas - small.shape[0]) // 2, (canvas - small.shape[1]) // 2
        ground[top:top + small.shape[0], left:left + small.shape[1]] = small
        found = look(ground)
        found[:, XS] -= left
        found[:, YS] -= top
        found[:, :14] /= scale
        return found
    return looked


def merge(yunets: Sequence[Found], aizoo: Found) -> list[Cluster]:
    """Join the boxes of all runs that overlap by half or so, best first."""
    rows = np.concatenate([*yunets, aizoo])
    run = np.repeat(np.arange(len(yunets) + 1), [len(found) for found in (*yunets, aizoo)])
    found: list[Cluster] = []
    left = list(np.argsort(-(rows[:, 14] - (run == len(yunets))), kind="stable"))  # AIZOO's come last
    while left:
        first = Box(*rows[left[0], :4])
        inside = [k for k in left if first.iou(Box(*rows[k, :4])) >= 0.45 or k == left[0]]
        left = [k for k in left if k not in inside]
        ours = [k for k in inside if run[k] < len(yunets)]
        used = ours or inside
        row = np.average(rows[used, :14], axis=0, weights=rows[used, 14] ** 2)
        found.append(Cluster(np.asarray(row, np.float32), float(rows[inside, 14].max()), len(set(run[inside])), bool(ours)))
    return found


Shift = tuple[float, float, float, float]
"""From one box to another: shift of the centre in widths and heights of the first, ratio of the widths, of the heights."""
AS_IT_IS: Shift = (0.0, 0.0, 1.0, 1.0)
Group = tuple[str, str]
"""Pictures of one source that the same people drew boxes in: source and group, of crops source and label."""


def shift_of(pairs: Sequence[tuple[Box, Box]]) -> Shift:
    """The median difference over pairs of boxes; none where there are too few."""
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
    """The faces of a scene: people decide what is one, and how its box lies unless it is bare. `style` leads from people's to YuNet's boxes."""
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
    """Whether a box says nothing that the known one does not say."""
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

    `usual` is where the faces of this source lie, in shares of the crop, if they lie much alike; `slip` puts YuNet's boxes on such
    faces back.
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
    """The median box (in shares of the crop), or None where half of the boxes differ much from it."""
    if len(boxes) < 20:
        return None
    middle = Box(*(float(value) for value in np.median(np.array(boxes), axis=0)))
    return middle if np.median([middle.iou(box) for box in boxes]) >= 0.6 else None


def look_at(pictures: Sequence[Picture], pixels: Pixels, folder: Path, teachers: Path) -> list[list[Cluster]]:
    """All teachers on all pictures; kept in a file of the cache, since it takes a quarter of an hour.

    A stop loses nothing: what is done is written every 500 pictures.

    Raises:
        TrainerError: that file is damaged.
    """
    path = folder / f"teachers-{pixels.key}.npz"
    done: list[NDArray[np.float32]] = []
    if path.is_file():
        try:
            with np.load(path) as saved:
                done = np.split(saved["rows"], saved["ends"])[:-1]
        except (zipfile.BadZipFile, EOFError, ValueError, KeyError) as error:
            raise TrainerError(f"{path}: damaged ({error}).", hint="Delete it: the teachers then look at the pictures anew.") from error
    if len(done) < len(pictures):
        asked = Teachers(teachers)
        for number in tqdm(range(len(done), len(pictures)), initial=len(done), total=len(pictures), desc="teachers", mininterval=5):
            crop = bool(pictures[number].label)
            clusters = (asked.crop if crop else asked.scene)(pixels[number])
            done.append(np.array([[*c.row, c.score, c.runs, c.by_yunet] for c in clusters], np.float32).reshape(-1, 17))
            if number % 500 == 499 or number == len(pictures) - 1:
                with whole(path) as part:
                    np.savez(part, rows=np.concatenate(done), ends=np.cumsum([len(rows) for rows in done]))
    return [[Cluster(row[:14], float(row[14]), int(row[15]), bool(row[16])) for row in rows] for rows in done]


def styles_of(pictures: Sequence[Picture], clusters: Sequence[Sequence[Cluster]]) -> tuple[dict[Group, Shift], dict[str, Shift]]:
    """From people's boxes in scenes to the style of YuNet's on bare faces, by batch; and from YuNet's on other faces to where they belong, by label."""
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
