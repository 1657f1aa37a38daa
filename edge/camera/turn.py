# SPDX-License-Identifier: Apache-2.0
"""Turns the pictures of any source upright."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera import Camera
    from edge.frame import Frame

CLOCKWISE = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class Turned:
    """A camera whose pictures come turned clockwise by `degrees`."""

    def __init__(self, camera: Camera, degrees: Literal[90, 180, 270]) -> None:
        self._camera, self._code = camera, CLOCKWISE[degrees]

    @property
    def live(self) -> bool:
        return self._camera.live

    @property
    def dropped(self) -> int:
        return self._camera.dropped

    def frames(self, waiting: Callable[[], None] | None = None) -> Iterator[Frame]:
        for frame in self._camera.frames(waiting):
            small = None if frame.small is None else self._turn(frame.small)
            yield replace(frame, image=self._turn(frame.image), small=small)

    def _turn(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(cv2.rotate(image, self._code), np.uint8)

    def close(self) -> None:
        self._camera.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
