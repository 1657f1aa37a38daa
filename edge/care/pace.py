# SPDX-License-Identifier: Apache-2.0
"""Pace: which frames are judged, and whether they are enough. All of them; while the processor is hot, half as many a second.

Half of what the unit judged before, not of what the camera delivers: a small Pi judges fewer anyway, and half of
the camera's rate would not relieve it.
"""

from __future__ import annotations

from edge.door.verdict import EVIDENCE_GAP_S

SLOWER = 2.0
"""The gap between two judged frames grows by this."""
WEIGHT = 0.1
"""Of the newest gap in the mean of gaps."""
LONGEST_S = 1.0
"""A gap counts for so much at most, and while hot none is made longer: a door has to answer."""
MANY = 10
"""So many judged frames tell whether the pace has changed."""


class Pace:
    """Remembers when a frame was judged last, and how far apart frames are while the unit is cool."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._gap_s: float | None = None
        self._left_out: float | None = None
        """When the frame before this one was left out."""
        self._next_s = 0.0
        """While hot: how long the next frame was waited for when one was left out last."""
        self._close = 0
        """How many gaps in a row were short enough for looks to support each other."""
        self._alone = 0
        """How many frames were judged since the last three that could."""
        self.slow = False
        """Whether frames come too far apart for anybody to be judged."""

    def wants(self, t: float, *, hot: bool) -> bool:
        """Whether the frame of time `t` (seconds of frame time) is to be judged."""
        if self._last is None or t < self._last:    # the first one, or a clock that began anew
            self._last, self._left_out = t, None
            return True
        gap_s = min(t - self._last, LONGEST_S)
        if self._left_out is not None:
            self._next_s, self._left_out = t - self._left_out, None
        if not hot or self._gap_s is None:
            self._gap_s = gap_s if self._gap_s is None else self._gap_s + WEIGHT * (gap_s - self._gap_s)
            self._next_s = 0.0
        elif gap_s < min(SLOWER * self._gap_s, LONGEST_S) - 1e-6 and t - self._last + self._next_s < EVIDENCE_GAP_S:
            self._left_out = t
            return False
        self._count(t - self._last)
        self._last = t
        return True

    def _count(self, gap_s: float) -> None:
        """One more judged frame, so long after the one before."""
        self._close = self._close + 1 if gap_s < EVIDENCE_GAP_S else 0
        self._alone = 0 if self._close >= 2 else self._alone + 1
        self.slow = self._close < MANY if self.slow else self._alone >= MANY
