# SPDX-License-Identifier: Apache-2.0
"""Shots: a few seconds of the camera, for every check that wants to see something. Only the last frame is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge.errors import CameraError, CameraStopped, MaskGateError

if TYPE_CHECKING:
    from edge.camera import Camera
    from edge.care.doctor.context import Context
    from edge.care.faults import Fault
    from edge.frame import Frame

FRAME_S = 5.0
"""Longest wait for a frame."""
OPEN_S = 30.0
"""Longest wait for everything: Picamera2 alone takes several seconds to load on a small Pi."""
WATCH_S = 2.0
"""How long a live camera is watched: exposure settles within a second."""
MANY = 60
"""Frames after which a fast source has said enough."""


@dataclass(frozen=True)
class Shots:
    """What came of it."""

    error: MaskGateError | None = None
    """Why there are no frames."""
    live: bool = False
    frames: int = 0
    rate_fps: float = 0.0
    """Frames a second that the camera delivered, those that were dropped included; 0 where there was only one."""
    last: Frame | None = None
    fault: Fault | None = None
    """Black or covered."""


def take_shots(context: Context) -> Shots:
    """Open the camera, watch it, close it. Never raises, never waits longer than `OPEN_S`."""
    settings = replace(context.settings.camera, silence_s=min(FRAME_S, context.settings.camera.silence_s))
    taken: list[Shots] = []

    def work() -> None:
        try:
            taken.append(_watch(lambda: context.open_camera(settings)))
        except MaskGateError as error:
            taken.append(Shots(error=error))
        except Exception as error:  # noqa: BLE001  a driver may raise anything, and this is a thread of our own
            taken.append(Shots(error=CameraError(f"The camera fails: {type(error).__name__}: {error}")))

    # In a thread, so that a driver that hangs while it opens hangs the camera's check alone.
    thread = threading.Thread(target=work, name="doctor's camera", daemon=True)
    thread.start()
    thread.join(OPEN_S)
    return taken[0] if taken else Shots(error=CameraStopped(f"The camera did not answer within {OPEN_S:g} s."))


def _watch(open_camera: Callable[[], Camera]) -> Shots:
    from edge.care.picture import DARK_S, PictureWatch

    watch, fault = PictureWatch(), None
    with open_camera() as camera:
        first: Frame | None = None
        last: Frame | None = None
        count = 0
        for frame in camera.frames():
            first, last, count = first or frame, frame, count + 1
            if frame.t - first.t >= WATCH_S or count >= MANY:
                break
        if first is None or last is None:
            return Shots(error=CameraStopped("The camera ended without a single frame."))
        dropped = camera.dropped
        live = camera.live
    if live:
        # The last picture, as if it lasted. That tells a black or covered one; for a frozen one a few seconds are too short.
        watch.step(0.0, last.image)
        fault = watch.step(DARK_S, last.image)
    seconds = last.t - first.t
    rate_fps = (count + dropped - 1) / seconds if seconds > 0 else 0.0
    return Shots(live=live, frames=count, rate_fps=rate_fps, last=last, fault=fault)
