# SPDX-License-Identifier: Apache-2.0
"""Log: how a training went: a CSV file, a plot of it, and the same for TensorBoard."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from edge.whole import whole
from trainer.errors import TrainerError
from trainer.model import tensorflow
from trainer.score import Score

FIGURES = ("auc", "stops_no_mask", "stops_incorrect", "balanced")


def write_log(path: Path, step: int, loss: float, figures: Score | None, worth: float) -> None:
    """Add one look to log.csv, whole or not at all: a training that is given again after a full disk reads it."""
    before = path.read_bytes() if path.is_file() else b""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if not before:
        writer.writerow(["step", "loss", "worth", *FIGURES])
    writer.writerow([step, f"{loss:.4f}", f"{worth:.4f}", *(_cell(getattr(figures, name)) if figures else "" for name in FIGURES)])
    with whole(path) as part:
        part.write_bytes(before + text.getvalue().encode())


def _cell(value: float) -> str:
    """Empty for what could not be measured."""
    return f"{value:.4f}" if math.isfinite(value) else ""


def read_worths(path: Path, last: int) -> list[float]:
    """What each look up to step `last` was worth; none yet: an empty list."""
    return [float(row["worth"]) for row in _rows(path) if int(row["step"]) <= last]


def plot_log(path: Path, out: Path) -> None:
    """Draw log.csv: the loss, and the figures of the faces that are watched."""
    from matplotlib.figure import Figure

    rows = _rows(path)
    if not rows:
        return
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    steps = [int(row["step"]) for row in rows]
    left.plot(steps, [float(row["loss"]) for row in rows], "o-")
    left.set(xlabel="step", ylabel="mean loss since the look before", title="Training")
    for name in FIGURES:
        if rows[0][name]:
            right.plot(steps, [float(row[name]) for row in rows], "o-", label=name)
    right.set(xlabel="step", title="Faces that are watched, not drawn")
    if right.lines:
        right.legend(fontsize=8)
    else:
        right.text(0.5, 0.5, "none: no face is of split val", ha="center", va="center", transform=right.transAxes)
    with whole(out) as part:
        figure.savefig(part, dpi=90)


def write_events(folder: Path, step: int, loss: float, figures: Score | None) -> None:
    """Add one look to the folder that `tensorboard --logdir` reads."""
    tf = tensorflow()
    values = {"loss": loss, **({name: value for name in FIGURES if math.isfinite(value := getattr(figures, name))} if figures else {})}
    # TensorFlow's own file writer, without the tensorboard package: that is needed to look at the files, not to write them.
    summary = tf.compat.v1.Summary(value=[tf.compat.v1.Summary.Value(tag=name, simple_value=value) for name, value in values.items()])
    with tf.Graph().as_default(), tf.compat.v1.summary.FileWriter(str(folder)) as writer:
        writer.add_summary(summary, step)


def _rows(path: Path) -> list[dict[str, str]]:
    """All looks, one a step. Raises TrainerError for a row that is none."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows, 2):
        try:
            int(row["step"]), float(row["loss"]), float(row["worth"]), [float(row[name] or 0) for name in FIGURES]
        except (KeyError, TypeError, ValueError) as error:
            raise TrainerError(f"{path}, line {number}: this is no look at a training.",
                               hint="Delete this line to go on without it; the training itself is in last.npz.") from error
    # A look that was logged, and whose state could then not be saved, is made again: the later one counts.
    return list({int(row["step"]): row for row in rows}.values())
