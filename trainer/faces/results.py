# SPDX-License-Identifier: Apache-2.0
"""Results: what each detector did with the same pictures at each size."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from trainer.data.decode import read_picture
from trainer.faces.detector import Detector, Found
from trainer.faces.measure import Outcome, assign, outcome
from trainer.faces.pictures import Picture
from trainer.faces.ways import WAYS, detect

FLOOR = 0.3
"""Least score that is measured."""
NEARBY = range(-3, 4)
"""Sizes around one, in hundredths of it."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One detector at one size."""

    model: str
    size: int
    outcome: Outcome
    milliseconds: float
    """Median of a picture, one thread, detectors taking turns."""
    landmark_error: float
    """Mean distance of the landmarks on bare faces from those of the reference, in eye distances; NaN without one."""


def nearby(size: int) -> list[int]:
    """Seven long sides about a hundredth of one apart, in pixels, smallest first.

    Whether a face near the threshold is found depends on how it falls on the network's cells. Over seven sizes that chance cancels out; that of
    which faces the pictures hold does not.
    """
    return [round(size * (1 + hundredths / 100)) for hundredths in NEARBY]


def measure_all(models: list[Path], names: list[str], pictures: list[Picture], sizes: list[int]) -> list[Result]:
    """Every model at every size on the same pictures, fitted as the unit does it."""
    images = [read_picture(picture.path) for picture in pictures]
    detectors = [Detector(model, FLOOR) for model in models]
    reference = [detectors[-1].detect(image, 640) for image in tqdm(images, desc="landmarks, 640 px", mininterval=5)]
    results = []
    for number, size in enumerate(sizes, 1):
        found: list[list[Found]] = [[] for _ in models]
        times: list[list[float]] = [[] for _ in models]
        for turn, image in enumerate(tqdm(images, desc=f"{size} px ({number} of {len(sizes)})", mininterval=5)):
            for step in range(len(models)):
                k = (turn + step) % len(models)
                begin = time.perf_counter()
                found[k].append(detectors[k].detect(image, size))
                times[k].append(1000 * (time.perf_counter() - begin))
        for k, name in enumerate(names):
            results.append(Result(
                model=name, size=size, milliseconds=float(np.median(times[k])), landmark_error=landmark_error(found[k], reference, pictures),
                outcome=outcome([(rows, picture.truths, image.shape[0]) for rows, picture, image in zip(found[k], pictures, images, strict=True)])))
    return results


def outcomes_by_way(models: list[Path], names: list[str], pictures: list[Picture], size: int) -> list[tuple[str, Outcome]]:
    """What each model found at one size, for each usual way to fit a picture into it."""
    images = [read_picture(picture.path) for picture in pictures]
    detectors = [Detector(model, FLOOR) for model in models]
    outcomes = []
    for number, way in enumerate(WAYS, 1):
        for name, detector in zip(names, detectors, strict=True):
            found = [detect(detector, image, size, way) for image in tqdm(images, desc=f"{size} px, way {number} of {len(WAYS)}, {name}", mininterval=5)]
            outcomes.append((name, outcome([(rows, picture.truths, image.shape[0]) for rows, picture, image in zip(found, pictures, images, strict=True)])))
    return outcomes


def landmark_error(found: list[Found], reference: list[Found], pictures: list[Picture]) -> float:
    """Mean distance to the reference's landmarks on bare faces that both find, in the reference's eye distances.

    Nobody marked landmarks in these pictures. The reference is the last model at 640 px, so this says how far landmarks
    move at a smaller size and with another network, not how right they are.
    """
    errors = []
    for mine, theirs, picture in zip(found, reference, pictures, strict=True):
        owners = assign(mine, picture.truths), assign(theirs, picture.truths)
        for number, truth in enumerate(picture.truths):
            rows = [faces[owner == number] for faces, owner in zip((mine, theirs), owners, strict=True)]
            if truth.label == "no_mask" and len(rows[0]) and len(rows[1]):
                ours, true = (row[0, 4:14].reshape(5, 2) for row in rows)
                errors.append(np.linalg.norm(ours - true, axis=1).mean() / max(1.0, float(np.linalg.norm(true[0] - true[1]))))
    return float(np.mean(errors)) if errors else float("nan")


def names_of(models: list[Path]) -> list[str]:
    """Short names: the stem, with as many of the folders before it as tell it from the others; tables join what has the same name."""
    parts = {model: model.with_suffix("").parts for model in models}

    def name_of(model: Path) -> str:
        for count in range(1, len(parts[model]) + 1):
            end = parts[model][-count:]
            if all(theirs[-count:] != end for other, theirs in parts.items() if other != model):
                return "/".join(end)
        return str(model)

    return [name_of(model) for model in models]
