# SPDX-License-Identifier: Apache-2.0
"""Judge: what a model says about labelled faces, asked exactly as the unit asks: detector, crop, bundle, LiteRT.

AIZOO's model, the best known peer, is asked about the same faces (it finds faces itself, and knows two labels).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.errors import ModelError
from edge.look import Box, Probabilities
from edge.settings import FacesSettings
from edge.vision.bundle import load_bundle
from edge.vision.crop import crop_face
from edge.vision.faces import Faces
from edge.vision.masks import Masks
from trainer.data.cache import CONTEXT, SIDE_PX
from trainer.data.find import fit
from trainer.data.labels import CLASSES, UNKNOWN
from trainer.data.manifest import Sample
from trainer.data.readers import read_picture

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
    """Ask about every labelled face of these samples. `unknown` faces take part in the matching and are left out after."""
    by_path: dict[str, list[Sample]] = {}
    for s in samples:
        if s.box is not None:
            by_path.setdefault(s.path, []).append(s)
    result = []
    for path, group in tqdm(by_path.items(), desc="judge", unit="picture", disable=not show):
        image = np.asarray(read_picture(data / path), np.uint8)
        boxes = [s.box for s in group if s.box is not None]
        for s, said in zip(group, how(image, boxes), strict=True):
            if s.label != UNKNOWN and s.box is not None:
                result.append(Judged(s, s.box.h, *said))
    return result


def table(judged: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits (n, 3), as logarithms of the probabilities, and truth (n,), of the faces that something was said about."""
    said = [j for j in judged if j.probabilities is not None]
    logits = np.log(np.array([j.probabilities for j in said], np.float64).reshape(-1, len(CLASSES)) + 1e-12)
    return logits, np.array([CLASSES.index(j.sample.label) for j in said], np.int64)


class AizooJudge:
    """AIZOOTech/FaceMaskDetection: an SSD of 28 layers with its own anchors; `mask` or bare, no third answer."""

    MAPS, SIZES = (33, 17, 9, 5, 3), ((0.04, 0.056), (0.08, 0.11), (0.16, 0.22), (0.32, 0.45), (0.64, 0.72))
    RATIOS = (1, 0.62, 0.42)
    SPREAD = (0.1, 0.1, 0.2, 0.2)

    def __init__(self, model: Path, score_min: float = 0.5, threads: int = 1) -> None:
        """Raises ModelError where the file is missing or no model."""
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._net = Interpreter(model_path=str(model), num_threads=threads)
            self._net.allocate_tensors()
        except (ValueError, RuntimeError) as error:  # the interpreter has no error of its own
            raise ModelError(f"Peer {model}: cannot be opened ({str(error).splitlines()[0]}).",
                             hint="--peer takes AIZOO's face_mask_detection.tflite.") from error
        self._score_min = score_min
        self._anchors = self._anchor_boxes()

    def _anchor_boxes(self) -> NDArray[np.float64]:
        rows = []
        for cells, (small, large) in zip(self.MAPS, self.SIZES, strict=True):
            shapes = [(small * np.sqrt(r), small / np.sqrt(r)) for r in self.RATIOS]
            shapes.insert(1, (large, large))
            middles = np.linspace(0.5 / cells, 1 - 0.5 / cells, cells)
            rows += [(x, y, w, h) for y in middles for x in middles for w, h in shapes]
        return np.array(rows)

    def __call__(self, image: Image, boxes: Sequence[Box]) -> list[Said]:
        from edge.look import Face

        height, width = image.shape[:2]
        rgb = cv2.cvtColor(cv2.resize(image, (260, 260)), cv2.COLOR_BGR2RGB)
        self._net.set_tensor(self._net.get_input_details()[0]["index"], (rgb / 255).astype(np.float32)[None])
        self._net.invoke()
        outputs = [self._net.get_tensor(d["index"])[0] for d in self._net.get_output_details()]
        places, scores = sorted(outputs, key=lambda o: -o.shape[-1])
        moved = places * np.array(self.SPREAD)
        middle = moved[:, :2] * self._anchors[:, 2:] + self._anchors[:, :2]
        size = np.exp(moved[:, 2:]) * self._anchors[:, 2:]
        corners = (middle - size / 2) * (width, height)
        keep = cv2.dnn.NMSBoxes(np.hstack([corners, size * (width, height)]).tolist(), scores.max(axis=1).tolist(), self._score_min, 0.4)
        nowhere = ((0.0, 0.0),) * 5
        faces, said = [], {}
        for i in np.asarray(keep, int).reshape(-1):
            face = Face(Box(*corners[i], *(size[i] * (width, height))), nowhere, float(scores[i].max()))
            faces.append(face)
            total = float(scores[i].sum())
            said[id(face)] = Probabilities(float(scores[i][0]) / total, 0.0, float(scores[i][1]) / total)
        fitted = fit(list(boxes), faces)
        return [Said(True, said[id(face)]) if face else Said(found=False) for face in fitted]
