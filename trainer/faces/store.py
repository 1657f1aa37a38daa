# SPDX-License-Identifier: Apache-2.0
"""Store: the pictures that scenes are made of, and which of them is shown next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.faces.labels import Faces
from trainer.faces.pictures import Image, Picture

SOURCES = {"webphotos": 0.68, "andrewmvd": 0.25, "maixcam": 0.07}
"""How often a zoom shows each."""
CROPS = {"mask": 0.5, "incorrect": 0.1, "no_mask": 0.3, "not_face": 0.1}
"""How often a mosaic shows each class of crop."""
PASTED = ("maskedfacenet_synthetic", "prajnasb_artificial")
"""Sources with one and the same mask pasted on: shown a fifth as often."""
MISSED_OFTEN = 2.0
"""How much more often a picture with a face that the detector misses is shown."""


@dataclass(frozen=True)
class Store:
    """What scenes are made of."""

    pictures: list[Picture]
    pixels: Sequence[Image]
    faces: list[Faces | None]
    missed: list[NDArray[np.bool_] | None] | None = None
    """For each table of faces, which of them the detector in training misses; errors that mining.py has put at the table's end are left out."""

    def misses(self, number: int) -> NDArray[np.bool_]:
        """Which faces of one picture are missed, as long as its table."""
        faces, missed = self.faces[number], self.missed[number] if self.missed else None
        found = np.zeros(0 if faces is None else len(faces), bool)
        if missed is not None:
            found[:len(missed)] = missed
        return found

    def usable(self) -> list[int]:
        """Numbers of the pictures that training may see."""
        return [n for n, faces in enumerate(self.faces) if faces is not None and not self.pictures[n].held_out]


class Lots:
    """Draws pictures of a store by lot."""

    def __init__(self, store: Store, rng: np.random.Generator) -> None:
        """`rng` is drawn from once or twice for each picture; whoever hands it in may draw from it in between."""
        self._store, self._rng = store, rng
        self._photos: dict[str, tuple[list[int], NDArray[np.float64]]] = {}
        self._crops: dict[str, tuple[list[int], NDArray[np.float64]]] = {}
        by_label: dict[str, list[int]] = {}
        by_source: dict[str, list[int]] = {}
        for number in store.usable():
            picture = store.pictures[number]
            if picture.label:
                by_label.setdefault(picture.label, []).append(number)
            else:
                by_source.setdefault(picture.source, []).append(number)
        for source, numbers in by_source.items():
            self._photos[source] = numbers, self._chances(numbers, [1.0] * len(numbers))
        for label, numbers in by_label.items():
            sources = [store.pictures[n].source for n in numbers]
            # A source counts by the root of its size, so that the large ones do not drown the varied small ones.
            self._crops[label] = numbers, self._chances(
                numbers, [(0.2 if source in PASTED else 1.0) * sources.count(source) ** -0.5 for source in sources])

    def _chances(self, numbers: list[int], weights: list[float]) -> NDArray[np.float64]:
        """Chances of pictures: their weights, more for those with a face that is missed."""
        raised = np.array([weight * (MISSED_OFTEN if self._store.misses(n).any() else 1.0) for n, weight in zip(numbers, weights, strict=True)])
        return np.asarray(raised / raised.sum(), np.float64)

    def photo(self) -> int:
        """The number of a photograph with everybody in it."""
        names = [name for name in SOURCES if name in self._photos]
        weights = np.array([SOURCES[name] for name in names])
        numbers, chances = self._photos[names[self._rng.choice(len(names), p=weights / weights.sum())]]
        return numbers[self._rng.choice(len(numbers), p=chances)]

    def crop(self, label: str | None = None) -> int:
        """The number of a picture that is one face, or none; of class `label` if it is given."""
        if label is None:
            labels = [name for name in CROPS if name in self._crops]
            weights = np.array([CROPS[name] for name in labels])
            label = labels[self._rng.choice(len(labels), p=weights / weights.sum())]
        numbers, chances = self._crops[label]
        return numbers[self._rng.choice(len(numbers), p=chances)]
