# SPDX-License-Identifier: Apache-2.0
"""Clips: how steadily a detector holds a face in a film, and what it sees where nobody is.

TRUTH.csv says how many faces there are from when to when, but not where. So a frame's boxes are counted: each counts as a face found, but
no more of them than there are faces. A gap is a stretch without any box while exactly one face is to be seen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.score import EXPECTED
from trainer.data.table import read_rows
from trainer.errors import TrainerError
from trainer.faces.detector import Detector
from trainer.faces.pictures import Image
from trainer.faces.results import FLOOR

HINT = "`--videos` must be the folder of clips with their TRUTH.csv: clip,t_start,t_end,faces,verdict, times in seconds."
RATE = 10
"""Frames a second that are looked at, about as many as the unit judges. Every second or third frame of a film is taken, or every one,
whichever comes nearest: 12.5 of 25, 7.5 of 15."""


@dataclass(frozen=True)
class Stretch:
    """A part of a clip in which the number of faces to be seen stays the same."""

    start: float
    end: float
    faces: int
    verdict: str


@dataclass(kw_only=True)
class Tally:
    """What one detector made of one clip."""

    clip: str
    faces: int = 0
    """Faces to be found, summed over the frames looked at."""
    found: int = 0
    longest_gap_s: float = 0.0
    empty: int = 0
    """Frames in which nobody is."""
    false: int = 0
    """Boxes in those."""


def read_truth(path: Path) -> dict[str, list[Stretch]]:
    """Stretches of each clip.

    Raises:
        TrainerError: the file is missing or no such list; a number is none or cannot be, or a verdict is unknown.
    """
    found: dict[str, list[Stretch]] = {}
    for where, row in read_rows(path, ("clip", "t_start", "t_end", "faces", "verdict"), HINT):
        try:
            stretch = Stretch(float(row["t_start"]), float(row["t_end"]), int(row["faces"]), row["verdict"])
        except ValueError as error:
            raise TrainerError(f"{where}: expected numbers as t_start, t_end and faces, found {row['t_start']!r}, {row['t_end']!r} "
                               f"and {row['faces']!r}.", hint=HINT) from error
        if not 0 <= stretch.start < stretch.end < math.inf:  # nan is not, either
            raise TrainerError(f"{where}: it goes from {stretch.start:g} to {stretch.end:g}, expected seconds from 0 on, the end after the "
                               "beginning.", hint=HINT)
        if stretch.faces < 0:
            raise TrainerError(f"{where}: {stretch.faces} faces, expected 0 or more.", hint=HINT)
        if stretch.verdict not in EXPECTED:
            raise TrainerError(f"{where}: the verdict is {stretch.verdict!r}, expected one of {', '.join(EXPECTED)}.", hint=HINT)
        found.setdefault(row["clip"], []).append(stretch)
    return found


def must_be_clips(folder: Path, names: Iterable[str]) -> None:
    """Try whether every clip can be played, before minutes of measuring.

    Raises:
        TrainerError: a clip is missing, or cannot be decoded.
    """
    for name in names:
        if not (folder / name).is_file() or not cv2.VideoCapture(str(folder / name)).grab():
            raise TrainerError(f"{folder / name}: there is no such clip, or it cannot be decoded.",
                               hint="TRUTH.csv names it: fetch it again, or take its lines out.")


def watch(path: Path, stretches: list[Stretch], detectors: list[Detector], long_side: int, score: float) -> list[Tally]:
    """Show one clip to all detectors, frame by frame, and count."""
    tallies = [Tally(clip=path.stem) for _ in detectors]
    missed = [0] * len(detectors)  # frames since each detector last saw the one face there is
    film = cv2.VideoCapture(str(path))
    rate = film.get(cv2.CAP_PROP_FPS) or RATE
    step = max(1, round(rate / RATE))
    for number, frame in _frames(film, step):
        now = next((part for part in stretches if part.start <= number / rate < part.end), None)
        if now is None or (now.faces == 0 and now.verdict != "nobody"):
            missed = [0] * len(detectors)
            continue
        for k, detector in enumerate(detectors):
            boxes = int(sum(row[14] >= score for row in detector.detect(frame, long_side)))
            _count(tallies[k], now, boxes)
            missed[k] = missed[k] + 1 if now.faces == 1 and not boxes else 0
            tallies[k].longest_gap_s = max(tallies[k].longest_gap_s, missed[k] * step / rate)
    return tallies


def _frames(film: cv2.VideoCapture, step: int) -> Iterator[tuple[int, Image]]:
    """Each `step`th frame of a film, with its number."""
    for number in itertools.count():
        if not film.grab():
            return
        if number % step == 0:
            yield number, np.asarray(film.retrieve()[1], np.uint8)


def _count(tally: Tally, now: Stretch, boxes: int) -> None:
    if now.faces == 0:
        tally.empty += 1
        tally.false += boxes
    else:
        tally.faces += now.faces
        tally.found += min(boxes, now.faces)


def watch_all(folder: Path, models: list[Path], long_side: int, score: float) -> list[list[Tally]]:
    """All clips of TRUTH.csv: for each model a tally of each clip."""
    detectors = [Detector(model, FLOOR) for model in models]
    rows = [watch(folder / clip, stretches, detectors, long_side, score)
            for clip, stretches in read_truth(folder / "TRUTH.csv").items()]
    return [list(column) for column in zip(*rows, strict=True)]
