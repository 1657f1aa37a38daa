# SPDX-License-Identifier: Apache-2.0
"""Training: what one step changes (the network, the optimiser and the mean of the weights), and how that state is kept on disk."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from edge.errors import ModelError
from trainer.errors import TrainerError
from trainer.faces.copying import copy_losses, look
from trainer.faces.going_on import must_go_on_alike
from trainer.faces.labels import Batch
from trainer.faces.network import build, put_weights, take_weights
from trainer.faces.onnx_file import read_onnx, write_onnx
from trainer.faces.plan import Plan
from trainer.faces.recipe import Recipe
from trainer.faces.select import detector_file, step_file
from trainer.faces.targets import losses
from trainer.faces.weights import BYTE, Weights, blended, grow, narrow, random_weights

WIDER = "yunet_n_640_640.onnx"
"""The wider of the published YuNets."""
OPTIMISERS: dict[str, Callable[[float], Any]] = {
    "adam": lambda rate: tf.keras.optimizers.Adam(rate, global_clipnorm=10.0),
    "muon": lambda rate: tf.keras.optimizers.Muon(rate, weight_decay=None, adam_weight_decay=None, global_clipnorm=10.0)}


def first_weights(recipe: Recipe) -> tuple[Plan, Weights]:
    """Plan and weights that training begins with."""
    plan = Plan(stages=recipe.stages, shared=recipe.shared, down=recipe.down)
    if not recipe.start:
        return plan, random_weights(plan, recipe.seed)
    path = detector_file(recipe.start, Path(recipe.weights))
    theirs, weights = read_onnx(path)
    wider = any(mine > its for pair in zip(plan.stages, theirs.stages, strict=True) for mine, its in zip(*pair, strict=True))
    # The neck adds the last stages up: a channel cannot be left out of one of them alone.
    if (plan.stem, plan.width) != (theirs.stem, theirs.width) or wider:
        raise ModelError(f"Detector {path}: its stages are {theirs.stages}, of which those of the recipe, {plan.stages}, cannot be cut.",
                         hint=f"No stage may be wider, and the last ones must end in {theirs.width} as they do there.")
    return plan, grow(narrow(weights, plan), plan)


def advisers(recipe: Recipe) -> list[Any]:
    """The networks that are imitated, YuNet n first; none where the recipe imitates nobody."""
    found = []
    for named in (WIDER, *recipe.advisers) if recipe.imitate > 0 else ():
        plan, weights = read_onnx(detector_file(named, Path(recipe.weights)))
        found.append(build(plan))
        put_weights(found[-1], plan, weights)
    return found


class Training:
    """Network, optimiser and mean of the weights, and their state on disk."""

    def __init__(self, recipe: Recipe) -> None:
        """Begin, or go on where the last run of this recipe stopped.

        Raises:
            ModelError: the recipe's shape cannot be made from `start`.
            TrainerError: the training began otherwise than the recipe says, or its saved state is of another shape, or damaged.
        """
        self._recipe = recipe
        self.plan, weights = first_weights(recipe)
        self._first = weights
        self.network, self.mean = build(self.plan), build(self.plan)
        put_weights(self.network, self.plan, weights)
        put_weights(self.mean, self.plan, weights)
        self._advisers = advisers(recipe)
        self._optimiser = OPTIMISERS[recipe.optimiser](recipe.rate)
        self._optimiser.build(self.network.trainable_variables)
        self.step = 0
        recipe.folder.mkdir(parents=True, exist_ok=True)
        self._checkpoint = tf.train.Checkpoint(
            weights=self.network.trainable_variables, mean=self.mean.trainable_variables, optimiser=self._optimiser.variables)
        try:
            self._manager = tf.train.CheckpointManager(self._checkpoint, str(recipe.folder / "states"), max_to_keep=2)
            if latest := self._manager.latest_checkpoint:
                must_go_on_alike(recipe)
                self._checkpoint.restore(latest).expect_partial()
                self.step = int(latest.rsplit("-", 1)[1])
        except TrainerError:
            raise
        except (ValueError, IndexError, RuntimeError, tf.errors.OpError) as error:  # TensorFlow has no name of its own for these
            reason = (str(error).splitlines() or ["nothing in it"])[0][:200]
            raise TrainerError(f"Training {recipe.folder}: its state does not fit the recipe, or is damaged ({reason}).",
                               hint=f"A recipe that begins otherwise needs another `name`; to begin anew, delete {recipe.folder}.") from error

    def rate(self) -> float:
        """Learning rate of the next step."""
        recipe = self._recipe
        if self.step < recipe.warm_up:
            return recipe.rate * (self.step + 1) / recipe.warm_up
        done = (self.step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
        return recipe.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, done))) / 2)

    def learn(self, batch: Batch) -> dict[str, Any]:
        """Take one step; the parts of its loss by name."""
        self._optimiser.learning_rate.assign(self.rate())
        # The mean follows closely at first, or it would hold on to the start for a thousand steps.
        keep = min(self._recipe.average, (1 + self.step) / (10 + self.step))
        # Each adviser is shown mirror images in half of the steps: the first in every other step, the second in two of four, the third in
        # four of eight, so that all combinations come.
        mirror = [self._recipe.mirror and bool(self.step >> number & 1) for number in range(len(self._advisers))]
        parts = self._graph(Batch(*(tf.constant(part) for part in batch)), tf.constant(keep, tf.float32), tf.constant(mirror, tf.bool))
        self.step += 1
        return dict(parts)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def _graph(self, batch: Batch, keep: Any, mirror: Any) -> dict[str, Any]:
        pictures = tf.cast(batch.pictures, tf.float32) / BYTE
        recipe = self._recipe
        advice = [look(adviser, pictures, mirror[number]) if recipe.mirror else adviser(pictures) for number, adviser in enumerate(self._advisers)]
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            maps = self.network(pictures, training=True)
            parts = copy_losses(maps, advice, recipe.share) if recipe.copy else losses(maps, advice, batch, recipe.believe)
            total = tf.add_n([value * (recipe.imitate if name == "imitate" else 1.0) for name, value in parts.items()])
        self._optimiser.apply(tape.gradient(total, variables), variables)
        for mean, value in zip(self.mean.trainable_variables, variables, strict=True):
            mean.assign(keep * mean + (1 - keep) * value)
        return parts

    def save(self) -> Path:
        """Write the state, and the mean weights, blended with the first, as a detector file."""
        try:
            self._manager.save(checkpoint_number=self.step)
        except (OSError, tf.errors.OpError) as error:
            reason = (str(error).splitlines() or ["no reason given"])[0][:200]
            raise TrainerError(f"Training {self._recipe.folder}: its state cannot be written ({reason}).",
                               hint="Free some space, then give the same command again: it goes on from the state before.") from error
        path = step_file(self._recipe, self.step)
        weights = blended(self._first, take_weights(self.mean, self.plan), self._recipe.keep)
        write_onnx(path, self.plan, weights, f"maskgate face detector, recipe {self._recipe.hash}, step {self.step}")
        return path
