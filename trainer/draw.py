# SPDX-License-Identifier: Apache-2.0
"""Draw: which face comes next, and what is made of it. Endless batches, the same for the same seed."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.look import Face
from edge.vision.quality import turn
from trainer.augment import augment
from trainer.data.cache import Faces, Row, face_of
from trainer.data.labels import CLASSES, NOT_FACE
from trainer.errors import TrainerError
from trainer.mixing import make, wanted, wanted_at_all
from trainer.nothing import make_nothing
from trainer.recipe import Recipe, Sampling

MOST_TRIES = 50
"""Places of the bank that are looked into for a face of a class that has no real one."""
EVEN = np.full(len(CLASSES), 1 / len(CLASSES), np.float32)


@dataclass(frozen=True)
class Batch:
    """What one step sees."""

    pictures: NDArray[np.float32]
    """RGB, 0 to 255, (n, size, size, 3)."""
    targets: NDArray[np.float32]
    """Probabilities wanted, (n, 3)."""


class Drawer:
    """Draws batches from cached faces as a recipe says."""

    def __init__(self, faces: Faces, recipe: Recipe, rows: Sequence[int]) -> None:
        """Args:
            faces: the cache.
            recipe: shares, weights, augmentation, seed.
            rows: which rows of the cache may be drawn.

        Raises:
            TrainerError: a class has nothing to draw from, or the faces at hand do not do for what is to be made of them.
        """
        self._faces, self._recipe = faces, recipe
        self._bank: dict[tuple[str, str, int], NDArray[np.uint8] | None] = {}
        self._members: dict[str, NDArray[np.int64]] = {}
        self._sums: dict[str, NDArray[np.float64]] = {}
        for label in (*CLASSES, NOT_FACE):
            weights = {i: weight_of(faces.rows[i], recipe.sampling) for i in rows if faces.rows[i].label == label}
            drawn = {i: weight for i, weight in weights.items() if weight}
            self._members[label] = np.array(list(drawn), np.int64)
            self._sums[label] = np.cumsum(np.array(list(drawn.values()), np.float64))
        there = [label for label in CLASSES if len(self._members[label])]
        self.only_made = recipe.only_made(there)
        """Classes of which there is no real face, see `Recipe.only_made`."""
        for label in CLASSES:
            if label not in (*there, *self.only_made) and recipe.needs(label):
                raise TrainerError(f"Nothing to draw from for {label!r}: no face, or every source of it has weight 0.")
        for label in self.only_made:  # told now, not in the middle of a training
            self.made(label, np.random.default_rng(recipe.fit.seed))

    def batch(self, step: int) -> Batch:
        """The batch of one step; a function of the seed and the step alone, so that a resumed run draws on as before."""
        recipe = self._recipe
        rng = np.random.default_rng((recipe.fit.seed, step))
        finish = recipe.finish if recipe.finishes(step) else None
        negatives, nothing = (finish.negatives, finish.nothing) if finish else (recipe.fit.negatives, 0.0)
        pairs = [self._one(rng, negatives, nothing) for _ in range(recipe.fit.batch)]
        pictures = np.stack([picture[..., ::-1] for picture, _ in pairs]).astype(np.float32)
        targets = np.stack([target for _, target in pairs])
        targets = targets * (1 - recipe.fit.smoothing) + recipe.fit.smoothing / len(CLASSES)
        if recipe.fit.mixup:
            share = np.float32(rng.beta(recipe.fit.mixup, recipe.fit.mixup))
            order = rng.permutation(len(pairs))
            pictures = share * pictures + (1 - share) * pictures[order]
            targets = share * targets + (1 - share) * targets[order]
        return Batch(pictures, targets.astype(np.float32))

    def _one(self, rng: np.random.Generator, negatives: float, nothing: float) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        recipe = self._recipe
        model = recipe.model
        if len(self._members[NOT_FACE]) and rng.random() < negatives:
            picture, target = self.nothing(rng, nothing), EVEN
        else:
            shares = np.array([recipe.sampling.classes.get(label, 0.0) for label in CLASSES])
            label = CLASSES[int(rng.choice(len(CLASSES), p=shares / shares.sum()))]
            picture = self.made(label, rng)
            target = np.eye(len(CLASSES), dtype=np.float32)[CLASSES.index(label)]
        return augment(picture, rng, recipe.augment, model.margin, model.input_px), target

    def made(self, label: str, rng: np.random.Generator) -> NDArray[np.uint8]:
        """A cached square that shows this label: a real face, or one made of others as the recipe's shares say.

        Raises:
            TrainerError: there is no real one, and none can be made.
        """
        if label in self.only_made:
            return self._surely_made(label, rng)
        kind = wanted(label, rng, self._recipe.render)
        made = self._from_bank(kind, label, int(rng.integers(self._recipe.render.bank))) if kind else None
        return self._faces.pictures[self.pick(label, rng)] if made is None else made

    def plain(self, label: str, rng: np.random.Generator) -> NDArray[np.uint8]:
        """A cached square that shows this label: a real face where there is any."""
        return self.made(label, rng) if label in self.only_made else self._faces.pictures[self.pick(label, rng)]

    def _surely_made(self, label: str, rng: np.random.Generator) -> NDArray[np.uint8]:
        for _ in range(MOST_TRIES):
            kind = wanted_at_all(label, rng, self._recipe.render)
            made = self._from_bank(kind, label, int(rng.integers(self._recipe.render.bank)))
            if made is not None:
                return made
        raise TrainerError(f"No face of {label} is there, and none can be made: of the bare faces none is found by the detector and seen from the front.",
                           hint="`maskgate-train data sheet` shows the faces; add some in which eyes, nose and mouth can be seen.")

    def nothing(self, rng: np.random.Generator, share: float) -> NDArray[np.uint8]:
        """A cached square without a face: as the data has it or, as often as `share` says, made."""
        made = None
        if share and rng.random() < share:
            made = self._from_bank("nothing", NOT_FACE, int(rng.integers(self._recipe.render.bank)))
        return self._faces.pictures[self.pick(NOT_FACE, rng)] if made is None else made

    def _from_bank(self, kind: str, label: str, place: int) -> NDArray[np.uint8] | None:
        """Making a face costs as much as augmenting ten, so each place of the bank is filled once, when first drawn,
        from a generator of its own: what lies there does not depend on what was drawn before."""
        key = (kind, label, place)
        if key not in self._bank:
            rng = np.random.default_rng((self._recipe.fit.seed, len(kind), (*CLASSES, NOT_FACE).index(label), place))
            self._bank[key] = make_nothing(self, rng) if label == NOT_FACE else make(self, kind, label, rng, self._recipe.render.up)
        return self._bank[key]

    def example(self, label: str, rng: np.random.Generator) -> NDArray[np.uint8]:
        """One face of this label as training would draw it, BGR."""
        model = self._recipe.model
        return augment(self.made(label, rng), rng, self._recipe.augment, model.margin, model.input_px)

    def pick(self, label: str, rng: np.random.Generator) -> int:
        """A row of this label, by weight."""
        sums = self._sums[label]  # a running sum and one draw: a hundred times as fast as rng.choice(p=...)
        return int(self._members[label][np.searchsorted(sums, rng.random() * sums[-1], side="right")])

    def pick_any(self, label: str, rng: np.random.Generator) -> NDArray[np.uint8] | None:
        """A picture of this label; none when there is none."""
        return self._faces.pictures[self.pick(label, rng)] if len(self._members[label]) else None

    def pick_found(self, label: str, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Face] | None:
        """A picture of this label with the landmarks of its face; none when the detector had not found that one."""
        row = self.pick(label, rng)
        face = face_of(self._faces.rows[row])
        return None if face is None else (self._faces.pictures[row], face)


def weight_of(row: Row, sampling: Sampling) -> float:
    """How often a face is drawn within its class, relative to others."""
    weight = sampling.weight(row.source, row.label)
    face = face_of(row)
    if face is not None and turn(face) > sampling.turned_from:
        weight *= sampling.turned
    return weight


def ahead(drawer: Drawer, first: int, last: int, depth: int = 4) -> Iterator[Batch]:
    """The batches of steps `first` to `last` (excluded), drawn in a thread while the network works."""
    ready: queue.Queue[Batch | BaseException] = queue.Queue(depth)
    stop = threading.Event()

    def work() -> None:
        cv2.setNumThreads(1)
        try:
            for step in range(first, last):
                if stop.is_set():
                    return
                ready.put(drawer.batch(step))
        except BaseException as error:  # noqa: BLE001 - handed over to whoever waits for the batch
            ready.put(error)

    thread = threading.Thread(target=work, daemon=True, name="draw")
    thread.start()
    try:
        for _ in range(first, last):
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        while thread.is_alive():  # one still in OpenCV when Python ends would abort the process
            with contextlib.suppress(queue.Empty):
                ready.get(timeout=0.1)
