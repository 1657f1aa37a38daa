# SPDX-License-Identifier: Apache-2.0
"""Fit: the training loop. Stops and goes on where it was; the same recipe gives the same scenes."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import cv2
import tensorflow as tf
from tqdm import tqdm

from trainer.alone import alone
from trainer.faces.batches import batches
from trainer.faces.going_on import note
from trainer.faces.labelling import label_crops, label_scenes, styles_of
from trainer.faces.pictures import Pixels, crops, scenes
from trainer.faces.recipe import Recipe
from trainer.faces.select import FIGURES, Selection, chosen
from trainer.faces.store import Store
from trainer.faces.teachers import look_at
from trainer.faces.training import Training


def load_store(recipe: Recipe) -> Store:
    """All pictures, decoded, with the teachers' faces. The first time takes five to ten minutes, then seconds."""
    data, cache, weights = Path(recipe.data), Path(recipe.cache).expanduser(), Path(recipe.weights)
    photographs, heads = scenes(data), crops(data)
    wide, near = Pixels(photographs, cache), Pixels(heads, cache)
    seen_wide, seen_near = look_at(photographs, wide, cache, weights), look_at(heads, near, cache, weights)
    styles, slips = styles_of(photographs, seen_wide)
    faces = [*label_scenes(photographs, seen_wide, styles), *label_crops(heads, near, seen_near, slips)]
    return Store([*photographs, *heads], [*wide, *near], faces)


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
    # The advisers answer beside the network, and gradients that do not wait for each other are taken side by side: a step takes six tenths of
    # the time. Unlike threads within an operation (`threads`) that changes no sum, so the same seed gives the same bits.
    tf.config.threading.set_inter_op_parallelism_threads(2)
    tf.keras.utils.set_random_seed(recipe.seed)
    training = Training(recipe)  # a file that it cannot start from is told before minutes of looking at pictures
    selection = Selection(Path(recipe.data), recipe.folder / FIGURES)
    selection.require_goal(recipe.choose)  # and so is this
    if selection.missing:
        print(f"No face kept apart is {', '.join(selection.missing)} of its picture's height: the goal, by which the best step is chosen, is the mean of the others.")
    store = load_store(recipe)
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
