# SPDX-License-Identifier: Apache-2.0
"""Ticking: keeps a panel alive while one frame is judged, which takes a small Pi longer than a lamp's blink or a short press."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge.door.state import Decision
from edge.panel import Panel
from edge.panel.signals import DEBOUNCE_S


class Ticking:
    """A panel that is shown decisions by one thread and ticked by another, one at a time."""

    def __init__(self, panel: Panel, now: Callable[[], float]) -> None:
        self._panel, self._now = panel, now
        self._one = threading.Lock()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._tick_on, name="panel", daemon=True)

    def show(self, decision: Decision, t: float) -> None:
        """Take over a decision at time `t`.

        Raises:
            PinError: a pin failed, now or at a tick since the last decision.
        """
        with self._one:
            self._complain()
            self._panel.show(decision, t)

    def tick(self, t: float) -> None:
        """Only raises what the thread ran into, for it is the thread that ticks. While a camera is silent no `show` comes to raise it.

        Raises:
            PinError: a pin failed at a tick.
        """
        self._complain()

    def _complain(self) -> None:
        if self._error:
            raise self._error

    def _tick_on(self) -> None:
        while not self._stop.wait(DEBOUNCE_S):
            try:
                with self._one:
                    if not self._stop.is_set():
                        self._panel.tick(self._now())
            except Exception as error:  # noqa: BLE001  handed on to whoever shows or ticks next
                self._error = error
                return

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No tick comes after this."""
        self._stop.set()
        self._thread.join(1.0)


@contextmanager
def ticking(panel: Panel, now: Callable[[], float], *, live: bool) -> Iterator[Panel | Ticking]:
    """For a `live` camera: the panel, ticked 20 times a second from a thread while the block runs.

    For a clip: the panel itself. A clip, played fast or slow, has the time of its frames, and only the caller knows it.

    Args:
        panel: stays open.
        now: the time of a tick, in seconds of the panel's clock.
    """
    if not live:
        yield panel
        return
    ticked = Ticking(panel, now)
    ticked.start()
    try:
        yield ticked
    finally:
        ticked.stop()
