# SPDX-License-Identifier: Apache-2.0
"""Pace: which frames are judged. All of them; while the processor is hot, half as many a second.

Half of what the unit judged before, not of what the camera delivers: a small Pi judges fewer anyway, and half of
the camera's rate would not relieve it.
"""

from __future__ import annotations

SLOWER = 2.0
"""The gap between two judged frames grows by this."""
WEIGHT = 0.1
"""Of the newest gap in the mean of gaps."""
LONGEST_S = 1.0
"""A gap counts for so much at most, and while hot none is longer: a door has to answer."""


class Pace:
    """Remembers when a frame was judged last, and how far apart frames are while the unit is cool."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._gap_s: float | None = None

    def wants(self, t: float, *, hot: bool) -> bool:
        """Whether the frame of time `t` (seconds of frame time) is to be judged."""
        if self._last is None or t < self._last:    # the first one, or a clock that began anew
            self._last = t
            return True
        gap_s = min(t - self._last, LONGEST_S)
        if not hot or self._gap_s is None:
            self._gap_s = gap_s if self._gap_s is None else self._gap_s + WEIGHT * (gap_s - self._gap_s)
        elif gap_s < min(SLOWER * self._gap_s, LONGEST_S) - 1e-6:
            return False
        self._last = t
        return True
