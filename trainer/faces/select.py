# SPDX-License-Identifier: Apache-2.0
"""Selection: where the detectors of a training are kept, and which step is best, judged on pictures that neither training nor the final test
sees."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import SettingsError
from edge.whole import whole
from trainer.data.decode import read_picture
from trainer.errors import TrainerError
from trainer.faces.detector import Detector
from trainer.faces.measure import BANDS, Outcome, outcome
from trainer.faces.pictures import APART, Image, Truth, scenes
from trainer.faces.recipe import Recipe, load

SIZES = (160, 320)
FIGURES = "selection.jsonl"
FALSE_ALLOWED = (0.03, 0.06, 0.1, 0.15, 0.2)
"""False boxes a picture at which recall is compared; YuNet 2023mar gives 0.1 on these pictures at a score of 0.6."""
GOAL = (("mask >=20 %", 320), ("mask 10-20 %", 320), ("no_mask >=20 %", 320), ("no_mask 10-20 %", 320), ("mask >=20 %", 160), ("no_mask >=20 %", 160))
"""Faces and the size at which they are to be found. Masked and bare faces count alike, at both sizes; far faces at the small size are out of anybody's reach."""


class Selection:
    """Measures detector files on the held-out pictures and keeps the figures in a file of JSON lines."""

    def __init__(self, data: Path, path: Path) -> None:
        """`data` is the folder of pictures, `path` the file of figures."""
        self._path = path
        self._pictures = held_out(data)
        there = kinds_of(self._pictures)
        self._goal = [f"{kind} {size}" for kind, size in GOAL if kind in there]
        self.missing = tuple(dict.fromkeys(kind for kind, _ in GOAL if kind not in there))
        """What of the goal no face kept apart is of: the goal is then the mean of the others, or of nothing."""

    def require_goal(self, choose: str) -> None:
        """Stop before a training whose best step nothing would tell.

        Raises:
            TrainerError: no face of the goal is kept apart, and the recipe chooses by it.
        """
        if choose == "best" and not self._goal:
            raise TrainerError("No picture that is kept apart shows a masked or bare face of a tenth of its height or more, so no step could be called the best.",
                               hint=f"{APART} Or take the last step: choose = \"last\" in the recipe.")

    def rows(self) -> list[dict[str, Any]]:
        """The figures so far, a row for each step that was measured."""
        return figures(self._path) if self._path.is_file() else []

    def add(self, step: int, detector: Path) -> str:
        """Measure one file; a line of figures for the log."""
        row: dict[str, object] = {"step": step, "file": detector.name}
        for size in SIZES:
            found = look(detector, self._pictures, size)
            scores = [score_at(found, allowed) for allowed in FALSE_ALLOWED]
            # The mean over several thresholds: at one alone, a single face among ninety decides.
            row |= {f"{label} {band} {size}": _known([found.recall(score, label, band)[0] for score in scores])
                    for label in ("mask", "incorrect", "no_mask") for band in (">=20 %", "10-20 %")}
            row |= {f"score {size}": round(scores[2], 3), f"ap {size}": _known([found.average_precision()])}
        row["goal"] = _known([row[key] for key in self._goal])
        rows = [*self.rows(), row]
        with whole(self._path) as part:
            part.write_text("".join(json.dumps(one) + "\n" for one in rows))
        return json.dumps({key: value for key, value in row.items() if key != "file"})


def kinds_of(pictures: Sequence[tuple[Image, tuple[Truth, ...]]]) -> set[str]:
    """Labels and bands of height of which there are faces, as `GOAL` writes them."""
    return {f"{truth.label} {band}" for image, truths in pictures for truth in truths for band, low, high in BANDS if low <= truth.box.h / image.shape[0] + 1e-6 < high}


def _known(values: Sequence[Any]) -> float | None:
    """The mean; none of nothing, or of faces that there are none of: JSON has no nan."""
    mean = float(np.mean(values)) if values else math.nan
    return round(mean, 4) if math.isfinite(mean) else None


