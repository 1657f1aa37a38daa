# SPDX-License-Identifier: Apache-2.0
"""Cache: every face of a manifest once, cut with room around it, as one array on disk.

A row is a square of `SIDE_PX`, cut by the unit's own `crop_face` with a margin of `CONTEXT`, so the face spans half of
it and the augmentation can move, turn and widen the crop over real surroundings. Decoding and finding faces takes ten
minutes; after that a training only reads memory.
"""

from __future__ import annotations

import csv
import json
import math
import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.look import Box, Face
from edge.settings import FacesSettings
from edge.vision.crop import crop_face
from edge.vision.faces import Faces as UnitFaces
from edge.whole import whole
from trainer.data.decode import read_picture
from trainer.data.find import Finder, fit
from trainer.data.fingerprint import fingerprint
from trainer.data.labels import NOT_FACE, UNKNOWN
from trainer.data.manifest import Sample, require_inside
from trainer.ending import ENDS
from trainer.errors import TrainerError

SIDE_PX = 224
CONTEXT = 0.5
"""Margin of a cached square, as a share of the face's longer side; the face spans 1 / (1 + 2 CONTEXT) of it."""
FACE_SHARE = 1 / (1 + 2 * CONTEXT)
FACE = Box(SIDE_PX * (1 - FACE_SHARE) / 2, SIDE_PX * (1 - FACE_SHARE) / 2, SIDE_PX * FACE_SHARE, SIDE_PX * FACE_SHARE)
"""Where the face lies in a cached square; the model's own crop of the square is the one that the unit would cut."""
MIN_FACE_PX = 18.0
"""Faces whose shorter side is less are left out of training: there is nothing to see."""
VERSION = 4
"""Raised when a row's meaning changes, so that an older cache is not read."""


Detectors = tuple[Path, Path | None]
"""Who finds the labelled faces, and the unit's own."""
Job = tuple[str, list[Sample], list[Box] | None, Path, Detectors]
"""One picture: its path, its samples, every labelled box where none is left out, the data folder."""


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


STRAYS = ("webphotos", "maixcam")
"""Sources in which every face has a box: what the unit's detector finds beside them is no face, and shows what it errs in."""
STRAY_PX = 24.0
"""Least shorter side of such a place: in smaller ones nobody could say."""
STRAY_SCORE = 0.4
STRAY_SIDES = (224, 320, 480)
"""Long sides at which photographs are searched for such places, as units do."""


@dataclass(frozen=True)
class Faces:
    """The cached faces: `pictures` is `uint8` BGR (n, SIDE_PX, SIDE_PX, 3), memory-mapped."""

    pictures: NDArray[np.uint8]
    rows: list[Row]


def open_cache(samples: Sequence[Sample], data: Path, detector: Path, folder: Path, workers: int = 2, unit: Path | None = None) -> Faces:
    """The cache of these samples, made if it is not there yet.

    Args:
        samples: all that is to be in it; `unknown` faces and those under `MIN_FACE_PX` are left out.
        data: the folder that their paths begin from.
        detector: finds each face, so that it can be cut as the unit would.
        folder: of all caches.
        unit: the unit's own detector: what it alone takes for a face, beside all labelled ones, is kept as `not_face`.

    Raises:
        TrainerError: a detector or a picture is missing or unreadable, or a box lies outside its picture.
    """
    wanted = worth_preparing(samples)
    if not wanted:
        raise TrainerError(f"Data folder {data}: no labelled face of {MIN_FACE_PX:g} px or more; boxes are in pixels of the picture.")
    for finder in (detector, unit):
        if finder and not finder.is_file():
            raise TrainerError(f"Face detector {finder}: no such file.", hint="The recipe names it: [data] detector.")
    home = folder / _key(wanted, data, detector, unit)
    if not (home / "rows.csv").is_file():
        _make(wanted, _boxes(samples) if unit else {}, data, (detector, unit), home, workers)
    with (home / "rows.csv").open(newline="", encoding="utf-8") as file:
        rows = [_row(fields) for fields in csv.DictReader(file)]
    shape = (len(rows), SIDE_PX, SIDE_PX, 3)
    pictures = home / "faces.bin"
    if not pictures.is_file() or pictures.stat().st_size != math.prod(shape):
        raise TrainerError(f"Cache {home}: its pictures are not those of its {len(rows)} rows.", hint=f"Delete {home} and start again.")
    return Faces(np.memmap(pictures, np.uint8, "r", shape=shape), rows)


def worth_preparing(samples: Sequence[Sample]) -> list[Sample]:
    """All but the `unknown` faces and those under `MIN_FACE_PX`."""
    return [s for s in samples if s.label != UNKNOWN and (s.box is None or min(s.box.w, s.box.h) >= MIN_FACE_PX)]


def _key(samples: list[Sample], data: Path, detector: Path, unit: Path | None) -> str:
    pictures = [data / path for path in dict.fromkeys(s.path for s in samples)]
    return fingerprint([*(file for file in (detector, unit) if file), *pictures], f"{VERSION} {SIDE_PX} {CONTEXT} {samples!r}")[:16]


