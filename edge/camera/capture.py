# SPDX-License-Identifier: Apache-2.0
"""Capture: what OpenCV reads live, be it a webcam or a network address."""

from __future__ import annotations

import time

import cv2
import numpy as np

from edge.camera.newest import Shot

RETRY_S = 0.05
"""Between two reads that gave nothing. A stream that has ended and an unplugged camera answer at once, for ever; a cheap one
now and then sends a broken frame."""


class Capture:
    """An open cv2.VideoCapture, for the capture thread alone."""

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture

    def read(self) -> Shot | None:
        try:
            good, image = self._capture.read()
        except cv2.error:  # of a frame that is broken in a way which its decoder does not catch
            good = False
        if not good:
            time.sleep(RETRY_S)
            return None
        return Shot(np.asarray(image, np.uint8), time.monotonic(), {})

    def close(self) -> None:
        self._capture.release()
