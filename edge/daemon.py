# SPDX-License-Identifier: Apache-2.0
"""Daemon: wires the rooms and runs the loop; nothing else.

    camera ──Frame──▶ care ──▶ vision ──Looks──▶ door ──Decision──▶ panel, then the subscribers of report

A live camera captures in a thread of its own and hands over the newest frame, so capture never waits for judging. Lamps
take a decision over in this thread, so they are never newer or older than it; a thread of the panel's keeps them blinking
while the next frame is judged, and takes green away when that lasts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from edge.camera import Camera
from edge.care.watch import Care, out_of_order
from edge.door import Memory, finish, step
from edge.door.state import Decision, Passage
from edge.look import Look
from edge.panel import Panel
from edge.panel.ticking import ticking
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
    """Wall-clock seconds that the loop ran."""
    passages: int
    """Visits, those among them that the end of the source cut short."""
    t: float
    """Frame time of the last decision; 0 without one."""
    cut_short: tuple[Passage, ...]
    """Visits that the end of the source cut short."""
    stopped: bool = False
    """A KeyboardInterrupt came before the source ended."""

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
    memory, told, care, stopped = Memory(), _Told(), care or Care(), False
    care.begin(live=camera.live)
    judging, started = rules.mode != "off", time.monotonic()
    try:
        with ticking(panel, care.frame_clock.now, live=camera.live) as shown:
            for frame in camera.frames(waiting=lambda: shown.tick(care.frame_clock.now())):
                if not care.wants(frame):
                    shown.tick(frame.t)
                    continue
                fault = care.look(frame)
                looks: Sequence[Look] = ()
                if fault and judging:
                    memory, decision = out_of_order(memory, frame.t, fault)
                else:
                    looks = vision.look(frame) if judging else ()
                    memory, decision = step(memory, frame.t, looks, rules)
                shown.show(decision, frame.t)
                care.frame_clock.set(frame.t)
                if service:
                    service.decided(care.status(decision.state))
                for tell in subscribers:
                    with care.storing():
                        tell(frame, looks, decision)
                told.note(decision)
    except KeyboardInterrupt:
        stopped = True
        log.info("stopping")
    cut_short = finish(memory, rules)
    return Summary(told.frames, camera.dropped, time.monotonic() - started, told.passages + len(cut_short), told.t, cut_short, stopped=stopped)


class _Told:
    """Counts, and logs what changed. No picture and no face goes into a log."""

    def __init__(self) -> None:
        self.frames = self.passages = 0
        self.t = 0.0

    def note(self, decision: Decision) -> None:
        self.frames += 1
        self.passages += len(decision.passages)
        self.t = decision.t
        if self.frames == 1 or decision.state is not decision.previous:
            reason = f" reason={decision.reason!r}" if decision.reason else ""
            log.info("t=%.2f state=%s people=%d%s", decision.t, decision.state.value, len(decision.people), reason)
        for passage in decision.passages:
            log.info("t=%.2f passage verdict=%s looks=%d", decision.t, passage.verdict.value, passage.looks)
