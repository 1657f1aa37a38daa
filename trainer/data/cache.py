# SPDX-License-Identifier: Apache-2.0
"""Cache: every face of a manifest once, cut with room around it, as one array on disk.

A row is a square of `SIDE_PX`, cut by the unit's own `crop_face` with a margin of `CONTEXT`, so the face spans half of
it and the augmentation can move, turn and widen the crop over real surroundings. Decoding and finding faces takes ten
minutes; after that a training only reads memory.
"""

from __future__ import annotations

import csv
import hashlib
import json
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.look import Box, Face
from edge.vision.crop import crop_face
from trainer.data.find import Finder, fit
from trainer.data.labels import NOT_FACE, UNKNOWN
from trainer.data.manifest import Sample, inside
from trainer.data.readers import read_picture
from trainer.errors import TrainerError

SIDE_PX = 224
CONTEXT = 0.5
"""Margin of a cached square, as a share of the face's longer side; the face spans 1 / (1 + 2 CONTEXT) of it."""
FACE_SHARE = 1 / (1 + 2 * CONTEXT)
FACE = Box(SIDE_PX * (1 - FACE_SHARE) / 2, SIDE_PX * (1 - FACE_SHARE) / 2, SIDE_PX * FACE_SHARE, SIDE_PX * FACE_SHARE)
"""Where the face lies in a cached square; the model's own crop of the square is the one that the unit would cut."""
MIN_FACE_PX = 18.0
"""Faces whose shorter side is less are left out of training: there is nothing to see."""
VERSION = 3
"""Raised when a row's meaning changes, so that an older cache is not read."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is known of one cached face."""

    path: str
    label: str
    source: str
    group: str
    split: str
    found: bool
    """Whether the detector found it; otherwise the labelled box or the whole picture stands for it."""
    face_px: float
    """Longer side of the face in pixels of its picture."""
    landmarks: tuple[float, ...]
    """Five points (x, y) in pixels of the cached square, in `Face.landmarks`' order; empty when not found."""


@dataclass(frozen=True)
class Faces:
    """The cached faces: `pictures` is `uint8` BGR (n, SIDE_PX, SIDE_PX, 3), memory-mapped."""

    pictures: NDArray[np.uint8]
    rows: list[Row]


def open_cache(samples: Sequence[Sample], data: Path, detector: Path, folder: Path, workers: int = 2) -> Faces:
    """The cache of these samples, made if it is not there yet.

    Raises:
        TrainerError: a picture is missing or unreadable, or a box lies outside its picture.
    """
    wanted = [s for s in samples if s.label != UNKNOWN
              and (s.box is None or min(s.box.w, s.box.h) >= MIN_FACE_PX)]
    home = folder / _key(wanted, detector)
    if not (home / "rows.csv").is_file():
        _make(wanted, data, detector, home, workers)
    pictures = np.load(home / "faces.npy", mmap_mode="r")
    with (home / "rows.csv").open(newline="", encoding="utf-8") as file:
        rows = [_row(fields) for fields in csv.DictReader(file)]
    if len(rows) != len(pictures):
        raise TrainerError(f"Cache {home}: {len(pictures)} pictures but {len(rows)} rows.", hint=f"Delete {home} and start again.")
    return Faces(pictures, rows)


def _key(samples: Sequence[Sample], detector: Path) -> str:
    content = hashlib.sha256(f"{VERSION} {SIDE_PX} {CONTEXT}".encode())
    content.update(detector.read_bytes() if detector.is_file() else b"")
    for s in samples:
        content.update(repr(s).encode())
    return content.hexdigest()[:16]


