# SPDX-License-Identifier: Apache-2.0
"""Evaluate: detectors side by side on the pictures of the test split and on the clips, into tables, plots and a card."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2

from edge.whole import whole
from trainer.errors import TrainerError
from trainer.faces.card import around_section, put_section
from trainer.faces.clips import must_be_clips, read_truth, watch_all
from trainer.faces.detector import Detector
from trainer.faces.pictures import Picture, scenes
from trainer.faces.plots import plot_false, plot_scores, plot_time
from trainer.faces.results import Result, measure_all, names_of, nearby, outcomes_by_way
from trainer.faces.tables import clips_table, means_table, nearby_table, recall_table, scores_table
from trainer.faces.ways import WAYS

UNIT = 320
"""Long side that a unit searches, as it is delivered."""
AROUND = (UNIT, UNIT // 2)
"""Long sides whose neighbours are always measured too."""


def evaluate(models: list[Path], data: Path, videos: Path, sizes: list[int], score: float, to: Path, card: Path | None) -> None:
    """Measure, write `figures.md`, `figures.json` and plots into `to`, and the tables into the card if one is named.

    Raises:
        ModelError: a file is no detector. TrainerError: pictures or clips are missing. SettingsError: the card has no place for figures.
    """
    cv2.setNumThreads(1)
    names = names_of(models)
    _must_be_ready(models, videos, score, card)
    pictures, kept = _pictures(data)
    to.mkdir(parents=True, exist_ok=True)
    everything = measure_all(models, names, pictures, sorted({*sizes, *(near for size in AROUND for near in nearby(size))}))
    second = measure_all(models, names, kept, nearby(UNIT)) if kept else []
    around = [nearby_table([result for result in everything if result.size in nearby(size)], score, "webphotos test") for size in AROUND]
    if second:
        around.append(nearby_table(second, score, f"the {len(kept)} pictures of webphotos train that no training saw"))
    around += [means_table(outcomes_by_way(models, names, pictures, size), f"{len(WAYS)} ways to fit a picture into {size} px", score, "webphotos test")
               for size in AROUND]
    results = [result for size in sizes for result in everything if result.size == size]
    clips = clips_table(names, watch_all(videos, models, UNIT, score), UNIT, score)
    text = "\n\n".join([recall_table(results, score), *around, scores_table(everything, UNIT), clips]) + "\n"
    _write(to, text, [*_plain(everything, "webphotos test"), *_plain(second, "webphotos train, held out")])
    plot_false(everything, UNIT, to / "recall-against-false-faces.png")
    plot_time(results, score, to / "recall-against-time.png")
    plot_scores(everything, UNIT, to / "recall-against-score.png")
    print(text)
    if card is not None:
        put_section(card, text)


def _must_be_ready(models: list[Path], videos: Path, score: float, card: Path | None) -> None:
    """Tells before minutes of measuring what would fail after them."""
    for model in models:
        Detector(model, score)
    must_be_clips(videos, read_truth(videos / "TRUTH.csv"))
    if card is not None:
        around_section(card)


def _pictures(data: Path) -> tuple[list[Picture], list[Picture]]:
    """Those of the test split, and for a second opinion those that were kept out of training: which step ships may have been chosen by the
    latter, which file ships was decided by the former.
    """
    pictures = scenes(data, "test", ("webphotos",))
    if not pictures:
        raise TrainerError(f"{data}: webphotos has no test split.", hint="Its labels.csv must have rows with split `test`.")
    return pictures, [picture for picture in scenes(data, "train", ("webphotos",)) if picture.held_out]


def _write(to: Path, text: str, rows: list[dict[str, object]]) -> None:
    for name, content in (("figures.md", text), ("figures.json", json.dumps(rows, indent=1, allow_nan=False))):
        with whole(to / name) as part:
            part.write_text(content, encoding="utf-8")


def _plain(results: list[Result], of: str) -> list[dict[str, object]]:
    return [{"of": of, "model": r.model, "size": r.size, "milliseconds": r.milliseconds, "landmark_error": _known(r.landmark_error),
             "average_precision": _known(r.outcome.average_precision()), "pictures": r.outcome.pictures,
             "faces": [[face.label, round(face.share, 4), round(face.score, 4)] for face in r.outcome.faces],
             "false": [round(value, 4) for value in r.outcome.false_scores]} for r in results]


def _known(value: float) -> float | None:
    """None for what is not a number: JSON has no NaN."""
    return None if math.isnan(value) else value
