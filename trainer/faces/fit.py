# SPDX-License-Identifier: Apache-2.0
"""Fit: the training loop. Stops and goes on where it was; the same recipe gives the same scenes."""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from edge.errors import ModelError
from trainer.alone import alone
from trainer.errors import TrainerError
from trainer.faces.copying import copy_losses, look
from trainer.faces.going_on import must_go_on_alike, note
from trainer.faces.labels import KIND, KINDS, LEARN, Faces
from trainer.faces.mining import mine
from trainer.faces.network import BYTE, build, grow, narrow, put_weights, random_weights, take_weights
from trainer.faces.onnx_file import Weights, blended, read_onnx, write_onnx
from trainer.faces.pictures import Image, Pixels, crops, scenes
from trainer.faces.plan import Plan
from trainer.faces.recipe import Recipe
from trainer.faces.scenes import Scenes, Store
from trainer.faces.select import FIGURES, Selection, chosen, detector_file
from trainer.faces.targets import Batch, losses
from trainer.faces.teachers import label_crops, label_scenes, look_at, styles_of
from trainer.faces.views import VIEWS

WIDER = "yunet_n_640_640.onnx"
"""The wider of the published YuNets."""
OPTIMISERS: dict[str, Callable[[float], Any]] = {
    "adam": lambda rate: tf.keras.optimizers.Adam(rate, global_clipnorm=10.0),
    "muon": lambda rate: tf.keras.optimizers.Muon(rate, weight_decay=None, adam_weight_decay=None, global_clipnorm=10.0)}
AHEAD = 8
"""Batches that are made before they are asked for."""
MOST_FACES = 32
"""In one scene; the largest are kept."""


def load_store(recipe: Recipe) -> Store:
    """All pictures, decoded, with the teachers' faces. The first time takes a quarter of an hour, then seconds."""
    data, cache, weights = Path(recipe.data), Path(recipe.cache).expanduser(), Path(recipe.weights)
    photographs, heads = scenes(data), crops(data)
    wide, near = Pixels(photographs, cache), Pixels(heads, cache)
    seen_wide, seen_near = look_at(photographs, wide, cache, weights), look_at(heads, near, cache, weights)
    styles, slips = styles_of(photographs, seen_wide)
    faces = [*label_scenes(photographs, seen_wide, styles), *label_crops(heads, near, seen_near, slips)]
    return Store([*photographs, *heads], [*wide, *near], faces)


def pack(made: list[tuple[Image, Faces]]) -> Batch:
    """Scenes of the same size as one batch."""
    count = len(made)
    boxes, points = np.zeros((count, MOST_FACES, 4), np.float32), np.zeros((count, MOST_FACES, 10), np.float32)
    flags = np.zeros((4, count, MOST_FACES), np.float32)
    for n, (_, faces) in enumerate(made):
        faces = faces[faces[:, LEARN] >= 0]  # where a teacher erred is background like any other
        faces = faces[np.argsort(-faces[:, 3] * (1 + faces[:, LEARN]))][:MOST_FACES]
        k = len(faces)
        boxes[n, :k, :2], boxes[n, :k, 2:] = faces[:, :2], faces[:, :2] + faces[:, 2:4]
        points[n, :k] = np.nan_to_num(faces[:, 4:14])
        flags[0, n, :k], flags[1, n, :k] = faces[:, LEARN], 1 - faces[:, LEARN]
        flags[2, n, :k] = ~np.isnan(faces[:, 4])
        flags[3, n, :k] = faces[:, KIND] == KINDS.index("mask")
    return Batch(np.stack([image for image, _ in made]), boxes, points, *flags)


