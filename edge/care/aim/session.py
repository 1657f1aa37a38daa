# SPDX-License-Identifier: Apache-2.0
"""Session: measures the largest face in every frame while the installer moves camera, lamp or himself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.camera import Camera
from edge.care.aim.measure import Measured, measure, middle
from edge.care.aim.verdict import Item, Limits, judge
from edge.care.doctor.result import Level
from edge.frame import Frame
from edge.settings import TrustSettings

if TYPE_CHECKING:
    from edge.vision import Detector

RECENT = 15
"""Measurements that a verdict is the median of: about a second."""
LOST_S = 1.5
"""So long after the last face was found, its measurements are forgotten: whoever comes back stands elsewhere."""


@dataclass(frozen=True)
class Standing:
    """How things stand after a frame."""

    frame: Frame
    faces: int
    """In this frame."""
    measured: Measured | None = None
    """The median of the last second; None: nobody was there."""
    items: tuple[Item, ...] = ()

    @property
    def good(self) -> bool:
        """Somebody is there, and nothing is to be done."""
        return bool(self.items) and all(item.level is Level.OK for item in self.items)


def aim(camera: Camera, detector: Detector, trust: TrustSettings, fov_deg: float, show: Callable[[Standing], None], *,
        limits: Limits | None = None, seconds: float | None = None, waiting: Callable[[], None] | None = None) -> Standing | None:
    """Measure until the source ends, `seconds` of frame time are over, or Ctrl-C.

    Args:
        fov_deg: see `measure`.
        show: called after every frame.

    Returns:
        The last standing in which somebody was there, else the last of all; None without a single frame.

    Raises:
        CameraError: the source failed.
    """
    recent: deque[tuple[float, Measured]] = deque(maxlen=RECENT)
    last: Standing | None = None
    began: float | None = None
    try:
        for frame in camera.frames(waiting):
            began = frame.t if began is None else began
            faces = detector.find(frame.image, frame.small)
            measured = measure(frame, faces[0], fov_deg) if faces else None
            if measured is not None:
                recent.append((frame.t, measured))
            elif recent and frame.t - recent[-1][0] > LOST_S:
                recent.clear()
            standing = Standing(frame, len(faces))
            if recent:  # a face that is lost for a moment is still measured
                median = middle([one for _, one in recent])
                standing = Standing(frame, len(faces), median, judge(median, trust, limits or Limits()))
            show(standing)
            if faces or last is None or not last.faces:
                last = standing
            if seconds is not None and frame.t - began >= seconds:
                break
    except KeyboardInterrupt:
        pass    # the installer has seen enough; the report is still to be written
    return last
