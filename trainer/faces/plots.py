# SPDX-License-Identifier: Apache-2.0
"""Plots of the evaluation, as PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trainer.faces.results import Result


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
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def plot_false(results: Sequence[Result], size: int, path: Path) -> None:
    """Masked and bare recall against false boxes a picture, each point a score threshold."""
    figure, axes = _figure(f"webphotos test, long side {size}", "false boxes a picture", "recall, faces of 10 % of the height and more")
    for result in results:
        if result.size != size:
            continue
        scores = np.linspace(0.3, 0.95, 66)
        false = [result.outcome.false_per_picture(score) for score in scores]
        for label, dash in (("mask", "-"), ("no_mask", ":")):
            axes.plot(false, [_recall(result, score, label) for score in scores], dash, label=f"{result.model}, {label}")
    axes.set_xlim(0, 0.6)
    _save(figure, axes, path)


def plot_time(results: Sequence[Result], score: float, path: Path) -> None:
    """Masked recall against the time for a picture, each point a size."""
    figure, axes = _figure(f"webphotos test, score >= {score}", "milliseconds a picture, one thread", "recall of masked faces, 10 % of the height and more")
    for model in dict.fromkeys(result.model for result in results):
        own = [result for result in results if result.model == model]
        axes.plot([r.milliseconds for r in own], [_recall(r, score, "mask") for r in own], "o-", label=model)
        for r in own:
            axes.annotate(str(r.size), (r.milliseconds, _recall(r, score, "mask")), fontsize=7, xytext=(3, -9), textcoords="offset points")
    _save(figure, axes, path)


def plot_scores(results: Sequence[Result], size: int, path: Path) -> None:
    """Recall against the score threshold, masked and bare."""
    figure, axes = _figure(f"webphotos test, long side {size}", "score threshold", "recall, faces of 10 % of the height and more")
    for result in results:
        if result.size == size:
            scores = np.linspace(0.3, 0.95, 66)
            for label, dash in (("mask", "-"), ("no_mask", ":")):
                axes.plot(scores, [_recall(result, score, label) for score in scores], dash, label=f"{result.model}, {label}")
    _save(figure, axes, path)


def _recall(result: Result, score: float, label: str) -> float:
    """Of both bands from 10 % of the height up, weighted by their faces."""
    near, far = (result.outcome.recall(score, label, band) for band in (">=20 %", "10-20 %"))
    return (near[0] * near[1] + far[0] * far[1]) / max(1, near[1] + far[1])
