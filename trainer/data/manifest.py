# SPDX-License-Identifier: Apache-2.0
"""Manifest: the list of samples, one line of a CSV file a face."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.look import Box
from edge.names import is_utf8
from edge.whole import whole
from trainer.data.labels import CLASSES, NOT_FACE, UNKNOWN
from trainer.data.table import read_rows
from trainer.errors import TrainerError

FIELDS = ("path", "x", "y", "w", "h", "label", "source", "group", "split")
SPLITS = ("train", "val", "test")
MOST_PX = 2**20
"""No number of a box is more: OpenCV decodes no picture whose side is longer."""
PICTURES = {".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".webp"}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One face with its label."""

    path: str
    """Relative to the data folder, with forward slashes."""
    box: Box | None
    """The face in pixels of the picture; none: the picture is one face already, the detector finds it in there."""
    label: str
    source: str
    """The data set; whole sources are held out to see what a model is worth elsewhere."""
    group: str
    """What belongs together inside a source (person, clip, batch). A group is never split."""
    split: str = "train"


def write_manifest(path: Path, samples: Iterable[Sample]) -> None:
    """Write the list, whole or not at all.

    Raises:
        TrainerError: a name that is no UTF-8, or a source's that cannot be one.
    """
    samples = list(samples)
    for source in {s.source: None for s in samples}:
        require_source(source, str(path))
    for s in samples:
        if not is_utf8(s.path):
            raise TrainerError(f"{s.path}: this name is no UTF-8.", hint="Give the file another name, or remove it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for s in samples:
            box = ("", "", "", "") if s.box is None else tuple(f"{value:g}" for value in s.box)
            writer.writerow((s.path, *box, s.label, s.source, s.group, s.split))


def read_manifest(path: Path) -> list[Sample]:
    """Read the list.

    Raises:
        TrainerError: no such file, a column missing, an unknown label or split, a box that is none, a source's name that cannot be one.
    """
    samples = [_sample(row, f"Manifest {where}") for where, row in read_rows(path, FIELDS, "Make it with `maskgate-train data build`.")]
    if not samples:
        raise TrainerError(f"Manifest {path}: it is empty.")
    return samples


def _sample(row: dict[str, str], where: str) -> Sample:
    label, split = row["label"], row["split"]
    if label not in (*CLASSES, NOT_FACE, UNKNOWN):
        raise TrainerError(f"{where}: the label is {label!r}, expected one of {', '.join((*CLASSES, NOT_FACE, UNKNOWN))}.")
    if split not in SPLITS:
        raise TrainerError(f"{where}: the split is {split!r}, expected one of {', '.join(SPLITS)}.")
    require_source(row["source"], where)
    return Sample(path=row["path"], box=box_of([row[key] for key in "xywh"], where), label=label,
                  source=row["source"], group=row["group"], split=split)


def box_of(values: Sequence[str], where: str) -> Box | None:
    """A box from four texts; all empty: none.

    Raises:
        TrainerError: not four numbers, none that a picture has, or no area.
    """
    if not any(values):
        return None
    try:
        box = Box(*(float(value) for value in values))
    except ValueError as error:
        raise TrainerError(f"{where}: the box is {', '.join(values)}, expected four numbers x, y, w, h.") from error
    if not all(abs(value) <= MOST_PX for value in box):  # nan is not, either
        raise TrainerError(f"{where}: the box is {', '.join(values)}, expected four numbers x, y, w, h of a picture.")
    if not (box.w > 0 and box.h > 0):
        raise TrainerError(f"{where}: the box is {box.w:g} by {box.h:g} pixels, expected more than nothing.")
    return box


def inside(box: Box, width: int, height: int) -> bool:
    """Whether a box lies in the picture: its middle does, and it is at most twice as large. Boxes may reach beyond the edge, not lie beyond it."""
    x, y = box.centre
    return 0 <= x <= width and 0 <= y <= height and box.w <= 2 * width and box.h <= 2 * height


def require_inside(box: Box, width: int, height: int, where: str) -> None:
    """Stop before a face is cut out where none can be.

    Raises:
        TrainerError: the box does not lie in the picture.
    """
    if not inside(box, width, height):
        raise TrainerError(f"{where}: the box {', '.join(f'{value:g}' for value in box)} lies outside the picture of {width} by {height} pixels, or is more than twice as large.",
                           hint="Boxes are x, y, w, h in pixels of the picture; `maskgate-train data check` lists every one that is not.")


def require_source(name: str, where: str) -> None:
    """Look whether a source can be called so: folders of runs are named after sources, options list them with commas between, and
    recipes write `source/label`.

    Raises:
        TrainerError: it cannot.
    """
    if name in ("", ".", "..") or name != name.strip() or not name.isprintable() or set(name) & set("/\\,"):
        raise TrainerError(f"{where}: the source is called {name!r}, expected a name without slashes, commas and spaces around it.", hint="Give it another one: `maskgate-train data build ROOT --source NAME`.")


def merged(old: Sequence[Sample], new: Sequence[Sample], folder: str) -> list[Sample]:
    """A list after the faces of one folder (relative, as paths are) were listed anew: what is not among them any more goes, what
    comes from elsewhere stays.
    """
    sources, paths = {s.source for s in new}, {s.path for s in new}
    inner = "" if folder == "." else f"{folder}/"
    return [*(s for s in old if s.path not in paths and not (s.source in sources and s.path.startswith(inner))), *new]


def counts(samples: Iterable[Sample]) -> dict[str, Counter[str]]:
    """Number of samples by source, then by label."""
    table: dict[str, Counter[str]] = {}
    for s in samples:
        table.setdefault(s.source, Counter())[s.label] += 1
    return table