def _make(samples: Sequence[Sample], data: Path, detector: Path, home: Path, workers: int) -> None:
    home.mkdir(parents=True, exist_ok=True)
    if not detector.is_file():
        raise TrainerError(f"Face detector {detector}: no such file.", hint="The recipe names it: [data] detector.")
    by_path: dict[str, list[Sample]] = {}
    for s in samples:
        by_path.setdefault(s.path, []).append(s)
    jobs = [(path, group, data, detector) for path, group in by_path.items()]
    part = home / "faces.npy.part"
    pictures = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=(len(samples), SIDE_PX, SIDE_PX, 3))
    rows: list[Row] = []
    # Started afresh, not forked: a child of a process in which OpenCV or TensorFlow has threads waits for ever for a lock
    # that one of them held.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in tqdm(pool.map(_cut, jobs, chunksize=16), total=len(jobs), desc="faces", unit="picture"):
            for picture, row in done:
                pictures[len(rows)] = picture
                rows.append(row)
    pictures.flush()
    part.replace(home / "faces.npy")
    with (home / "rows.csv.part").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Row.__dataclass_fields__)
        for row in rows:
            writer.writerow([row.path, row.label, row.source, row.group, row.split, int(row.found), f"{row.face_px:.1f}",
                             json.dumps([round(v, 1) for v in row.landmarks])])
    (home / "rows.csv.part").replace(home / "rows.csv")  # last: its presence says that the cache is whole


_FINDERS: dict[tuple[int, Path], Finder] = {}
"""One detector a worker process, made at its first picture."""


def _cut(job: tuple[str, list[Sample], Path, Path]) -> list[tuple[NDArray[np.uint8], Row]]:
    path, samples, data, detector = job
    cv2.setNumThreads(1)
    key = (os.getpid(), detector)
    if key not in _FINDERS:
        _FINDERS[key] = Finder(detector)
    image = np.asarray(read_picture(data / path), np.uint8)
    found = faces_of(samples, image, _FINDERS[key], str(data / path))
    return [_cached(image, box, face, s) for s, (box, face) in zip(samples, found, strict=True)]


def faces_of(samples: Sequence[Sample], image: NDArray[np.uint8], finder: Finder, where: str) -> list[tuple[Box, Face | None]]:
    """Box and, where the detector found it, face of each sample of one picture.

    Raises:
        TrainerError: a box lies outside the picture.
    """
    height, width = image.shape[:2]
    boxes = [s.box for s in samples if s.box is not None]
    for box in boxes:
        if not inside(box, width, height):
            raise TrainerError(f"{where}: the box {tuple(box)} lies outside the picture of {width} by {height} pixels.")
    fitted = iter(fit(boxes, finder.all_faces(image)) if boxes else [])
    found: list[tuple[Box, Face | None]] = []
    for s in samples:
        if s.box is not None:
            face = next(fitted)
            found.append((face.box if face else s.box, face))
        elif s.label == NOT_FACE:
            found.append((Box(width / 4, height / 4, width / 2, height / 2), None))
        else:
            face = finder.main_face(image)
            found.append((face.box if face else Box(0, 0, width, height), face))
    return found


def _cached(image: NDArray[np.uint8], box: Box, face: Face | None, sample: Sample) -> tuple[NDArray[np.uint8], Row]:
    longer = max(box.w, box.h)
    scale = SIDE_PX * FACE_SHARE / longer
    x, y = box.centre
    points = [] if face is None else [SIDE_PX / 2 + (value - middle) * scale
                                      for point in face.landmarks for value, middle in zip(point, (x, y), strict=True)]
    row = Row(path=sample.path, label=sample.label, source=sample.source, group=sample.group, split=sample.split,
              found=face is not None, face_px=longer, landmarks=tuple(points))
    return crop_face(image, box, CONTEXT, SIDE_PX), row


def _row(fields: dict[str, str]) -> Row:
    return Row(path=fields["path"], label=fields["label"], source=fields["source"], group=fields["group"],
               split=fields["split"], found=fields["found"] == "1", face_px=float(fields["face_px"]),
               landmarks=tuple(json.loads(fields["landmarks"])))


def face_of(row: Row) -> Face | None:
    """The face of a cached square, in its pixels; none when the detector had not found it."""
    if not row.found:
        return None
    a, b, c, d, e = ((row.landmarks[i], row.landmarks[i + 1]) for i in range(0, 10, 2))
    side = SIDE_PX * FACE_SHARE
    # The longer side is known, the shorter is not: faces found upright are about 1 to 1.3.
    box = Box(SIDE_PX / 2 - side / 2.6, SIDE_PX / 2 - side / 2, side / 1.3, side)
    return Face(box, (a, b, c, d, e), 1.0)
