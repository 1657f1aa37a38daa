# SPDX-License-Identifier: Apache-2.0
"""Batches: scenes with their faces, made by a thread of its own while the network learns. The same recipe gives the same ones."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Generator

import numpy as np

from trainer.faces.labels import KIND, KINDS, LEARN, Batch, Faces, Lesson
from trainer.faces.mining import mine
from trainer.faces.pictures import Image
from trainer.faces.recipe import Recipe
from trainer.faces.scenes import Scenes
from trainer.faces.select import saved_by
from trainer.faces.store import Store
from trainer.faces.views import VIEWS

AHEAD = 8
"""Batches that are made before they are asked for."""
MOST_FACES = 32
"""In one scene: of more than these, the largest are kept, those to be learnt counting as twice as large. The rest of such a crowd is taught as
background, even what was to be left alone; one natural scene in some hundreds has so many."""


def pack(made: list[tuple[Image, Faces]]) -> Batch:
    """Scenes of the same size as one batch. Places that are background need no row in it: all that has none is background."""
    count = len(made)
    boxes, points = np.zeros((count, MOST_FACES, 4), np.float32), np.zeros((count, MOST_FACES, 10), np.float32)
    flags = np.zeros((4, count, MOST_FACES), np.float32)
    for n, (_, faces) in enumerate(made):
        faces = faces[faces[:, LEARN] != Lesson.BACKGROUND]
        learn = faces[:, LEARN] == Lesson.FACE
        largest = np.argsort(-faces[:, 3] * (1 + learn))[:MOST_FACES]
        faces, learn = faces[largest], learn[largest]
        k = len(faces)
        boxes[n, :k, :2], boxes[n, :k, 2:] = faces[:, :2], faces[:, :2] + faces[:, 2:4]
        points[n, :k] = np.nan_to_num(faces[:, 4:14])
        flags[0, n, :k], flags[1, n, :k] = learn, ~learn
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
