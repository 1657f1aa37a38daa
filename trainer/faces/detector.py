# SPDX-License-Identifier: Apache-2.0
"""Detector: a face detector file run by OpenCV on pictures of any size."""

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
        small = resized(image, long_side) if long_side else image
        self._net.setInputSize((small.shape[1], small.shape[0]))
        found = self._net.detect(small)[1]
        if found is None:
            return np.zeros((0, 15), np.float32)
        ratio = np.tile([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]], 7)
        found[:, :14] *= ratio
        return np.asarray(found, np.float32)


def resized(image: Image, long_side: int, resampling: int = cv2.INTER_AREA) -> Image:
    """The picture with this long side in pixels, its sides in proportion; `resampling` (OpenCV's) is for a smaller one."""
    scale = long_side / max(image.shape[:2])
    if scale == 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=resampling if scale < 1 else cv2.INTER_LINEAR), np.uint8)
