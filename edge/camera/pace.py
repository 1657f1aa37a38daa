# SPDX-License-Identifier: Apache-2.0
"""Hands out the frames of a file by the file's own clock. None is ever dropped, however slow the consumer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from edge.frame import Frame

TICK_S = 0.05
"""How often `waiting` is called and a close is noticed, in every source."""


def paced(frames: Iterable[Frame], closed: Callable[[], bool], waiting: Callable[[], None] | None, *, fast: bool) -> Iterator[Frame]:
    """Each frame not before its time `t`, counted from the first one; at once where `fast` is true.

    A consumer that is too slow gets its frames late, and no frame waits once it is due.
    `waiting` is called about every 50 ms in between. Ends as soon as `closed()` is true.
    """
    start = None
    for frame in frames:
        if start is None:
            start = time.monotonic() - frame.t
        while not fast and not closed() and (left := start + frame.t - time.monotonic()) > 0:
            if waiting:
                waiting()
            time.sleep(min(TICK_S, left))
        if closed():
            return
        yield frame
