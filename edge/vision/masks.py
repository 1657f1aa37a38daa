# SPDX-License-Identifier: Apache-2.0
"""Masks: judges one face: mask, incorrect or no_mask."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.look import Box, Probabilities
from edge.vision.bundle import LABELS, Bundle, View
from edge.vision.crop import crop_face
from edge.vision.interpreter import Graph


class Masks:
    """The classifier of a bundle, ready to run."""

    def __init__(self, bundle: Bundle, threads: int = 2) -> None:
        """Load the graph and hold it against the bundle's description.

        Raises:
            ModelError: input shape, input type or output width differ from the description, or its answer is not a number.
        """
        description = bundle.description
        self.description = description
        self._views = description.views or (View(margin=description.margin),)
        self._path = bundle.path
        self._graph = Graph(bundle.model, threads)
        shape = (1, description.input_px, description.input_px, 3)
        if self._graph.input_shape != shape or self._graph.input_type != np.uint8:
            raise ModelError(f"Mask model {bundle.path}: takes {self._graph.input_type} {self._graph.input_shape}, "
                             f"its description says uint8 {shape}.")
        if self._graph.output_width != len(description.labels):
            raise ModelError(f"Mask model {bundle.path}: gives {self._graph.output_width} numbers, "
                             f"its description names {len(description.labels)} labels.")
        # Of noise, since a model that scales each picture by its own contrast may well divide by 0 on an empty one.
        self.judge_crops([np.random.default_rng(0).integers(0, 256, shape[1:], np.uint8)])

    def judge(self, image: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Probabilities]:
        """Judge the faces of one BGR image (height, width, 3), boxes in its pixels.

        Raises:
            ModelStopped: the runtime fails.
            ModelError: the answer is not a number.
        """
        return [self._said(np.mean([self._logits(self._cut(image, box, view)) for view in self._views], axis=0)) for box in boxes]

    def judge_crops(self, crops: Sequence[NDArray[np.uint8]]) -> list[Probabilities]:
        """Judge pictures that are cropped already, each once: BGR `uint8` (input_px, input_px, 3)."""
        return [self._said(self._logits(crop)) for crop in crops]

    def _cut(self, image: NDArray[np.uint8], box: Box, view: View) -> NDArray[np.uint8]:
        crop = crop_face(image, box, view.margin, self.description.input_px)
        return np.ascontiguousarray(crop[:, ::-1]) if view.mirrored else crop

    def _logits(self, crop: NDArray[np.uint8]) -> NDArray[np.float64]:
        logits = self._graph(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)[None].astype(np.uint8, copy=False))
        if not np.isfinite(logits).all():
            raise ModelError(f"Mask model {self._path}: its answer is not a number.",
                             hint="Train or convert it again if it is your own; else install MaskGate again.")
        return logits.astype(np.float64)

    def _said(self, logits: NDArray[np.float64]) -> Probabilities:
        scaled = logits / self.description.temperature
        exp = np.exp(scaled - scaled.max())
        said = {label: float(value) for label, value in zip(self.description.labels, exp / exp.sum(), strict=True)}
        return Probabilities(*(said.get(label, 0.0) for label in LABELS))
