# SPDX-License-Identifier: Apache-2.0
"""Camera: frames from a Pi camera, a webcam, a network address, a clip or stills.

    with open_camera(settings.camera) as camera:
        for frame in camera.frames():
            ...

One source a file; `open_camera` (`source.py`) picks it by the string `source`. What a camera delivers by the clock (picamera, v4l2,
stream) goes through `newest.py`, what a file delivers (clip, stills) through `pace.py`, and the pictures of either are turned by the
setting `rotate_deg` in `turn.py`. `capture.py` reads both a webcam and a stream, `pixels.py` knows libcamera's pixel formats, and
`orientation.py` is for `maskgate check`: how a phone's picture is turned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

from edge.camera.source import open_camera
from edge.frame import Frame

__all__ = ["Camera", "open_camera"]


class Camera(Protocol):
    """Any source of frames: a context manager that hands them out in order."""

    @property
    def live(self) -> bool:
        """True: frames come by the clock and old ones are dropped. False: every frame of a file is delivered."""
        ...

    @property
    def dropped(self) -> int:
        """Frames that came and were never handed out, so far. Always 0 where `live` is False."""
        ...

    def frames(self, waiting: Callable[[], None] | None = None) -> Iterator[Frame]:
        """Frames until the source ends (files) or `close` is called.

        Args:
            waiting: called about every 50 ms while there is no frame to hand out, so that lamps can go on blinking.

        Raises:
            CameraStopped: no frame came within `silence_s`.
            CameraUnreadable: what came cannot be decoded, or the file is cut short.
        """
        ...

    def close(self) -> None:
        """Give the device back; safe to call twice, from another thread and from a signal handler.

        `frames` then ends within a second.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
