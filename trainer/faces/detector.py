# SPDX-License-Identifier: Apache-2.0
"""Detector: a face detector file run by OpenCV on pictures of any size, and AIZOO's detector run by LiteRT as a teacher."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # before cv2: 5.0 warns about its engine for each detector

import cv2

from edge.errors import ModelError
from trainer.faces.pictures import Image

Found = NDArray[np.float32]
"""Faces of one picture, one a row: left, top, width, height, five landmarks x y (right eye, left eye, nose, right and
left corner of the mouth), score. Landmarks are NaN where the detector gives none."""


class Detector:
    """Any file that cv2.FaceDetectorYN reads."""

    def __init__(self, path: Path, score_min: float, nms: float = 0.3) -> None:
        """Load it, and try it on an empty picture.

        Raises:
            ModelError: the file is missing, or OpenCV cannot run it as a YuNet.
        """
        if not path.is_file() or path.suffix.lower() != ".onnx":  # OpenCV 5 crashes on TFLite files
            raise ModelError(f"Detector {path}: no such .onnx file.")
        try:
            self._net = cv2.FaceDetectorYN.create(str(path), "", (320, 320), score_min, nms, 500)
            self._net.detect(np.zeros((320, 320, 3), np.uint8))
        except (cv2.error, SystemError) as error:
            what = str(getattr(error, "err", error)).strip()
            raise ModelError(f"Detector {path}: OpenCV cannot run it as a YuNet, with cls, obj, bbox and kps at strides 8, 16 and 32 ({what}).") from error
        self.path = path

    def detect(self, image: Image, long_side: int | None = None) -> Found:
        """Faces of a BGR picture in its own pixels, searched at `long_side` px (its own size if None)."""
        scale = long_side / max(image.shape[:2]) if long_side else 1.0
        small = image
        if scale != 1:
            size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
            small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.uint8)
        self._net.setInputSize((small.shape[1], small.shape[0]))
        found = self._net.detect(small)[1]
        if found is None:
            return np.zeros((0, 15), np.float32)
        ratio = np.tile([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]], 7)
        found[:, :14] *= ratio
        return np.asarray(found, np.float32)


class Aizoo:
    """AIZOO's SSD for masked faces: 260 x 260 RGB, 0 to 1; anchors of five maps (its README), two classes, both faces."""

    _maps = ((33, 0.04, 0.056), (17, 0.08, 0.11), (9, 0.16, 0.22), (5, 0.32, 0.45), (3, 0.64, 0.72))
    _ratios = (0.62, 0.42)

    def __init__(self, path: Path, score_min: float) -> None:
        """Load it; `score_min` as for Detector."""
        from ai_edge_litert.interpreter import Interpreter
        self._net = Interpreter(str(path), num_threads=1)
        self._net.allocate_tensors()
        self._score_min = score_min
        anchors = []
        for cells, small, large in self._maps:
            centre = (np.arange(cells) + 0.5) / cells
            x, y = np.meshgrid(centre, centre)
            shapes = [(small, small), (large, large), *((small * r**0.5, small / r**0.5) for r in self._ratios)]
            anchors.append(np.stack([np.stack([x, y, np.full_like(x, w), np.full_like(x, h)], -1) for w, h in shapes], 2).reshape(-1, 4))
        self._anchors = np.concatenate(anchors)

    def detect(self, image: Image) -> Found:
        """Faces of a BGR picture in its own pixels."""
        inputs, outputs = self._net.get_input_details()[0], self._net.get_output_details()
        small = cv2.cvtColor(cv2.resize(image, (260, 260)), cv2.COLOR_BGR2RGB)
        self._net.set_tensor(inputs["index"], small[None].astype(np.float32) / 255)
        self._net.invoke()
        raw, scores = (self._net.get_tensor(output["index"])[0] for output in outputs)
        score = scores.max(axis=1)
        keep = score >= self._score_min
        anchors, raw, score = self._anchors[keep], raw[keep], score[keep]
        centre = raw[:, :2] * 0.1 * anchors[:, 2:] + anchors[:, :2]
        size = np.exp(raw[:, 2:] * 0.2) * anchors[:, 2:]
        boxes = np.concatenate([centre - size / 2, size], 1) * np.tile([image.shape[1], image.shape[0]], 2)
        kept = np.asarray(cv2.dnn.NMSBoxes(boxes.tolist(), score.tolist(), self._score_min, 0.4), int).ravel()
        found = np.full((len(kept), 15), np.nan, np.float32)
        found[:, :4], found[:, 14] = boxes[kept], score[kept]
        return found
