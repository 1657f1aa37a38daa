# SPDX-License-Identifier: Apache-2.0
"""Fit: the optimisation. Head alone first, then the backbone, BatchNorm in inference mode throughout.

A run lives in a folder: `recipe.toml` (a copy), `log.csv` (a line each look), `last.npz` (weights, optimiser, step:
resume reads it), `best.keras` (averaged weights of the best look, what `evaluate` and `maskgate-convert` take).
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.augment import plain
from trainer.data.cache import Faces
from trainer.data.labels import CLASSES
from trainer.draw import Batch, Drawer, ahead
from trainer.errors import TrainerError
from trainer.model import body_of, build, tensorflow
from trainer.recipe import Fit, Recipe
from trainer.score import Score, score

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
    """Train, or go on with a training that was cut off.

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
    run = _Run(tf, model, recipe.fit)
    first = run.load(home / "last.npz")
    total = recipe.fit.head_steps + recipe.fit.steps
    looks = _looks(faces, rows.watched, recipe)
    best = _best_so_far(home / "log.csv") if first else -1.0
    say(f"{len(rows.drawn)} faces to draw from, {len(rows.watched)} to watch, {model.count_params():,} parameters, "
        f"steps {first} to {total}.")
    began, losses = time.monotonic(), []
    for step, batch in enumerate(ahead(drawer, first, total), first):
        losses.append(run.step(step, batch))
        if step + 1 == total or (step + 1) % recipe.fit.watch_every == 0:
            left = (time.monotonic() - began) / (step + 1 - first) * (total - step - 1)
            figures = run.watch(looks)
            best = _keep(run, home, step + 1, figures, best, float(np.mean(losses)))
            say(f"step {step + 1}/{total}  loss {np.mean(losses):.3f}  {figures}  {left / 60:.0f} min left")
            losses = []
    return home / "best.keras"


def _keep(run: _Run, home: Path, step: int, figures: Score | None, best: float, loss: float) -> float:
    """Save what must survive; the last good checkpoint stays when the disk is full."""
    worth = figures.worth if figures else float(step)
    try:
        run.save(home / "last.npz", step)
        if worth >= best:
            run.export(home / "best.keras")
        _log(home / "log.csv", step, loss, figures, worth)
    except OSError as error:
        raise TrainerError(f"{home}: cannot be written ({error.strerror or error}); the last good checkpoint stays.",
                           hint="Free some space, then give the same command again: it goes on from there.") from error
    return max(worth, best)


