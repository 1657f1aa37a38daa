# SPDX-License-Identifier: Apache-2.0
"""Teachers: what three detectors find in the pictures at several sizes, merged into places. `labelling.py` makes tables of faces of them."""

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
from trainer.errors import TrainerError
from trainer.faces.detector import Detector, Found
from trainer.faces.labels import XS, YS, mirrored
from trainer.faces.pictures import Image, Picture, Pixels

FLOOR = 0.3
"""Least score of a teacher's box that is looked at."""
DOUBT = 0.5
"""Score from which the teachers may be right about a face that no person boxed: where two runs or more agree, the place is left alone, and
below it is background."""
GREY = (114, 114, 114)


@dataclass(frozen=True, eq=False)
class Cluster:
    """One place where teachers agree that something is a face."""

    row: NDArray[np.float32]
    """Box and landmarks (14 numbers): the mean over the YuNets, weighted by the squares of their scores; AIZOO's where no YuNet sees it."""
    score: float
    """The highest, AIZOO's included."""
    runs: int
    """How many looks at the picture found it."""
    by_yunet: bool
    """Whether a YuNet was among those. AIZOO gives no landmarks."""

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
        seen = any((found[:, 14] >= DOUBT).any() for found in runs)
        # The slowest teacher is asked only where the others saw nothing.
        return merge(runs, nothing if seen else _on_grey(180, 260, lambda part: _as_found(self._aizoo, part))(image))


def _as_found(aizoo: Aizoo, image: Image) -> Found:
    """What AIZOO finds, as the YuNets tell it; without landmarks."""
    boxes, scores = aizoo.find(image)
    found = np.full((len(boxes), 15), np.nan, np.float32)
    found[:, :4], found[:, 14] = boxes, scores.max(axis=1)
    return found


def _mirrored(image: Image, look: Callable[[Image], Found]) -> Found:
    """What a look at the mirrored picture finds, in pixels of the picture itself."""
    return mirrored(look(np.ascontiguousarray(image[:, ::-1])), image.shape[1])


def _on_grey(side: int, canvas: int, look: Callable[[Image], Found]) -> Callable[[Image], Found]:
    """`look`, but at the picture with a long side of `side` px in the middle of a grey square of `canvas` px; found in the picture's own pixels."""
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
    # Of each row the number of its run; AIZOO's is the last.
    run = np.repeat(np.arange(len(yunets) + 1), [len(found) for found in (*yunets, aizoo)])
    found: list[Cluster] = []
    # By score, all of AIZOO's boxes after the YuNets'.
    left = list(np.argsort(-(rows[:, 14] - (run == len(yunets))), kind="stable"))
    while left:
        first = Box(*rows[left[0], :4])
        inside = [k for k in left if first.iou(Box(*rows[k, :4])) >= 0.45 or k == left[0]]
        left = [k for k in left if k not in inside]
        ours = [k for k in inside if run[k] < len(yunets)]
        used = ours or inside
        row = np.average(rows[used, :14], axis=0, weights=rows[used, 14] ** 2)
        found.append(Cluster(np.asarray(row, np.float32), float(rows[inside, 14].max()), len(set(run[inside])), bool(ours)))
    return found


def look_at(pictures: Sequence[Picture], pixels: Pixels, folder: Path, teachers: Path) -> list[list[Cluster]]:
    """All teachers on all pictures; kept in a file of the cache, since it takes five to ten minutes.

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