def _boxes(samples: Sequence[Sample]) -> dict[str, list[Box]]:
    """Every labelled box by picture, `unknown` and the smallest ones too, for the sources that leave none out."""
    found: dict[str, list[Box]] = {}
    for s in samples:
        if s.source in STRAYS and s.box is not None:
            found.setdefault(s.path, []).append(s.box)
    return found


def _make(samples: Sequence[Sample], known: dict[str, list[Box]], data: Path, detectors: Detectors, home: Path, workers: int) -> None:
    home.mkdir(parents=True, exist_ok=True)
    by_path: dict[str, list[Sample]] = {}
    for s in samples:
        by_path.setdefault(s.path, []).append(s)
    jobs = [(path, group, known.get(path), data, detectors) for path, group in by_path.items()]
    # In a folder of its own: a training and a conversion may make the same cache at once, and neither shall read half of the other's.
    with tempfile.TemporaryDirectory(prefix="making-", dir=home) as part:
        _write(jobs, Path(part), workers)
        (Path(part) / "faces.bin").replace(home / "faces.bin")
        (Path(part) / "rows.csv").replace(home / "rows.csv")  # last: its presence says that the cache is whole


def _write(jobs: Sequence[Job], folder: Path, workers: int) -> None:
    rows: list[Row] = []
    with whole(folder / "faces.bin") as part, part.open("wb") as pictures, _processes(workers) as pool:
        for done in tqdm(pool.map(_cut, jobs, chunksize=16), total=len(jobs), desc="faces", unit="picture"):
            for picture, row in done:
                pictures.write(picture.tobytes())
                rows.append(row)
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Row.__dataclass_fields__)
        for row in rows:
            writer.writerow([row.path, row.label, row.source, row.group, row.split, int(row.found), f"{row.face_px:.1f}",
                             json.dumps([round(v, 1) for v in row.landmarks])])


@contextmanager
def _processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that prepare faces. However the block is left, they finish the pictures in hand (seconds) and end."""
    # Started afresh, not forked: a child of a process in which OpenCV or TensorFlow has threads waits for ever for a lock
    # that one of them held.
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """In a process that prepares faces: end when the training lets go of it, or is killed, and for no signal.

    One that a signal ends while it hands over its faces leaves half a message, for whose rest the training would wait for ever;
    and a Ctrl-C or a closed terminal is told to all of them.
    """
    for number in (signal.SIGINT, *ENDS):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


_FINDERS: dict[tuple[int, Path], Finder] = {}
"""One detector a worker process, made at its first picture."""
_UNITS: dict[tuple[int, Path], list[UnitFaces]] = {}
"""The unit's, at each of `STRAY_SIDES`, likewise."""


def _cut(job: Job) -> list[tuple[NDArray[np.uint8], Row]]:
    path, samples, known, data, (detector, unit) = job
    cv2.setNumThreads(1)
    key = (os.getpid(), detector)
    if key not in _FINDERS:
        _FINDERS[key] = Finder(detector)
    image = read_picture(data / path)
    found = faces_of(samples, image, _FINDERS[key], str(data / path))
    cut = [_cached(image, box, face, s) for s, (box, face) in zip(samples, found, strict=True)]
    if known is not None and unit is not None:
        nobody = replace(samples[0], box=None, label=NOT_FACE)
        # A face that nobody labelled is mostly one that the other detector sees too.
        seen = [*known, *(face.box for face in _FINDERS[key].all_faces(image))]
        cut += [_cached(image, box, None, nobody) for box in strays(seen, _found_by_unit(image, unit))]
    return cut


def _found_by_unit(image: NDArray[np.uint8], unit: Path) -> list[Box]:
    key = (os.getpid(), unit)
    if key not in _UNITS:
        _UNITS[key] = [UnitFaces(unit, FacesSettings(long_side_px=side, score_min=STRAY_SCORE, min_face_px=16, max_faces=10)) for side in STRAY_SIDES]
    return [face.box for faces in _UNITS[key] for face in faces.find(image)]


def strays(known: Sequence[Box], found: Sequence[Box]) -> list[Box]:
    """The places found that touch no known face, each once."""
    def apart(box: Box, face: Box) -> bool:
        (x, y), (u, v) = box.centre, face.centre
        return box.iou(face) < 0.05 and (abs(x - u) > 0.6 * face.w or abs(y - v) > 0.6 * face.h)

    kept: list[Box] = []
    for box in found:
        if min(box.w, box.h) >= STRAY_PX and all(apart(box, face) for face in (*known, *kept)):
            kept.append(box)
    return kept


def faces_of(samples: Sequence[Sample], image: NDArray[np.uint8], finder: Finder, where: str) -> list[tuple[Box, Face | None]]:
    """Box and, where the detector found it, face of each sample of one picture.

    Raises:
        TrainerError: a box lies outside the picture.
    """
    height, width = image.shape[:2]
    boxes = [s.box for s in samples if s.box is not None]
    for box in boxes:
        require_inside(box, width, height, where)
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