class _Run:
    """Network, optimiser, averaged weights: what one step changes."""

    def __init__(self, tf: Any, model: Any, settings: Fit) -> None:
        self._tf, self.model, self._settings = tf, model, settings
        keras = tf.keras
        self._head = next(layer for layer in model.layers if layer.name == "logits").trainable_variables
        self._rest = _fitted(keras, model, settings.from_layer)
        self._averages = [tf.Variable(v, trainable=False) for v in self._rest + self._head]
        self._step_now = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._head_adam = keras.optimizers.Adam(settings.head_rate)
        self._adam = keras.optimizers.AdamW(settings.rate, weight_decay=settings.decay, global_clipnorm=settings.clip)
        self._head_adam.build(self._head)
        self._adam.build(self._rest + self._head)
        self._head_step = tf.function(lambda x, y: self._descend(x, y, self._head_adam, self._head), autograph=False)
        self._full_step = tf.function(lambda x, y: self._descend(x, y, self._adam, self._rest + self._head), autograph=False)
        self._look = tf.function(lambda x: model(x, training=False), autograph=False, reduce_retracing=True)

    def _descend(self, pictures: Any, targets: Any, adam: Any, variables: list[Any]) -> Any:
        tf = self._tf
        with tf.GradientTape() as tape:
            # Dropout is on by `training=True`; BatchNorm layers are frozen in `_fitted`, so they stay as ImageNet left them.
            logits = self.model(pictures, training=True)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
            if self._settings.pass_weight:
                passes = logits[:, 0] - tf.reduce_logsumexp(logits[:, 1:], axis=1)
                loss += self._settings.pass_weight * tf.reduce_mean(
                    tf.nn.sigmoid_cross_entropy_with_logits(targets[:, 0], passes))
        adam.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    def step(self, step: int, batch: Batch) -> float:
        s = self._settings
        x, y = self._tf.constant(batch.pictures), self._tf.constant(batch.targets)
        if step < s.head_steps:
            loss = self._head_step(x, y)
        else:
            self._adam.learning_rate.assign(rate_at(step - s.head_steps, s))
            loss = self._full_step(x, y)
        # Early averages must not remember ImageNet: the decay grows with the steps done (as in TensorFlow's own).
        decay = min(s.average, (1 + step) / (10 + step)) if step >= s.head_steps else 0.0
        for average, variable in zip(self._averages, self._rest + self._head, strict=True):
            average.assign(decay * average + (1 - decay) * variable)
        found = float(loss)
        if not np.isfinite(found):
            raise TrainerError(f"Step {step}: the loss is {found}.", hint="Lower [fit] rate; 3e-4 is known to hold, 1e-3 is not.")
        return found

    def watch(self, looks: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> Score | None:
        pictures, truth = looks
        if not len(truth):
            return None
        with self._averaged():
            logits = np.concatenate([self._look(self._tf.constant(pictures[i:i + 64, ..., ::-1].astype(np.float32))).numpy()
                                     for i in range(0, len(pictures), 64)])
        return score(logits, truth)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Within it the network has its averaged weights."""
        variables = self._rest + self._head
        kept = [v.numpy() for v in variables]
        for v, average in zip(variables, self._averages, strict=True):
            v.assign(average)
        try:
            yield
        finally:
            for v, value in zip(variables, kept, strict=True):
                v.assign(value)

    def _state(self) -> list[Any]:
        return [*self._rest, *self._head, *self._averages, *self._head_adam.variables, *self._adam.variables]

    def save(self, path: Path, step: int) -> None:
        part = path.with_name("last.part.npz")
        try:
            arrays: dict[str, Any] = {f"v{i}": np.asarray(v) for i, v in enumerate(self._state())}
            np.savez(part, step=step, **arrays)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def load(self, path: Path) -> int:
        if not path.is_file():
            return 0
        with np.load(path) as saved:
            state = self._state()
            if len(saved.files) != len(state) + 1 or any(saved[f"v{i}"].shape != tuple(v.shape) for i, v in enumerate(state)):
                raise TrainerError(f"{path}: the checkpoint is of another network.", hint="Give another --run folder, or delete this one.")
            for i, v in enumerate(state):
                v.assign(saved[f"v{i}"])
            return int(saved["step"])

    def export(self, path: Path) -> None:
        part = path.with_name("best.part.keras")
        try:
            with self._averaged():
                self.model.save(part)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise


def rate_at(step: int, settings: Fit) -> float:
    """Learning rate: a short rise, then a cosine down to a hundredth."""
    if step < settings.warm_up:
        return settings.rate * (step + 1) / settings.warm_up
    done = (step - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.rate * (0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * done))))


def _fitted(keras: Any, model: Any, from_layer: int) -> list[Any]:
    """The backbone's variables that are fitted; BatchNorm is frozen whole: 64 augmented faces make poor statistics."""
    body = body_of(model)
    if body is None:
        return [v for layer in model.layers if layer.name != "logits" for v in layer.trainable_variables]
    for number, layer in enumerate(body.layers):
        layer.trainable = number >= from_layer and not isinstance(layer, keras.layers.BatchNormalization)
    return list(body.trainable_variables)


def _looks(faces: Faces, rows: list[int], recipe: Recipe) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    m = recipe.model
    pictures = [plain(faces.pictures[i], m.margin, m.input_px) for i in rows]
    shape = (0, m.input_px, m.input_px, 3)
    return (np.stack(pictures) if pictures else np.zeros(shape, np.uint8),
            np.array([CLASSES.index(faces.rows[i].label) for i in rows], np.int64))


def _log(path: Path, step: int, loss: float, figures: Score | None, worth: float) -> None:
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", "loss", "worth", "auc", "stops_no_mask", "stops_incorrect", "balanced"])
        values = [figures.auc, figures.stops_no_mask, figures.stops_incorrect, figures.balanced] if figures else [""] * 4
        writer.writerow([step, f"{loss:.4f}", f"{worth:.4f}", *(f"{v:.4f}" if v != "" else "" for v in values)])


def _best_so_far(path: Path) -> float:
    if not path.is_file():
        return -1.0
    with path.open(newline="", encoding="utf-8") as file:
        return max((float(row["worth"]) for row in csv.DictReader(file)), default=-1.0)
