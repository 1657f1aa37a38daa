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
from edge.report.draw import annotate


class SavedClip:
    """An .mp4 that grows by each frame; playable once closed."""

    def __init__(self, path: Path, rate_fps: float) -> None:
        if path.suffix.lower() != ".mp4":
            raise SettingsError(f"--save {path}: expected a name that ends in .mp4.")
        if not path.resolve().parent.is_dir():
            raise SettingsError(f"--save {path}: the folder does not exist.", hint=f"mkdir -p {path.parent}")
        self._path, self._rate_fps = path, rate_fps
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def __call__(self, frame: Frame, looks: Sequence[Look], decision: Decision) -> None:
        picture = annotate(frame.image, looks, decision)
        if self._writer is None:
            self._size = (picture.shape[1], picture.shape[0])
            self._writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*"mp4v"), self._rate_fps, self._size)
            if not self._writer.isOpened():
                raise SettingsError(f"--save {self._path}: cannot be written.", hint="Check the folder, its rights and the free space.")
        if (picture.shape[1], picture.shape[0]) == self._size:  # a clip has one size; stills may come in several
            self._writer.write(picture)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._writer is not None:
            self._writer.release()
