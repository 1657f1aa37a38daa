# SPDX-License-Identifier: Apache-2.0
"""Evaluate: the door's question, answered with intervals: who passes, who is stopped, and where it breaks.

Everything is asked through `trainer.judge`, that is through the unit's detector, crop, bundle and runtime.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.masks import Masks
from edge.vision.quality import sharpness
from edge.whole import whole
from trainer.data.cache import FACE, Faces
from trainer.data.labels import CLASSES, MASK
from trainer.judge import Judged, pictures_of, table
from trainer.score import (
    PASS_SHARE,
    I,
    Ints,
    M,
    N,
    Score,
    at_threshold,
    ece,
    interval,
    number,
    score,
    share_below,
    softmax,
    temperature,
)

SIZES = ((48.0, 1e9), (24.0, 48.0))
"""Face heights that are reported apart, in pixels of the picture."""


@dataclass(frozen=True)
class Figure:
    """One number with its 95 % bootstrap interval over pictures, see `trainer.score.interval`."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.3f}, {self.high:.3f}]" if np.isfinite(self.value) else number(self.value)


@dataclass(frozen=True)
class Result:
    """One model on one set of faces."""

    name: str
    counts: dict[str, int]
    """Labelled faces by class."""
    found: dict[str, float]
    """Share of them that the detector found, by class."""
    figures: dict[str, Figure]
    """`auc`, `stops_no_mask`, `stops_incorrect`, `balanced`, `three_way`, `passes_mask`."""
    threshold: float
    confusion: list[list[int]]
    """Rows: truth; columns: the likeliest answer; order of `CLASSES`."""

    def __str__(self) -> str:
        if not any(self.counts.values()):
            return f"{self.name}: none"
        lines = [f"{self.name}: {self.faces}; threshold {number(self.threshold)}"]
        lines += [f"    {name:16} {figure}" for name, figure in self.figures.items()]
        return "\n".join(lines)

    @property
    def faces(self) -> str:
        """How many of each class there are, and how many of them were found, in words."""
        return ", ".join(f"{n} {label} ({self.found[label]:.0%} found)" if n else f"no {label}" for label, n in self.counts.items())


def evaluate(name: str, judged: Sequence[Judged], threshold: float | None = None) -> Result:
    """Figures of one set.

    Args:
        threshold: a fixed one, from larger faces say; none: the one at which 95 % of this set's masks pass.
    """
    logits, truth = table(judged)
    p = softmax(logits) if len(truth) else np.zeros((0, 3))
    at = score(logits, truth).threshold if threshold is None else threshold
    labels = {label: [j for j in judged if j.sample.label == label] for label in CLASSES}
    return Result(name, {k: len(v) for k, v in labels.items()},
                  {k: float(np.mean([j.found for j in v])) if v else float("nan") for k, v in labels.items()},
                  _figures(logits, p, truth, pictures_of(judged), threshold), at,
                  [[int(((p.argmax(1) == c) & (truth == t)).sum()) for c in range(3)] for t in range(3)])


def _figures(logits: NDArray[np.float64], p: NDArray[np.float64], truth: Ints, pictures: Sequence[str], threshold: float | None) -> dict[str, Figure]:
    def stops(of: int) -> Callable[[Score, Ints], float]:
        def measure(s: Score, chosen: Ints) -> float:
            return share_below(p[chosen][truth[chosen] == of, M], s.threshold if threshold is None else threshold)
        return measure

    measures: dict[str, Callable[[Score, Ints], float]] = {
        "auc": lambda s, _: s.auc, "stops_no_mask": stops(N), "stops_incorrect": stops(I), "balanced": lambda s, _: s.balanced,
        "three_way": lambda s, _: s.three_way, "ece": lambda _, chosen: ece(p[chosen], truth[chosen]),
        "passes_mask": lambda s, c: 1 - stops(M)(s, c),
    }
    return {name: _figure(measure, logits, truth, pictures) for name, measure in measures.items()}


def _figure(measure: Callable[[Score, Ints], float], logits: NDArray[np.float64], truth: Ints, pictures: Sequence[str]) -> Figure:
    def at(chosen: Ints) -> float:
        return measure(score(logits[chosen], truth[chosen]), chosen)

    if not len(truth):
        return Figure(float("nan"), float("nan"), float("nan"))
    return Figure(at(np.arange(len(truth))), *interval(at, pictures))


def unmeasured(judged: Sequence[Judged], only_drawn: Sequence[str]) -> list[str]:
    """What these faces leave unmeasured, in words.

    Args:
        only_drawn: labels of which the model's training saw drawn faces only, as its description says.
    """
    missing = [label for label in CLASSES if not any(j.sample.label == label for j in judged)]
    notes = []
    for label in (label for label in CLASSES if label in missing or label in only_drawn):
        if label not in only_drawn:
            notes.append(f"Here is no face of {label}: how the model does on it is not measured.")
        elif label in missing:
            notes.append(f"Of {label} the model knows drawn faces only, and nothing is measured: its training saw no real one, and here is none either.")
        else:
            notes.append(f"Of {label} the model knows drawn faces only; those that it is measured on here are real.")
    if MASK in missing:
        notes.append("Without a face of mask there is no threshold, so who is stopped is not measured either.")
    return notes


