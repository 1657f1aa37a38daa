# SPDX-License-Identifier: Apache-2.0
"""Descent: network, optimiser and averaged weights: what one step of a training changes, and how it is kept on disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.whole import whole
from trainer.draw import Batch
from trainer.errors import TrainerError
from trainer.model import body_of
from trainer.recipe import Fit, Recipe
from trainer.schedule import rate_of
from trainer.score import Score, score, three_of


class Descent:
    """A training between two steps."""

    def __init__(self, tf: Any, model: Any, recipe: Recipe) -> None:
        self._tf, self.model, self._recipe, self._settings = tf, model, recipe, recipe.fit
        settings = recipe.fit
        keras = tf.keras
        self._head = next(layer for layer in model.layers if layer.name == "logits").trainable_variables
        self._rest = _fitted(keras, model, settings.from_layer)
        self._top = _from(model, settings.top_layer) + self._head if settings.top_steps else []
        self._averages = [tf.Variable(v, trainable=False) for v in self._rest + self._head]
        self._head_adam = keras.optimizers.Adam(settings.head_rate)
        self._adam = optimizer(keras, settings)
        self._head_adam.build(self._head)
        self._adam.build(self._rest + self._head)
        self._head_step = tf.function(lambda x, y: self._descend(x, y, self._head_adam, self._head), autograph=False)
        self._full_step = tf.function(lambda x, y: self._descend(x, y, self._adam, self._rest + self._head), autograph=False)
        self._top_step = tf.function(lambda x, y: self._descend(x, y, self._adam, self._rest + self._head, self._top), autograph=False)
        self._look = tf.function(lambda x: model(x, training=False), autograph=False, reduce_retracing=True)
        self._features: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def prepare_head(self, batches: Iterable[Batch]) -> None:
        """Compute the features of some batches once; the steps of the head then draw from these instead of pictures.

        ImageNet's features do not change while the head alone is fitted, and cost all of such a step's time.
        """
        dropout = next(layer for layer in self.model.layers if layer.name == "dropout")
        features = self._tf.keras.Model(self.model.inputs, dropout.input)
        found = [(np.asarray(features(batch.pictures, training=False)), self._wanted(batch)) for batch in batches]
        self._features = np.concatenate([f for f, _ in found]), np.concatenate([t for _, t in found])

    def _wanted(self, batch: Batch) -> NDArray[np.float32]:
        """Targets as wide as the network's answer: of two, the second is "not worn properly"."""
        y = batch.targets
        return y if self.model.output_shape[-1] == y.shape[1] else np.stack([y[:, 0], y[:, 1:].sum(axis=1)], axis=1)

    def head_step(self, step: int) -> float:
        """One step of the head alone on the features of `prepare_head`."""
        assert self._features is not None
        tf, (features, targets) = self._tf, self._features
        rng = np.random.default_rng((self._settings.seed, 1, step))
        chosen = rng.integers(len(features), size=min(len(features), 4 * self._settings.batch))
        keep = 1 - next(layer for layer in self.model.layers if layer.name == "dropout").rate
        kept = features[chosen] * (rng.random((len(chosen), features.shape[1])) < keep) / keep
        kernel, bias = self._head
        with tf.GradientTape() as tape:
            logits = tf.matmul(tf.constant(kept, tf.float32), kernel) + bias
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets[chosen], logits))
        self._head_adam.apply_gradients(zip(tape.gradient(loss, self._head), self._head, strict=True))
        self._average(0.0)
        return float(loss)

    def _descend(self, pictures: Any, targets: Any, adam: Any, variables: list[Any], only: list[Any] | None = None) -> Any:
        """One step down; with `only`, the other variables get no gradient, which also spares working it out."""
        tf = self._tf
        with tf.GradientTape() as tape:
            # Dropout is on by `training=True`; BatchNorm layers are frozen in `_fitted`, so they stay as ImageNet left them.
            logits = self.model(pictures, training=True)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
            if self._settings.pass_weight:
                passes = logits[:, 0] - tf.reduce_logsumexp(logits[:, 1:], axis=1)
                loss += self._settings.pass_weight * tf.reduce_mean(
                    tf.nn.sigmoid_cross_entropy_with_logits(targets[:, 0], passes))
        asked = variables if only is None else only
        found = dict(zip((v.path for v in asked), tape.gradient(loss, asked), strict=True))
        adam.apply_gradients([(found[v.path] if v.path in found else tf.zeros_like(v), v) for v in variables])
        return loss

    def step(self, step: int, batch: Batch, worths: Sequence[float] = ()) -> float:
        """One step on one batch; `worths` of the looks so far, for a schedule that follows them. Returns the loss.

        Raises:
            TrainerError: the loss is no number any more.
        """
        s = self._settings
        x, y = self._tf.constant(batch.pictures), self._tf.constant(self._wanted(batch))
        if step < s.head_steps:
            loss = self._head_step(x, y)
        else:
            self._adam.learning_rate.assign(rate_of(step, self._recipe, worths))
            loss = (self._top_step if step < s.head_steps + s.top_steps else self._full_step)(x, y)
        # Early averages must not remember ImageNet: the decay grows with the steps done (as in TensorFlow's own).
        self._average(min(s.average, (1 + step) / (10 + step)) if step >= s.head_steps else 0.0)
        found = float(loss)
        if not np.isfinite(found):
            raise TrainerError(f"Step {step}: the loss is {found}.", hint="Lower [fit] rate; 3e-4 is known to hold, 1e-3 is not.")
        return found

    def _average(self, decay: float) -> None:
        for average, variable in zip(self._averages, self._rest + self._head, strict=True):
            average.assign(decay * average + (1 - decay) * variable)

    def watch(self, looks: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> Score | None:
        """Figures of the averaged weights on BGR crops (n, size, size, 3) and their truth; none when there are none."""
        pictures, truth = looks
        if not len(truth):
            return None
        with self._averaged():
            logits = np.concatenate([self._look(self._tf.constant(pictures[i:i + 64, ..., ::-1].astype(np.float32))).numpy()
                                     for i in range(0, len(pictures), 64)])
        return score(three_of(logits), truth)

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
        """Everything that a resumed run needs; the file that was there stays when the disk is full."""
        arrays: dict[str, Any] = {f"v{i}": np.asarray(v) for i, v in enumerate(self._state())}
        with whole(path) as part:
            np.savez(part, step=step, **arrays)

    def load(self, path: Path) -> int:
        """Read what `save` wrote and return the steps done; 0 where there is nothing.

        Raises:
            TrainerError: the checkpoint is of another network, or damaged.
        """
        if not path.is_file():
            return 0
        hint = "Give another --run folder, or delete this one."
        try:
            with np.load(path) as saved:
                values = [saved[f"v{i}"] for i in range(len(saved.files) - 1)]
                step = int(saved["step"])
        except (zipfile.BadZipFile, EOFError, ValueError, KeyError, TypeError) as error:  # cut short, empty, no such archive
            raise TrainerError(f"{path}: the checkpoint is damaged ({error}).", hint=hint) from error
        state = self._state()
        if [value.shape for value in values] != [tuple(v.shape) for v in state]:
            raise TrainerError(f"{path}: the checkpoint is of another network.", hint=hint)
        for v, value in zip(state, values, strict=True):
            v.assign(value)
        return step

    def export(self, path: Path) -> None:
        """Write the network with its averaged weights; the file that was there stays when the disk is full."""
        with whole(path) as part, self._averaged():
            self.model.save(part)


def optimizer(keras: Any, settings: Fit) -> Any:
    """The recipe's optimiser, gradients clipped."""
    if settings.optimizer == "rmsprop":
        return keras.optimizers.RMSprop(settings.rate, global_clipnorm=settings.clip)
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(settings.rate, global_clipnorm=settings.clip)
    return keras.optimizers.AdamW(settings.rate, weight_decay=settings.decay, global_clipnorm=settings.clip)


def _from(model: Any, layer: int) -> list[Any]:
    """Variables of the backbone's layers from this one on; of a network without one: all but the head's."""
    body = body_of(model)
    layers = [part for part in model.layers if part.name != "logits"] if body is None else body.layers[layer:]
    return [v for part in layers for v in part.trainable_variables]


def _fitted(keras: Any, model: Any, from_layer: int) -> list[Any]:
    """The backbone's variables that are fitted; BatchNorm is frozen whole: 64 augmented faces make poor statistics."""
    body = body_of(model)
    if body is None:
        return [v for layer in model.layers if layer.name != "logits" for v in layer.trainable_variables]
    for number, layer in enumerate(body.layers):
        layer.trainable = number >= from_layer and not isinstance(layer, keras.layers.BatchNormalization)
    return list(body.trainable_variables)
