# SPDX-License-Identifier: Apache-2.0
"""Fit: the optimisation. Head alone first, then the backbone, BatchNorm in inference mode throughout.

A run lives in a folder: `recipe.toml` (a copy), `run.json` (what it is a run of), `lock` (empty, see alone.py), `log.csv` (a line each look), `training_plot.png` (the same drawn),
`tensorboard/` (the same again), `last.npz` (weights, optimiser, step: resume reads it), `best.keras` (averaged weights of
the best look, what `maskgate-convert` takes).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from trainer.augment import plain
from trainer.data.cache import Faces
from trainer.data.labels import CLASSES
from trainer.descent import Descent
from trainer.draw import Drawer, ahead
from trainer.errors import TrainerError
from trainer.log import plot_log, read_worths, write_events, write_log
from trainer.model import build, tensorflow
from trainer.recipe import Recipe
from trainer.schedule import should_stop
from trainer.score import Score, tells_apart

Say = Callable[[str], None]


@dataclass(frozen=True)
class Rows:
    """Which rows of the cache a run draws from, and which it only looks at."""

    drawn: list[int]
    watched: list[int]


def rows_of(faces: Faces, recipe: Recipe) -> Rows:
    """Split the cache as the recipe says.

    Watched are the held-out sources' `train` split where there are any, else the split `val`. `test` is never among
    them: it is for measuring once, at the end.
    """
    data = recipe.data
    drawn = [i for i, row in enumerate(faces.rows) if row.split in data.splits and row.source not in data.hold_out]
    watched = [i for i, row in enumerate(faces.rows) if row.label in CLASSES and (
        (row.source in data.hold_out and row.split == "train") if data.hold_out else row.split == "val")]
    return Rows(drawn, watched)


def fit(faces: Faces, recipe: Recipe, data: Path, home: Path, say: Say = print, threads: int = 2) -> Path:
    """Train, or go on with a training that was cut off; one that has ended, early or not, is not gone on with.

    Args:
        faces: the cache, with every row that the recipe may draw from.
        recipe: all settings.
        data: the data folder, for the weights' path.
        home: the run's folder; a `last.npz` in it is resumed.

    Returns:
        The path of the model.

    Raises:
        TrainerError: nothing to draw from, weights that do not fit, a checkpoint of another network, a full disk.
    """
    tf = tensorflow(threads)
    tf.keras.utils.set_random_seed(recipe.fit.seed)
    home.mkdir(parents=True, exist_ok=True)
    rows = rows_of(faces, recipe)
    drawer = Drawer(faces, recipe, rows.drawn)
    model = build(recipe.model, data)
    run = Descent(tf, model, recipe)
    first, total = run.load(home / "last.npz"), recipe.total_steps
    looks = _looks(faces, rows.watched, recipe)
    if text := watched_text(looks[1]):
        say(text)
    if not tells_apart(looks[1]):
        looks = looks[0][:0], looks[1][:0]  # figures that choose nothing would keep the first look, or stop early
    worths = read_worths(home / "log.csv", first)
    if first >= total or should_stop(worths, recipe.fit.stop_after):
        early = "" if first >= total else f", which is early: no better look for {recipe.fit.stop_after}"
        say(f"{home}: this training has ended, at step {first} of {total}{early}.")
        return _finish(run, home)
    say(f"{len(rows.drawn)} faces to draw from, {len(rows.watched)} to watch, {model.count_params():,} parameters, "
        f"steps {first} to {total}.")
    if not rows.watched:
        say("Nothing tells how good it gets: no face is of split val. `maskgate-train data build FOLDER --val 0.15` keeps some; then give another --run.")
    began, losses = time.monotonic(), []
    bar = tqdm(_steps(run, drawer, recipe, first, worths), desc="fit", unit="step", initial=first, total=total, mininterval=5)
    for step, loss in bar:
        losses.append(loss)
        if step + 1 == total or (step + 1) % recipe.fit.watch_every == 0:
            left = (time.monotonic() - began) / (step + 1 - first) * (total - step - 1)
            figures = run.watch(looks)
            at_least = -1.0 if recipe.fit.keep == "last" else max(worths, default=-1.0)
            worths.append(_keep(run, home, step + 1, figures, at_least, float(np.mean(losses))))
            bar.clear()
            say(f"step {step + 1}/{total}  loss {np.mean(losses):.3f}  {f'{figures}  ' if figures else ''}{left / 60:.0f} min left")
            losses = []
            if figures and should_stop(worths, recipe.fit.stop_after):
                say(f"No better look for {recipe.fit.stop_after}: stopped early.")
                break
    bar.close()
    return _finish(run, home)


def watched_text(truth: NDArray[np.int64]) -> str:
    """What to say of watched faces (columns of `CLASSES`) that leave something unmeasured; an empty text where all is measured."""
    missing = [label for column, label in enumerate(CLASSES) if not (truth == column).any()]
    if not missing:
        return ""
    if not tells_apart(truth):
        those = f"No face of {' or '.join(missing)} is watched" if len(truth) else "No face is watched"
        return (f"{those}: nothing is measured on the way, and the last step is kept. `maskgate-train data build FOLDER --val 0.1` sets one group in ten apart "
                "(picture, where there are no groups).")
    return f"Watched is no face of {' or '.join(missing)}: how well it does there is not measured, and what is best is chosen by the others."


def _finish(run: Descent, home: Path) -> Path:
    """What a training leaves when it has ended; what is missing is made again."""
    if not (home / "best.keras").is_file():  # deleted, or never written: the training itself is done
        run.export(home / "best.keras")
    plot_log(home / "log.csv", home / "training_plot.png")
    return home / "best.keras"


HEAD_DRAWS = 1_000_000
"""Where the steps begin from which the head's cached batches are drawn: none that a training reaches."""


def _steps(run: Descent, drawer: Drawer, recipe: Recipe, first: int, worths: list[float]) -> Iterator[tuple[int, float]]:
    """Step and loss, one after another; `worths` is read as it grows."""
    settings = recipe.fit
    cached = settings.head_batches and first < settings.head_steps
    if cached:
        run.prepare_head(ahead(drawer, HEAD_DRAWS, HEAD_DRAWS + settings.head_batches))
        for step in range(first, settings.head_steps):
            yield step, run.head_step(step)
    begin = settings.head_steps if cached else first
    for step, batch in enumerate(ahead(drawer, begin, recipe.total_steps), begin):
        yield step, run.step(step, batch, worths)


def _keep(run: Descent, home: Path, step: int, figures: Score | None, best: float, loss: float) -> float:
    """Save what must survive; the last good checkpoint stays when the disk is full. Returns what this look is worth."""
    worth = figures.worth if figures else float(step)
    try:
        if worth >= best:
            run.export(home / "best.keras")
        write_log(home / "log.csv", step, loss, figures, worth)
        write_events(home / "tensorboard", step, loss, figures)
        run.save(home / "last.npz", step)  # last: a resumed run takes whatever is before it as done
    except OSError as error:
        raise TrainerError(f"{home}: cannot be written ({error.strerror or error}); the last good checkpoint stays.",
                           hint="Free some space, then give the same command again: it goes on from there.") from error
    return worth


def _looks(faces: Faces, rows: list[int], recipe: Recipe) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    m = recipe.model
    pictures = [plain(faces.pictures[i], m.margin, m.input_px) for i in rows]
    shape = (0, m.input_px, m.input_px, 3)
    return (np.stack(pictures) if pictures else np.zeros(shape, np.uint8),
            np.array([CLASSES.index(faces.rows[i].label) for i in rows], np.int64))
