# SPDX-License-Identifier: Apache-2.0
"""Check: what is wrong with a set of pictures, before hours are spent on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.vision.crop import crop_face
from trainer.data.decode import read_picture
from trainer.data.labels import CLASSES, INCORRECT, UNKNOWN
from trainer.data.manifest import Sample, counts, inside, require_inside
from trainer.data.splits import leaks
from trainer.errors import TrainerError

NEAR = 6
"""Bits of 64 in which the hashes of two near duplicates may differ."""
LOPSIDED = 20.0
"""A class this many times as large as another is pointed out."""
NOTHING = 96
"""Grey of a tile without a face; black is a picture that cannot be read."""

TITLE_PX = 18


@dataclass
class Findings:
    """Everything found, in words, by kind."""

    unreadable: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Classes without a face that a recipe can do without: no fault, but to be known."""
    leaks: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    """The same picture under two labels."""
    crossing: list[str] = field(default_factory=list)
    """The same picture in two splits."""
    copies: int = 0
    """Pictures that repeat another with the same label and split."""

    @property
    def wrong(self) -> bool:
        return bool(self.unreadable or self.outside or self.classes or self.leaks or self.conflicts or self.crossing)


def check(samples: Sequence[Sample], data: Path, show: bool = True) -> Findings:
    """Read every picture once and list what is wrong."""
    found = Findings()
    found.classes = class_problems(samples)
    if not any(s.label == INCORRECT for s in samples):
        found.missing = [f"no sample of {INCORRECT}: a recipe can have such masks drawn on bare faces ([render.share]); how a model does on real ones is then not measured"]
    found.leaks = [f"{source}, group {group}: in {' and '.join(sorted(splits))}" for (source, group), splits in leaks(samples).items()]
    hashes, hashed = [], []
    seen: dict[str, NDArray[np.uint8] | None] = {}
    for s in tqdm(samples, desc="check", unit="face", disable=not show):
        if s.path not in seen:
            seen.clear()  # samples of one picture follow each other; one picture at a time is enough
            try:
                seen[s.path] = read_picture(data / s.path)
            except TrainerError as error:
                seen[s.path] = None
                found.unreadable.append(str(error))
        image = seen[s.path]
        if image is None:
            continue
        if s.box is not None and not inside(s.box, image.shape[1], image.shape[0]):
            found.outside.append(f"{s.path}: {tuple(s.box)} in {image.shape[1]} by {image.shape[0]}")
        elif s.label != UNKNOWN:
            face = image if s.box is None else crop_face(image, s.box, 0.15, 64)
            hashes.append(perceptual_hash(face))
            hashed.append(s)
    _duplicates(found, hashed, np.array(hashes, np.uint64))
    return found


def class_problems(samples: Sequence[Sample]) -> list[str]:
    """Empty and lopsided classes, over all sources; not an empty `incorrect`, see `Findings.missing`."""
    total = {label: sum(table[label] for table in counts(samples).values()) for label in CLASSES}
    problems = [f"no sample of {label}" for label, n in total.items() if not n and label != INCORRECT]
    some = [n for n in total.values() if n]
    if some and max(some) / min(some) > LOPSIDED:
        problems.append(f"lopsided: {', '.join(f'{n} {label}' for label, n in total.items())}")
    return problems


def perceptual_hash(image: NDArray[np.uint8]) -> int:
    """64 bits that stay when a picture is scaled or saved again (Zauner 2010, pHash: low frequencies of the DCT)."""
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(grey)[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return int(np.packbits(bits).view(">u8")[0])


def near_pairs(hashes: NDArray[np.uint64], most: int = NEAR) -> list[tuple[int, int]]:
    """Pairs (i < j) whose hashes differ in at most `most` bits. Every pair is compared: a minute for 15,000."""
    pairs = []
    for i in range(len(hashes) - 1):
        differing = np.bitwise_xor(hashes[i + 1:], hashes[i])
        bits = np.unpackbits(differing[:, None].view(np.uint8), axis=1).sum(axis=1)
        pairs += [(i, i + 1 + int(j)) for j in np.flatnonzero(bits <= most)]
    return pairs


def _duplicates(found: Findings, samples: Sequence[Sample], hashes: NDArray[np.uint64]) -> None:
    repeats: set[int] = set()
    for i, j in near_pairs(hashes):
        a, b = samples[i], samples[j]
        if a.path == b.path and a.box is not None:
            continue
        if a.label != b.label:
            found.conflicts.append(f"{a.path} is {a.label}, {b.path} is {b.label}")
        elif a.split != b.split:
            found.crossing.append(f"{a.path} is in {a.split}, {b.path} in {b.split}")
        else:
            repeats.add(j)
    found.copies = len(repeats)


def contact_sheet(samples: Sequence[Sample], data: Path, across: int = 12, tile: int = 96) -> NDArray[np.uint8]:
    """One row of faces a source and class, chosen evenly, each once: BGR, `tile` pixels each, the rest of a short row grey; its title above it.

    Raises:
        TrainerError: there is nothing to show, or a box lies outside its picture.
    """
    groups: dict[tuple[str, str], list[Sample]] = {}
    for s in samples:
        groups.setdefault((s.source, s.label), []).append(s)
    rows = []
    for (source, label), group in sorted(groups.items()):
        chosen = [group[i] for i in np.linspace(0, len(group) - 1, min(across, len(group))).astype(int)]
        tiles = [_tile(s, data, tile) for s in chosen] + [np.full((tile, tile, 3), NOTHING, np.uint8)] * (across - len(chosen))
        rows += [_title(f"{source}: {label}, {len(chosen)} of {len(group)}", across * tile), np.hstack(tiles)]
    if not rows:
        raise TrainerError("No samples, so no contact sheet.")
    return np.vstack(rows)


def _title(text: str, width: int) -> NDArray[np.uint8]:
    """A line of its own: on a face no colour of letters can be read on every skin and cloth."""
    line = np.zeros((TITLE_PX, width, 3), np.uint8)
    known = text.encode("ascii", "backslashreplace").decode()  # OpenCV has no other letters
    cv2.putText(line, known, (4, TITLE_PX - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return line


def _tile(sample: Sample, data: Path, side: int) -> NDArray[np.uint8]:
    try:
        image = read_picture(data / sample.path)
    except TrainerError as error:
        tqdm.write(f"Left black: {error}")
        return np.zeros((side, side, 3), np.uint8)
    if sample.box is not None:
        require_inside(sample.box, image.shape[1], image.shape[0], str(data / sample.path))
        return crop_face(image, sample.box, 0.15, side)
    return np.asarray(cv2.resize(image, (side, side)), np.uint8)
