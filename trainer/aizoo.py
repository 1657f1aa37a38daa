# SPDX-License-Identifier: Apache-2.0
"""AIZOO's detector (AIZOOTech/FaceMaskDetection, MIT): the best known peer, and a teacher that knows masks.

An SSD of 28 layers with its own anchors: 260 x 260 RGB in, 0 to 1; boxes and two scores out, mask and bare.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError

INPUT_PX = 260
MAPS = ((33, 0.04, 0.056), (17, 0.08, 0.11), (9, 0.16, 0.22), (5, 0.32, 0.45), (3, 0.64, 0.72))
"""Cells across, and the sides of its two square anchors as shares of the picture (the model's README)."""
RATIOS = (0.62, 0.42)
"""Of the further anchors, width to height."""
NMS_IOU = 0.4


class Aizoo:
    """The detector, ready to run."""

    def __init__(self, model: Path, score_min: float, threads: int = 1) -> None:
        """Raises ModelError where the file is missing or no model."""
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._net = Interpreter(model_path=str(model), num_threads=threads)
            self._net.allocate_tensors()
        except (ValueError, RuntimeError) as error:  # the interpreter has no error of its own
            raise ModelError(f"AIZOO's detector {model}: cannot be opened ({str(error).splitlines()[0]}).",
                             hint="Expected its face_mask_detection.tflite.") from error
        self._score_min, self._anchors = score_min, anchors()
        takes = [tuple(part["shape"]) for part in self._net.get_input_details()]
        gives = sorted(tuple(part["shape"]) for part in self._net.get_output_details())
        count = len(self._anchors)
        if takes != [(1, INPUT_PX, INPUT_PX, 3)] or gives != [(1, count, 2), (1, count, 4)]:
            raise ModelError(f"AIZOO's detector {model}: takes {takes} and gives {gives}, expected one picture of {INPUT_PX} x {INPUT_PX} px, and boxes and scores of {count} anchors.",
                             hint="Expected its face_mask_detection.tflite.")

    def find(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Faces of a BGR picture, surest first: boxes (n, 4), left, top, width and height in its own pixels, and scores (n, 2) of mask and bare, 0 to 1."""
        small = cv2.cvtColor(cv2.resize(image, (INPUT_PX, INPUT_PX)), cv2.COLOR_BGR2RGB)
        self._net.set_tensor(self._net.get_input_details()[0]["index"], small[None].astype(np.float32) / 255)
        self._net.invoke()
        outputs = [self._net.get_tensor(output["index"])[0] for output in self._net.get_output_details()]
        places, scores = sorted(outputs, key=lambda output: -output.shape[-1])
        keep = scores.max(axis=1) >= self._score_min
        places, scores, mine = places[keep], scores[keep], self._anchors[keep]
        centre = places[:, :2] * 0.1 * mine[:, 2:] + mine[:, :2]  # the spread of its training: 0.1 for places, 0.2 for sizes
        size = np.exp(places[:, 2:] * 0.2) * mine[:, 2:]
        boxes = np.concatenate([centre - size / 2, size], 1) * np.tile([image.shape[1], image.shape[0]], 2)
        kept = np.asarray(cv2.dnn.NMSBoxes(boxes.tolist(), scores.max(axis=1).tolist(), self._score_min, NMS_IOU), int).ravel()
        return boxes[kept], scores[kept]


def anchors() -> NDArray[np.float64]:
    """Centre, width and height of all 5,972 anchors as shares of the picture."""
    rows = []
    for cells, small, large in MAPS:
        middle = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(middle, middle)
        shapes = [(small, small), (large, large), *((small * ratio**0.5, small / ratio**0.5) for ratio in RATIOS)]
        rows.append(np.stack([np.stack([x, y, np.full_like(x, w), np.full_like(x, h)], -1) for w, h in shapes], 2).reshape(-1, 4))
    return np.concatenate(rows)
