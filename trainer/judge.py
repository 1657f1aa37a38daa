# SPDX-License-Identifier: Apache-2.0
"""Judge: what a model says about labelled faces, asked exactly as the unit asks: detector, crop, bundle, LiteRT.

AIZOO's model, the best known peer, is asked about the same faces (it finds faces itself, and knows two labels).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.look import Box, Face, Probabilities
from edge.settings import FacesSettings
from edge.vision.bundle import load_bundle
from edge.vision.crop import crop_face
from edge.vision.faces import Faces
from edge.vision.masks import Masks
from trainer.aizoo import Aizoo
from trainer.data.cache import CONTEXT, FACE, SIDE_PX
from trainer.data.cache import Faces as Prepared
from trainer.data.decode import read_picture
from trainer.data.find import fit
from trainer.data.labels import CLASSES
from trainer.data.manifest import Sample, require_inside

Image = NDArray[np.uint8]
UNIT = FacesSettings(max_faces=10, min_face_px=12)
"""The unit's own way of finding faces, but for the smallest ones: they are reported apart."""


@dataclass(frozen=True)
class Judged:
    """One labelled face, and what was said about it."""

    sample: Sample
    face_px: float
    """Height of the labelled box in pixels of the picture."""
    found: bool
    probabilities: Probabilities | None
    """None: nothing was found there, so nothing was said."""
    crop: Image | None = None
    """The face at the model's own margin, BGR; kept for galleries."""
    context: Image | None = None
    """The same with room around it, as the cache keeps faces (`trainer.data.cache`); for degrading and for other crops."""


class Said(NamedTuple):
    """What was said about one labelled face of a picture."""

    found: bool
    probabilities: Probabilities | None = None
    crop: Image | None = None
    context: Image | None = None


class Judge(Protocol):
    """Anything that can say something about the labelled faces of one picture."""

    def __call__(self, image: Image, boxes: Sequence[Box]) -> list[Said]: ...


class UnitJudge:
    """Our bundle, behind a face detector or on the labelled boxes themselves."""

    def __init__(self, bundle: Path, detector: Path | None, settings: FacesSettings = UNIT, threads: int = 1) -> None:
        """Args: detector: ONNX file of the detector; none: the labelled boxes are cropped, nothing is searched."""
        self.masks = Masks(load_bundle(bundle), threads)
        self._faces = Faces(detector, settings) if detector else None

    def __call__(self, image: Image, boxes: Sequence[Box]) -> list[Said]:
        d = self.masks.description
        found: list[Box | None] = list(boxes)
        if self._faces is not None:
            found = [face.box if face else None for face in fit(list(boxes), self._faces.find(image))]
        said = []
        for box in found:
            if box is None:
                said.append(Said(found=False))
                continue
            said.append(Said(True, self.masks.judge(image, [box])[0], crop_face(image, box, d.margin, d.input_px),
                             crop_face(image, box, CONTEXT, SIDE_PX)))
        return said


def judge(samples: Sequence[Sample], data: Path, how: Judge, show: bool = True) -> list[Judged]:
    """Ask about every labelled face of these samples. `unknown` ones and those that are no face take part in the matching and are left out after."""
    by_path: dict[str, list[Sample]] = {}
    for s in samples:
        if s.box is not None:
            by_path.setdefault(s.path, []).append(s)
    result = []
    for path, group in tqdm(by_path.items(), desc="judge", unit="picture", disable=not show):
        image = read_picture(data / path)
        boxes = [s.box for s in group if s.box is not None]
        for box in boxes:
            require_inside(box, image.shape[1], image.shape[0], str(data / path))
        for s, said in zip(group, how(image, boxes), strict=True):
            if s.label in CLASSES and s.box is not None:
                result.append(Judged(s, s.box.h, *said))
    return result


def judge_prepared(faces: Prepared, rows: Sequence[int], masks: Masks) -> list[Judged]:
    """Ask about pictures that are one face each, cut as they were prepared for training; nothing is searched in them.

    Args:
        rows: of `faces`, labelled ones.
    """
    d, result = masks.description, []
    for i in rows:
        row, picture = faces.rows[i], faces.pictures[i]
        sample = Sample(path=row.path, box=None, label=row.label, source=row.source, group=row.group, split=row.split)
        result.append(Judged(sample, row.face_px, True, masks.judge(picture, [FACE])[0], crop_face(picture, FACE, d.margin, d.input_px), picture))
    return result


def table(judged: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits (n, 3), as logarithms of the probabilities, and truth (n,), of the faces that something was said about."""
    said = [j for j in judged if j.probabilities is not None]
    logits = np.log(np.array([j.probabilities for j in said], np.float64).reshape(-1, len(CLASSES)) + 1e-12)
    return logits, np.array([CLASSES.index(j.sample.label) for j in said], np.int64)


def pictures_of(judged: Sequence[Judged]) -> list[str]:
    """The picture of each face in `table`."""
    return [j.sample.path for j in judged if j.probabilities is not None]


class AizooJudge:
    """AIZOO's detector: `mask` or bare, no third answer."""

    def __init__(self, model: Path, score_min: float = 0.5) -> None:
        """Raises ModelError where the file is missing or no model."""
        self._aizoo = Aizoo(model, score_min)

    def __call__(self, image: Image, boxes: Sequence[Box]) -> list[Said]:
        nowhere = ((0.0, 0.0),) * 5
        faces, said = [], {}
        for box, scores in zip(*self._aizoo.find(image), strict=True):
            face = Face(Box(*(float(value) for value in box)), nowhere, float(scores.max()))
            faces.append(face)
            mask, bare = (float(score) for score in scores / scores.sum())
            said[id(face)] = Probabilities(mask, 0.0, bare)
        fitted = fit(list(boxes), faces)
        return [Said(True, said[id(face)]) if face else Said(found=False) for face in fitted]
