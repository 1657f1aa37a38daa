# SPDX-License-Identifier: Apache-2.0
"""Plots of an evaluation, as PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.degrade import SIDES
from trainer.judge import Judged, table
from trainer.score import Ints, M, softmax, tells_apart

NEAR = (0.1, 0.8)
"""Share of the others that pass, and of masks that pass then at least, where the corner of the ROC curve is drawn instead of the whole."""
LINES = {"balanced": "C0s-", "passes_mask": "C1o-", "stops_no_mask": "C2^--", "stops_incorrect": "C3v:"}
"""Colour, mark and line of each figure, the same whichever others there are; where two are alike, both are seen."""


def curves(judged: Sequence[Judged]) -> bytes:
    """ROC and precision-recall of mask against the rest, and how sure it is against how often right."""
    from matplotlib.figure import Figure

    logits, truth = table(judged)
    p = softmax(logits)
    figure = Figure(figsize=(14, 4.5), layout="constrained")
    roc, precision, sure = figure.subplots(1, 3)
    _roc(roc, p, truth)
    _precision(precision, p, truth)
    _reliability(sure, p, truth)
    return png(figure)


def _roc(axes: Any, p: NDArray[np.float64], truth: Ints) -> None:
    axes.set(xlabel="share of the others that pass", ylabel="share of masks that pass", title="ROC: mask against the rest")
    if not tells_apart(truth):
        _nothing(axes, "not measured: masks and others are needed")
        return
    right, wrong = running(p[:, M], truth)
    masks, others = right / right[-1], wrong / wrong[-1]
    axes.plot(others, masks)
    if np.interp(NEAR[0], others, masks) > NEAR[1]:  # the corner where a good model's curve lies; another's would be out of sight there
        axes.set(xlim=(0, 0.3), ylim=(0.7, 1.005))


def _precision(axes: Any, p: NDArray[np.float64], truth: Ints) -> None:
    axes.set(xlabel="recall: share of masks that pass", ylabel="precision: share of who passes that wears one", title="Precision and recall")
    if not tells_apart(truth):
        _nothing(axes, "not measured: masks and others are needed")
        return
    right, wrong = (counts[1:] for counts in running(p[:, M], truth))  # while nobody passes there is no precision
    axes.plot(right / right[-1], right / (right + wrong))
    axes.set(xlim=(0.5, 1.005))


def _nothing(axes: Any, why: str) -> None:
    axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes)
    axes.set(xticks=[], yticks=[])


def running(values: NDArray[np.float64], truth: Ints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many masks and how many others reach the threshold, as it falls from face to face; both begin with 0."""
    positive = truth[np.argsort(-values, kind="stable")] == M
    return np.concatenate([[0.0], np.cumsum(positive)]), np.concatenate([[0.0], np.cumsum(~positive)])


def degradation_plot(rows: Mapping[str, Mapping[str, float]]) -> bytes:
    """Balanced mask against bare and the door's question over the size of the face, in colour and grey."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    known = [name for name in LINES if any(np.isfinite(row[name]) for row in rows.values())]  # not of a class that no face is of
    for axes, look in zip(figure.subplots(1, 2, sharey=True), ("", " grey"), strict=True):
        for name in known:
            axes.plot(SIDES, [rows[f"{side} px{look}"][name] for side in SIDES], LINES[name], label=name)
        axes.set(xlabel="size of the face, px", title="in grey" if look else "in colour", xscale="log", xticks=SIDES, xticklabels=SIDES)
        axes.minorticks_off()
    least = min((rows[f"{side} px{look}"][name] for side in SIDES for look in ("", " grey") for name in known), default=0.0)
    figure.axes[0].set(ylabel="share of the faces", ylim=(min(0.9, least - 0.05), 1.01))
    if known:
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(LINES))
    else:
        for axes in figure.axes:
            _nothing(axes, "not measured: masks are needed, for the threshold")
    return png(figure)


def png(figure: Any) -> bytes:
    """A matplotlib figure as a file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return buffer.getvalue()


def _reliability(axes: Any, p: NDArray[np.float64], truth: Ints) -> None:
    confidence, right = p.max(axis=1), p.argmax(axis=1) == truth
    bins = np.clip(np.digitize(confidence, np.linspace(1 / 3, 1, 11)) - 1, 0, 9)
    known = [b for b in range(10) if (bins == b).any()]
    axes.plot([1 / 3, 1], [1 / 3, 1], "k:")
    axes.plot([confidence[bins == b].mean() for b in known], [right[bins == b].mean() for b in known], "o-")
    axes.set(xlabel="said probability", ylabel="share right", title="Calibration")
