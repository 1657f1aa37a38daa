# SPDX-License-Identifier: Apache-2.0
"""Pictures: which there are, what is known of each, who may see them; and their pixels, decoded once.

Scenes have faces boxed by hand (`<source>/labels.csv`); crops hold one face of a known class, or none. Nothing of the
`test` split is ever listed here but by `scenes(..., split="test")`, which only the evaluation calls.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.look import Box
from edge.whole import whole
from trainer.data.decode import read_picture, require_shape
from trainer.data.fingerprint import fingerprint
from trainer.data.labels import NOT_FACE, label_of
from trainer.data.manifest import box_of, require_inside
from trainer.data.table import read_rows
from trainer.errors import TrainerError
from trainer.faces.labels import KINDS

Image = NDArray[np.uint8]
HINT = ("Name the folder of pictures with --data, or as `data` in the recipe; it is not part of MaskGate. "
        "In it each source has a folder with labels.csv (image, x, y, w, h, label, group, split) and images/; crops/ has single faces.")
HELD_OUT_GROUPS = {"webphotos": ("c4", "c5")}
HELD_OUT_SHARE = {"andrewmvd": 0.1, "maixcam": 0.2}
"""What the best training step is chosen on: whole groups where there are some, else pictures by the hash of their name."""
APART = f"The best step is chosen on webphotos' groups {' and '.join(HELD_OUT_GROUPS['webphotos'])}, split train, and on one in five of maixcam's pictures (labels.csv)."


@dataclass(frozen=True)
class Truth:
    """A face boxed by hand."""

    box: Box
    label: str
    """`mask`, `incorrect`, `no_mask` or `unknown`."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture and what people said about it."""

    path: Path
    source: str
    group: str = ""
    label: str = ""
    """Class of a crop's one face, or `not_face`; empty for scenes."""
    truths: tuple[Truth, ...] = field(default=())

    @property
    def held_out(self) -> bool:
        """True for what training must not see, so that the best step can be chosen on it."""
        if self.group in HELD_OUT_GROUPS.get(self.source, ()):
            return True
        return int(hashlib.sha256(self.path.name.encode()).hexdigest()[:8], 16) / 2**32 < HELD_OUT_SHARE.get(self.source, 0.0)


def scenes(data: Path, split: str = "train", sources: tuple[str, ...] = ("webphotos", "andrewmvd", "maixcam")) -> list[Picture]:
    """The pictures of one split with their boxes, in the order of their names.

    Raises:
        TrainerError: the folder or a list in it is missing, or a list is none, or a label in it says nothing to us.
    """
    found: list[Picture] = []
    for source in sources:
        boxed: dict[str, list[tuple[str, Truth]]] = {}
        for where, row in read_rows(data / source / "labels.csv", ("image", *"xywh", "label", "split", "group"), HINT):
            if row["split"] != split:
                continue
            if (box := box_of([row[key] for key in "xywh"], where)) is None:
                raise TrainerError(f"{where}: no box.")
            label = label_of(row["label"], where)
            if label not in KINDS:
                raise TrainerError(f"{where}: the label is {row['label']!r}, expected a face: {', '.join(KINDS)}.")
            boxed.setdefault(row["image"], []).append((row["group"], Truth(box, label)))
        for name, faces in sorted(boxed.items()):
            found.append(Picture(path=data / source / "images" / name, source=source, group=faces[0][0], truths=tuple(truth for _, truth in faces)))
    return found


def crops(data: Path) -> list[Picture]:
    """The single faces, and the pieces of scenes without one, in the order of their names.

    Raises:
        TrainerError: a folder's name says nothing to us, or there are no pieces without a face: scenes lie on them.
    """
    paths = sorted((data / "crops").glob("*/*/*.jpg"))
    labels = {folder: label_of(folder.name, str(folder)) for folder in sorted({path.parent for path in paths})}
    if NOT_FACE not in labels.values():
        raise TrainerError(f"{data / 'crops'}: no pictures of what is no face (<source>/not_face/*.jpg).", hint=HINT)
    return [Picture(path=path, source=path.parts[-3], label=labels[path.parent]) for path in paths]


def key_of(pictures: Sequence[Picture]) -> str:
    """A short name for these very pictures, wherever their folder lies."""
    names = "\n".join(f"{picture.source}/{picture.label}/{picture.path.name}" for picture in pictures)
    return fingerprint((picture.path for picture in pictures), names)[:12]


class Pixels:
    """All pictures decoded, one after the other in one file that is mapped into memory: no decoding while training."""

    def __init__(self, pictures: list[Picture], folder: Path) -> None:
        """Open the file of this very list of pictures, after writing it if there is none.

        Raises:
            TrainerError: a picture is missing, damaged, or too small or thin; or a box lies outside its picture.
        """
        self.key = key_of(pictures)
        self._file, index = folder / f"pixels-{self.key}.bin", folder / f"pixels-{self.key}.json"
        if not index.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            self._write(pictures, index)
        self._entries: list[tuple[int, int, int]] = json.loads(index.read_text())
        for picture, (_, height, width) in zip(pictures, self._entries, strict=True):  # also of a file that was written before this was asked
            require_shape(width, height, str(picture.path))
            for truth in picture.truths:
                require_inside(truth.box, width, height, str(picture.path))
        self._all = np.memmap(self._file, np.uint8, "r")

    def _write(self, pictures: list[Picture], index: Path) -> None:
        entries, start = [], 0
        with whole(self._file) as pixels, pixels.open("wb") as file:
            for picture in pictures:
                image = read_picture(picture.path)
                entries.append((start, image.shape[0], image.shape[1]))
                start += file.write(image.tobytes())
        with whole(index) as part:  # last: without it the pictures are decoded anew
            part.write_text(json.dumps(entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, number: int) -> Image:
        start, height, width = self._entries[number]
        return np.asarray(self._all[start:start + height * width * 3], np.uint8).reshape(height, width, 3)

    def __iter__(self) -> Iterator[Image]:
        return (self[number] for number in range(len(self)))