def figures(path: Path) -> list[dict[str, Any]]:
    """The rows of a training's file of figures, with `step`, `file` and `goal` in each.

    Raises:
        SettingsError: the file is damaged.
    """
    try:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        if all({"step", "file", "goal"} <= set(row) for row in rows):
            return rows
        reason = "a row lacks step, file or goal"
    except (ValueError, TypeError) as error:
        reason = str(error)
    raise SettingsError(f"Figures {path}: damaged ({reason}).", hint=f"Delete {path.parent} and train anew, or put the file back.")


def held_out(data: Path) -> list[tuple[Image, tuple[Truth, ...]]]:
    """Pictures with faces boxed by hand that training does not see; not andrewmvd's, where most far faces have no box."""
    return [(read_picture(picture.path), picture.truths) for picture in scenes(data, sources=("webphotos", "maixcam")) if picture.held_out]


def look(detector: Path, pictures: Sequence[tuple[Image, tuple[Truth, ...]]], size: int) -> Outcome:
    """What a detector file finds in the pictures at one size."""
    found = Detector(detector, 0.3)
    return outcome([(found.detect(image, size), truths, image.shape[0]) for image, truths in pictures])


def step_file(recipe: Recipe, step: int) -> Path:
    """Where the detector of one step is kept."""
    return recipe.folder / f"step-{step:06d}.onnx"


def saved_by(recipe: Recipe, step: int) -> Path:
    """The last detector saved up to this step. It is the step's own, unless `every` was another number in an earlier run."""
    return next((path for earlier in range(step, -1, -1) if (path := step_file(recipe, earlier)).is_file()), step_file(recipe, step))


def chosen(recipe: Recipe) -> Path:
    """The detector file that the recipe takes: the last one, or the one with the best goal (the later one of a tie), as its `choose` says. Steps
    after the recipe's end do not count: they are of a time when it was longer.

    Raises:
        SettingsError: this recipe has not been trained here, its figures are damaged, or none of them has a goal.
    """
    path = recipe.folder / FIGURES
    rows = [row for row in figures(path) if row["step"] <= recipe.end] if path.is_file() else []
    if not rows:
        raise SettingsError(f"Recipe {recipe.name}: nothing trained yet in {recipe.folder}.", hint="Run `maskgate-train faces fit` on it first.")
    if recipe.choose == "last":
        return recipe.folder / str(rows[-1]["file"])
    known = [row for row in rows if row["goal"] is not None and math.isfinite(row["goal"])]
    if not known:
        raise SettingsError(f"Recipe {recipe.name}: no step in {path} has a goal, as no face that it is measured on was kept apart.",
                            hint="Take the last step: choose = \"last\" in the recipe.")
    return recipe.folder / str(max(known, key=lambda row: (row["goal"], row["step"]))["file"])


def detector_file(named: str, weights: Path) -> Path:
    """The file that a recipe means by `start` or one of `advisers`: what another recipe chose, a path, or a file in `weights`.

    Raises:
        SettingsError: there is no such file.
    """
    if named.endswith(".toml"):
        return chosen(load(Path(named)))
    for path in (Path(named), weights / named):
        if path.is_file():
            return path
    there = ", ".join(sorted(path.name for path in weights.glob("*.onnx"))) or "none"
    raise SettingsError(f"Detector {named}: no such file here or in {weights}.",
                        hint=f"`start` and `advisers` name a recipe, a path, or one of the detectors in `weights`, which has: {there}.")


def score_at(found: Outcome, false_per_picture: float) -> float:
    """The least score at which no more than so many false boxes a picture remain."""
    ordered = sorted(found.false_scores, reverse=True)
    # Counted, not multiplied back: 62 / 904 * 904 is a little less than 62, and one box that is allowed would not be.
    allowed = sum(count / found.pictures <= false_per_picture for count in range(1, len(ordered) + 1))
    return float(np.nextafter(ordered[allowed], 1)) if len(ordered) > allowed else min(ordered, default=0.3)
