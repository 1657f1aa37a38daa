# SPDX-License-Identifier: Apache-2.0
"""Save: writes what the unit saw, annotated, as a clip. Only where the owner asks: no picture leaves memory otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from edge.door.state import Decision
from edge.errors import SettingsError
from edge.frame import Frame
from edge.look import Look
from edge.names import is_utf8
from edge.outputs import must_be_writable
from edge.report.draw import annotate

PAUSE_S = 2.0
"""A longer pause between two frames is shortened to this."""


class SavedClip:
    """An .mp4 that grows by each frame; playable once closed, and as long as what was seen."""

    def __init__(self, path: Path, rate_fps: float) -> None:
        """Nothing is written before the first frame.

        Args:
            rate_fps: frames per second of the clip; a frame is repeated or left out where those seen come at another rate.

        Raises:
            SettingsError: the name is no .mp4 or no UTF-8, its folder is missing, or it cannot be written: to open a pipe waits for a reader.
        """
        if not is_utf8(str(path)):
            raise SettingsError(f"Saved clip {path}: this name is no UTF-8, which OpenCV cannot write.", hint="Name another file.")
        if path.suffix.lower() != ".mp4":
            raise SettingsError(f"Saved clip {path}: expected a name that ends in .mp4.", hint="Give it one, for instance --save seen.mp4.")
        if not path.parent.is_dir():
            raise SettingsError(f"Saved clip {path}: the folder does not exist.", hint=f"mkdir -p {path.parent}")
        must_be_writable("Saved clip", path)
        self._path, self._rate_fps = path, rate_fps
        self._began, self._written = 0.0, 0
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def __call__(self, frame: Frame, looks: Sequence[Look], decision: Decision) -> None:
        picture = annotate(frame.image, looks, decision)
        if self._writer is None:
            self._size = (picture.shape[1], picture.shape[0])
            self._writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*"mp4v"), self._rate_fps, self._size)
            if not self._writer.isOpened():
                raise SettingsError(f"Saved clip {self._path}: cannot be written.", hint="Check the folder, its rights and the free space.")
            self._began = frame.t
        due = round((frame.t - self._began) * self._rate_fps) + 1
        self._written = max(self._written, due - round(PAUSE_S * self._rate_fps))
        if (picture.shape[1], picture.shape[0]) == self._size:  # a clip has one size; stills may come in several
            for _ in range(self._written, due):
                self._writer.write(picture)
            self._written = max(self._written, due)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._writer is None:
            return
        self._writer.release()
        # OpenCV's writer does not tell that a disk was full: a clip that cannot be opened again was not written whole.
        if error is None and not cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG).isOpened():
            raise SettingsError(f"Saved clip {self._path}: could not be written whole.", hint="Make room on the disk, or save elsewhere.")