def by_size(judged: Sequence[Judged]) -> list[list[Judged]]:
    return [[j for j in judged if low <= j.face_px < high] for low, high in SIZES]


def calibration(judged: Sequence[Judged]) -> dict[str, float]:
    """ECE as it is, and the further temperature (with its ECE) that would suit these faces best: a factor of the model's own."""
    logits, truth = table(judged)
    best = temperature(logits, truth)
    return {"ece": ece(softmax(logits), truth), "temperature": best, "ece_at_temperature": ece(softmax(logits, best), truth)}


def slices(judged: Sequence[Judged], threshold: float) -> dict[str, dict[str, float]]:
    """The door's question by light and by sharpness of the face, in thirds, at a fixed threshold."""
    seen = [j for j in judged if j.crop is not None]
    greys = [np.asarray(cv2.cvtColor(j.crop, cv2.COLOR_BGR2GRAY), np.uint8) for j in seen if j.crop is not None]
    rows: dict[str, dict[str, float]] = {}
    if not seen:
        return rows
    for name, values in (("light", [float(g.mean()) for g in greys]), ("sharpness", [sharpness(g) for g in greys])):
        edges = np.quantile(values, [0, 1 / 3, 2 / 3, 1])
        thirds = np.searchsorted(edges[1:3], values, side="right")  # a face that lies on an edge is counted above it, and once
        for third, word in enumerate(("least", "middle", "most")):
            inside = [j for j, own in zip(seen, thirds, strict=True) if own == third]
            rows[f"{name}: {word} ({edges[third]:.0f} to {edges[third + 1]:.0f})"] = at_threshold(*table(inside), threshold)
    return rows


def by_source(faces: Faces, masks: Masks, threshold: float, split: str = "val") -> dict[str, dict[str, float]]:
    """The door's question on the cached faces of one split, by source, at a fixed threshold."""
    rows = {}
    chosen = [i for i, row in enumerate(faces.rows) if row.split == split and row.label in CLASSES]
    for source in sorted({faces.rows[i].source for i in chosen}):
        mine = [i for i in chosen if faces.rows[i].source == source]
        p = np.array([masks.judge(faces.pictures[i], [FACE])[0] for i in mine], np.float64)
        truth = np.array([CLASSES.index(faces.rows[i].label) for i in mine], np.int64)
        rows[source] = at_threshold(np.log(p + 1e-12), truth, threshold)
    return rows


def worst(judged: Sequence[Judged], most: int = 48) -> list[Judged]:
    """The faces judged most wrongly: the least probability of what they are."""
    said = [j for j in judged if j.probabilities is not None]
    return sorted(said, key=lambda j: j.probabilities[CLASSES.index(j.sample.label)] if j.probabilities else 1.0)[:most]


def gallery(judged: Sequence[Judged], across: int = 12, tile: int = 112) -> NDArray[np.uint8]:
    """A contact sheet of what the classifier saw: truth and probabilities under each, BGR."""
    tiles = []
    for j in judged:
        picture = cv2.resize(j.crop, (tile, tile)) if j.crop is not None else np.zeros((tile, tile, 3), np.uint8)
        picture = cv2.copyMakeBorder(picture, 0, 26, 0, 0, cv2.BORDER_CONSTANT)
        cv2.putText(picture, f"{j.sample.label} {j.face_px:.0f}px", (2, tile + 10), cv2.FONT_HERSHEY_SIMPLEX, 0.34, (255, 255, 255), 1)
        said = " ".join(f"{v:.2f}" for v in j.probabilities) if j.probabilities else "not found"
        cv2.putText(picture, said, (2, tile + 22), cv2.FONT_HERSHEY_SIMPLEX, 0.34, (160, 255, 160), 1)
        tiles.append(picture)
    while len(tiles) % across or not tiles:
        tiles.append(np.zeros((tile + 26, tile, 3), np.uint8))
    return np.vstack([np.hstack(tiles[i:i + across]) for i in range(0, len(tiles), across)])


def write_metrics(path: Path, results: Sequence[Result], more: dict[str, Any]) -> None:
    """Everything as metrics.json."""
    content = {"pass_share": PASS_SHARE, "results": [asdict(r) for r in results], **more}
    with whole(path) as part:
        part.write_text(json.dumps(_known(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _known(value: Any) -> Any:
    """The same, with null for what is not a number: JSON has no nan."""
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_known(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
