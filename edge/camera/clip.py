# SPDX-License-Identifier: Apache-2.0
"""Clip: a video file, every frame of it, at its own clock or as fast as it can be judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from edge.camera.pace import paced
from edge.errors import CameraUnreadable
from edge.frame import Frame
from edge.names import is_utf8

USUAL_FPS = 25.0
"""Where the container does not say."""


class Clip:
    """A video file. `t` is the presentation time in seconds, 0 for the first frame of most files."""

    live = False
    dropped = 0

    def __init__(self, path: Path, *, fast: bool = False) -> None:
        """Open it.

        Raises:
            CameraUnreadable: no video that FFmpeg can decode, or so cut short that nothing can be found in it.
        """
        self._path, self._fast = path, fast
        self._closed = False
        if not is_utf8(str(path)):
            raise CameraUnreadable(f"Clip {path}: its name is no UTF-8, which OpenCV cannot open.", hint="Give the file another name.")
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise CameraUnreadable(f"Clip {path}: no video that can be decoded; it is cut short, or no video file.")
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self._fps = fps if math.isfinite(fps) and fps > 0 else USUAL_FPS
        self._promised = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._seq = 0
        self._t = -math.inf

    def frames(self, waiting: Callable[[], None] | None = None) -> Iterator[Frame]:
        """Every frame; a second call goes on where the first one stopped.

        Raises:
            CameraUnreadable: at the end of a file that is cut short; its good frames come first.
        """
        return paced(self._decoded(), lambda: self._closed, waiting, fast=self._fast)

    def _decoded(self) -> Iterator[Frame]:
        while not self._closed:
            good, image = self._capture.read()
            if not good:
                self._check_whole()
                return
            self._t = self._time_of_frame()
            yield Frame(np.asarray(image, np.uint8), self._t, self._seq)
            self._seq += 1

    def _time_of_frame(self) -> float:
        """Of the frame just read: as the container says, unless that stands still or runs backwards."""
        t = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        if math.isfinite(t) and t > self._t:
            return t
        return self._t + 1 / self._fps if self._seq else 0.0

    def _check_whole(self) -> None:
        """Containers without an index only estimate their frames (duration times rate), and at a varying rate that is
        far off: so a file counts as cut short only where both frames and time are missing.
        """
        read = f"Clip {self._path}: {self._seq} of {self._promised:.0f} frames can be decoded"
        if self._seq == 0:
            raise CameraUnreadable(f"{read}.")
        missing = self._promised - self._seq
        allowed = max(2.0, 0.02 * self._promised)
        missing_s = self._promised / self._fps - (self._t + 1 / self._fps)
        if missing > allowed and missing_s > allowed / self._fps:
            raise CameraUnreadable(f"{read}; the file is cut short after {self._t:.1f} s.")

    def close(self) -> None:
        self._closed = True  # the decoder is freed with the object: it may be at work in another thread just now

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
