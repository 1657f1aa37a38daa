# SPDX-License-Identifier: Apache-2.0
"""Camera: frames from a Pi camera, a webcam, a network address, a clip or stills.

    with open_camera(settings.camera) as camera:
        for frame in camera.frames():
            ...

One source a file; `open_camera` picks it by the string `source`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from edge.frame import Frame


class Camera(Protocol):
    """Any source of frames: a context manager that hands them out in order."""

    live: bool
    """True: frames come by the clock and old ones are dropped. False: every frame of a file is delivered."""
    dropped: int
    """Frames that came and were never handed out, so far. Always 0 where `live` is False."""

    def frames(self) -> Iterator[Frame]:
        """Frames until the source ends (files) or `close` is called (live).

        Raises:
            CameraStopped: no frame came within `silence_s`.
            CameraUnreadable: what came cannot be decoded, or the file is cut short.
        """
        ...

    def close(self) -> None:
        """Give the device back; safe to call twice and from another thread. `frames` then ends within a second."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
