# SPDX-License-Identifier: Apache-2.0
"""Daemon: wires the rooms and runs the loop; nothing else.

    camera ──Frame──▶ care ──▶ vision ──Looks──▶ door ──Decision──▶ panel, then the subscribers of report

A live camera captures in a thread of its own and hands over the newest frame, so capture never waits for judging;
judging and the panel share this thread, so a lamp can never be newer or older than the decision behind it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from edge.camera import Camera
from edge.care.watch import Care, out_of_order
from edge.door import Memory, finish, step
from edge.door.state import Decision, DoorState, Passage
from edge.look import Look
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
          service: Service | None = None, care: Care | None = None) -> Summary:
    """Judge every frame that the camera hands over, until it ends or a KeyboardInterrupt (Ctrl-C, SIGTERM) comes.

    While `care` says that nobody can be judged, the door's state is `fault` (not in mode `off`, which judges nobody and
    holds the door open). The panel and the camera stay open: whoever opened them closes them.

    Raises:
        CameraError: the source failed. Other errors of a room pass through as they are.
    """
    memory, told, care = Memory(), _Told(), care or Care()
    care.begin(live=camera.live)
    started = time.monotonic()
    try:
        for frame in camera.frames(waiting=lambda: panel.tick(care.frame_clock.now())):
            if not care.wants(frame):
                panel.tick(frame.t)
                continue
            fault = care.look(frame)
            looks: Sequence[Look] = ()
            if fault and rules.mode != "off":
                memory, decision = out_of_order(memory, frame.t, fault)
            else:
                looks = vision.look(frame)
                memory, decision = step(memory, frame.t, looks, rules)
            panel.show(decision, frame.t)
            care.frame_clock.set(frame.t)
            if service:
                service.decided(care.status(decision.state))
            for tell in subscribers:
                with care.storing():
                    tell(frame, looks, decision)
            told.note(decision)
    except KeyboardInterrupt:
        log.info("stopping")
    return Summary(told.frames, camera.dropped, time.monotonic() - started, tuple(told.states), tuple(told.passages),
                   cut_short=finish(memory, rules))


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
