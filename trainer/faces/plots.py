# SPDX-License-Identifier: Apache-2.0
"""Plots of the evaluation, as PNG files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.whole import whole
from trainer.faces.results import FLOOR, Result
from trainer.lettering import lettered


def _figure(title: str, across: str, up: str) -> tuple[Any, Any]:
    import matplotlib
    matplotlib.use("Agg")  # no screen is needed or opened
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(7, 5), layout="constrained")
    axes.set(title=title, xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    return figure, axes


def _save(figure: Any, axes: Any, path: Path) -> None:
    from matplotlib import pyplot
    axes.legend(fontsize=8)
    with whole(path) as part:
        figure.savefig(part, dpi=120)
    pyplot.close(figure)


def plot_false(results: Sequence[Result], size: int, path: Path) -> None:
    """Masked and bare recall against false boxes a picture, each point a score threshold."""
    figure, axes = _figure(f"webphotos test, long side {size}", "false boxes a picture", "recall, faces of 10 % of the height and more")
    _curves(axes, results, size, lambda result, score: result.outcome.false_per_picture(score))
    axes.set(xlim=(0, 0.6), ylim=(0.7, 1.01))
    _save(figure, axes, path)


def plot_time(results: Sequence[Result], score: float, path: Path) -> None:
    """Masked recall against the time for a picture, each point a size."""
    figure, axes = _figure(f"webphotos test, score >= {score}", "milliseconds a picture, one thread", "recall of masked faces, 10 % of the height and more")
    for number, model in enumerate(dict.fromkeys(result.model for result in results)):
        own = [result for result in results if result.model == model]
        axes.plot([r.milliseconds for r in own], [_recall(r, score, "mask") for r in own], "o-", label=lettered(model), color=f"C{number}")
        for r in own:  # each detector's sizes in its own colour and row, since two may meet in a point
            axes.annotate(str(r.size), (r.milliseconds, _recall(r, score, "mask")), fontsize=7, color=f"C{number}",
                          xytext=(3, 4 if number == 0 else -9 * number), textcoords="offset points")
    _save(figure, axes, path)


def plot_scores(results: Sequence[Result], size: int, path: Path) -> None:
    """Recall against the score threshold, masked and bare."""
    figure, axes = _figure(f"webphotos test, long side {size}", "score threshold", "recall, faces of 10 % of the height and more")
    _curves(axes, results, size, lambda _, score: score)
    _save(figure, axes, path)


def _curves(axes: Any, results: Sequence[Result], size: int, across: Callable[[Result, float], float]) -> None:
    """Recall over score thresholds, a colour for each detector: masked drawn through, bare dotted. `across` is where a threshold lies."""
    for number, result in enumerate(result for result in results if result.size == size):
        scores = [float(score) for score in np.linspace(FLOOR, 0.95, 66)]
        for label, dash in (("mask", "-"), ("no_mask", ":")):
            axes.plot([across(result, score) for score in scores], [_recall(result, score, label) for score in scores], dash,
                      color=f"C{number}", label=f"{lettered(result.model)}, {label}")


def _recall(result: Result, score: float, label: str) -> float:
    """Of both bands from 10 % of the height up, weighted by their faces. NaN where there are none in either."""
    bands = [result.outcome.recall(score, label, band) for band in (">=20 %", "10-20 %")]
    count = sum(faces for _, faces in bands)
    return sum(recall * faces for recall, faces in bands if faces) / count if count else float("nan")
