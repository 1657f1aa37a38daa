# SPDX-License-Identifier: Apache-2.0
"""Daemon: wires the rooms and runs the loop; nothing else.

    camera ──Frame──▶ vision ──Looks──▶ door ──Decision──▶ panel, then the subscribers of report

A live camera captures in a thread of its own and hands over the newest frame, so capture never waits for judging;
judging and the panel share this thread, so a lamp can never be newer or older than the decision behind it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from edge.camera import Camera
from edge.door import Memory, finish, step
from edge.door.state import Decision, DoorState, Passage
from edge.panel import Panel
from edge.report import Subscriber
from edge.service import Service
from edge.settings import DoorSettings
from edge.vision import Vision

log = logging.getLogger("maskgate")


@dataclass(frozen=True)
class Summary:
    """What one run did."""

    frames: int
    """Frames decided."""
    dropped: int
    """Frames of a live camera that came while another was judged."""
    busy_s: float
    """Wall-clock seconds from the first frame to the last decision."""
    states: tuple[DoorState, ...]
    """Every state in order, without repeats."""
    passages: tuple[Passage, ...]
    """Finished visits."""
    cut_short: tuple[Passage, ...]
    """Visits that the end of the source cut short."""

    @property
    def rate_fps(self) -> float:
        return self.frames / self.busy_s if self.busy_s > 0 else 0.0


def watch(camera: Camera, vision: Vision, rules: DoorSettings, panel: Panel, subscribers: Sequence[Subscriber] = (),
          service: Service | None = None) -> Summary:
    """Judge every frame that the camera hands over, until it ends or a KeyboardInterrupt (Ctrl-C, SIGTERM) comes.

    The panel and the camera stay open: whoever opened them closes them.

    Raises:
        CameraError: the source failed. Other errors of a room pass through as they are.
    """
    memory, clock, told = Memory(), _FrameClock(), _Told()
    started = time.monotonic()
    try:
        for frame in camera.frames(waiting=lambda: panel.tick(clock.now())):
            looks = vision.look(frame)
            memory, decision = step(memory, frame.t, looks, rules)
            panel.show(decision, frame.t)
            clock.set(frame.t)
            if service:
                service.decided(decision.state.value)
            for tell in subscribers:
                tell(frame, looks, decision)
            told.note(decision)
    except KeyboardInterrupt:
        log.info("stopping")
    return Summary(told.frames, camera.dropped, time.monotonic() - started, tuple(told.states), tuple(told.passages),
                   cut_short=finish(memory, rules))


class _FrameClock:
    """Frame time between two frames: the time of the last one plus what has gone by since."""

    def __init__(self) -> None:
        self._t, self._at = 0.0, time.monotonic()

    def set(self, t: float) -> None:
        self._t, self._at = t, time.monotonic()

    def now(self) -> float:
        return self._t + time.monotonic() - self._at


class _Told:
    """Counts, and logs what changed. No picture and no face goes into a log."""

    def __init__(self) -> None:
        self.frames = 0
        self.states: list[DoorState] = []
        self.passages: list[Passage] = []

    def note(self, decision: Decision) -> None:
        self.frames += 1
        self.passages += decision.passages
        if not self.states or decision.state is not decision.previous:
            self.states.append(decision.state)
            reason = f" reason={decision.reason!r}" if decision.reason else ""
            log.info("t=%.2f state=%s people=%d%s", decision.t, decision.state.value, len(decision.people), reason)
        for passage in decision.passages:
            log.info("t=%.2f passage verdict=%s looks=%d", decision.t, passage.verdict.value, passage.looks)