def batches(store: Store, recipe: Recipe, start: int) -> Generator[Batch]:
    """Batches from step `start` on, made by a thread of its own a few steps ahead."""
    ready: queue.Queue[Batch | BaseException] = queue.Queue(maxsize=AHEAD)
    stop = threading.Event()

    def work() -> None:
        try:
            make()
        except BaseException as error:  # noqa: BLE001 - handed over to whoever waits for the batch
            ready.put(error)

    def make() -> None:
        # A seed for each stretch between saved states: going on from one repeats what an unbroken run would have seen.
        for stretch in range(start // recipe.every, 1 << 30):
            # The detector saved last is not written yet when its stretch begins here; the one before it is.
            seen = mine(store, saved_by(recipe, (stretch - 1) * recipe.every)) if recipe.mine and stretch > 0 else store
            maker = Scenes(seen, recipe.side, recipe.seed * 1_000_003 + stretch, recipe.dress, VIEWS[recipe.views])
            waiting: list[tuple[Image, Faces]] = []
            for _ in range(recipe.every):
                # The two looks at a scene go into different batches.
                made = [maker.make() for _ in range(recipe.batch - len(waiting))]
                ready.put(pack([*waiting, *(first for first, _ in made)]))
                if stop.is_set():
                    return
                waiting = [second for _, second in made]

    thread = threading.Thread(target=work, daemon=True, name="scenes")
    thread.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:  # a thread still in OpenCV when Python ends would abort the process
        stop.set()
        while thread.is_alive():
            with contextlib.suppress(queue.Empty):
                ready.get(timeout=0.1)


def step_file(recipe: Recipe, step: int) -> Path:
    """Where the detector of one step is kept."""
    return recipe.folder / f"step-{step:06d}.onnx"


def saved_by(recipe: Recipe, step: int) -> Path:
    """The last detector that was saved up to this step: at the step itself, unless `every` was another one before."""
    return next((path for earlier in range(step, -1, -1) if (path := step_file(recipe, earlier)).is_file()), step_file(recipe, step))


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
    """The detectors that are imitated, YuNet n first; none where nothing is imitated."""
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
            raise TrainerError(f"Training {recipe.folder}: its state does not fit the recipe, or is damaged ({(str(error).splitlines() or ['nothing in it'])[0][:200]}).",
                               hint=f"A recipe that begins otherwise needs another `name`; to begin anew, delete {recipe.folder}.") from error

    def rate(self) -> float:
        """Learning rate of the next step."""
        recipe = self._recipe
        if self.step < recipe.warm_up:
            return recipe.rate * (self.step + 1) / recipe.warm_up
        done = (self.step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
        return recipe.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, done))) / 2)

    def learn(self, batch: Batch) -> dict[str, Any]:
        """One step. Gives the parts of the loss."""
        self._optimiser.learning_rate.assign(self.rate())
        # The mean follows closely at first, or it would hold on to the start for a thousand steps.
        keep = min(self._recipe.average, (1 + self.step) / (10 + self.step))
        # Half of the steps show an adviser mirror images, the second one at half the first one's pace and so on, so that all combinations come.
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
            raise TrainerError(f"Training {self._recipe.folder}: its state cannot be written ({(str(error).splitlines() or ['no reason given'])[0][:200]}).",
                               hint="Free some space, then give the same command again: it goes on from the state before.") from error
        path = step_file(self._recipe, self.step)
        weights = blended(self._first, take_weights(self.mean, self.plan), self._recipe.keep)
        write_onnx(path, self.plan, weights, f"maskgate face detector, recipe {self._recipe.hash}, step {self.step}")
        return path


def fit(recipe: Recipe) -> Path:
    """Train from where the last run stopped to the last step; the path of the detector to export.

    Raises:
        TrainerError: another process trains there; or see `Training`.
    """
    with alone(recipe.folder):
        return _fit(recipe)


def _fit(recipe: Recipe) -> Path:
    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(recipe.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.keras.utils.set_random_seed(recipe.seed)
    training = Training(recipe)  # a file that it cannot start from is told before a quarter of an hour of looking at pictures
    store = load_store(recipe)
    selection = Selection(Path(recipe.data), recipe.folder / FIGURES)
    note(recipe)
    print(f"{len(store.usable())} pictures, {training.plan.parameters()} numbers to learn, step {training.step} of {recipe.end}")
    if training.step not in [row["step"] for row in selection.rows()]:  # the first time, or stopped between saving and measuring
        selection.add(training.step, training.save())
    totals: dict[str, float] = {}
    start, first = time.monotonic(), training.step
    told = first
    with contextlib.closing(batches(store, recipe, first)) as made, tqdm(total=recipe.end, initial=first, mininterval=10, desc="fit") as bar:
        while training.step < recipe.end:
            for name, value in training.learn(next(made)).items():
                totals[name] = totals.get(name, 0.0) + float(value)
            bar.update()
            if training.step % recipe.every == 0 or training.step == recipe.end:
                means = {name: round(value / (training.step - told), 3) for name, value in totals.items()}
                print(f"\nstep {training.step}, {(time.monotonic() - start) / (training.step - first):.2f} s each, {means}", flush=True)
                print(selection.add(training.step, training.save()), flush=True)
                totals.clear()
                told = training.step
    return chosen(recipe)
