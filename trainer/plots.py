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
from trainer.score import Ints, M, softmax


def curves(judged: Sequence[Judged]) -> bytes:
    """ROC and precision-recall of mask against the rest, and how sure it is against how often right."""
    from matplotlib.figure import Figure

    logits, truth = table(judged)
    p = softmax(logits)
    figure = Figure(figsize=(14, 4.5), layout="constrained")
    roc, precision, sure = figure.subplots(1, 3)
    right, wrong = running(p[:, M], truth)
    masks, others = max(1, right[-1]), max(1, wrong[-1])
    roc.plot(wrong / others, right / masks)
    roc.set(xlabel="share of the others that pass", ylabel="share of masks that pass", xlim=(0, 0.3), ylim=(0.7, 1.005), title="ROC: mask against the rest")
    precision.plot(right / masks, right / np.maximum(1, right + wrong))
    precision.set(xlabel="recall: share of masks that pass", ylabel="precision: share of who passes that wears one", xlim=(0.5, 1.005), title="Precision and recall")
    _reliability(sure, p, truth)
    return png(figure)


def running(values: NDArray[np.float64], truth: Ints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many masks and how many others reach the threshold, as it falls from face to face; both begin with 0."""
    positive = truth[np.argsort(-values, kind="stable")] == M
    return np.concatenate([[0.0], np.cumsum(positive)]), np.concatenate([[0.0], np.cumsum(~positive)])


def degradation_plot(rows: Mapping[str, Mapping[str, float]]) -> bytes:
    """Balanced mask against bare and the door's question over the size of the face, in colour and grey."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, look in zip(figure.subplots(1, 2, sharey=True), ("", " grey"), strict=True):
        for name in ("balanced", "passes_mask", "stops_no_mask", "stops_incorrect"):
            values = [rows[f"{side} px{look}"][name] for side in SIDES]
            if np.isfinite(values).any():  # not of a class that no face is of
                axes.plot(SIDES, values, "o-", label=name)
        axes.set(xlabel="size of the face, px", title="in grey" if look else "in colour", xscale="log", xticks=SIDES, xticklabels=SIDES)
        axes.minorticks_off()
        axes.legend(fontsize=8)
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
