# SPDX-License-Identifier: Apache-2.0
"""A panel goes on while one frame takes long to judge."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from edge.care.watch import Care
from edge.daemon import watch
from edge.door.state import Decision, DoorState
from edge.errors import PinError
from edge.frame import Frame
from edge.panel.gpio import GpioPanel, mock_pins
from edge.panel.pins_file import Change, PinsFile
from edge.panel.ticking import ticking
from edge.settings import DoorSettings, PanelSettings, TrustSettings
from edge.testing import MASKED, RecordingPanel, ReplayedCamera, ScriptedClassifier, ScriptedDetector, face_at
from edge.vision import Vision

PICTURE = np.random.default_rng(3).integers(60, 190, (240, 320, 3), dtype=np.uint8)


def until(true: object, seconds: float = 20) -> None:
    """Wait, however busy the machine is, but not for ever."""
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


class Judges(ScriptedClassifier):
    """Hangs at its 20th frame until it is let go."""

    def __init__(self) -> None:
        super().__init__([[MASKED]])
        self.let_go = threading.Event()

    def judge(self, image, boxes):
        if self.calls == 19:
            assert self.let_go.wait(30)
        return super().judge(image, boxes)


def test_green_and_the_open_door_do_not_outlive_a_judgement_that_hangs() -> None:
    camera = ReplayedCamera.still(PICTURE, 20)
    camera.live = True
    classifier = Judges()
    vision = Vision(ScriptedDetector([[face_at(100, 60)]]), classifier, TrustSettings())
    panel = RecordingPanel(PanelSettings(relay_hold_s=1.0))
    loop = threading.Thread(target=watch, args=(camera, vision, DoorSettings(), panel), kwargs={"care": Care()})
    loop.start()
    until(lambda: panel.outputs.green)
    assert panel.outputs.relay
    until(lambda: not panel.outputs.green and not panel.outputs.relay)
    assert panel.states[-1] is DoorState.PASSED, "nothing was decided meanwhile"
    classifier.let_go.set()
    loop.join(20)
    assert not loop.is_alive()


def test_a_short_press_between_two_frames_is_heard() -> None:
    panel, t0 = RecordingPanel(PanelSettings()), time.monotonic()
    with ticking(panel, lambda: time.monotonic() - t0, live=True):
        panel.pressed = True
        until(lambda: panel._signals._button)
        panel.pressed = False
        until(lambda: not panel._signals._button)
    assert panel._signals.muted(time.monotonic() - t0)


def test_a_pin_that_fails_between_two_frames_is_told_with_the_next_one() -> None:
    class Broken(RecordingPanel):
        def tick(self, t: float) -> None:
            if threading.current_thread().name == "panel":
                raise PinError("GPIO 17: gone.")
            super().tick(t)

    class Unhurried(ScriptedDetector):
        def find(self, image, smaller=None):
            time.sleep(0.005)   # so that the panel's thread has its turn before the pictures end
            return super().find(image, smaller)

    pictures = [np.roll(PICTURE, n, axis=1) for n in range(8)]     # no two alike in a row: a frozen camera ends the loop too
    camera = ReplayedCamera(Frame(pictures[n % 8], n / 10, n) for n in range(5_000))
    camera.live = True
    vision = Vision(Unhurried([[]]), ScriptedClassifier([[]]), TrustSettings())
    with Broken() as panel, pytest.raises(PinError, match="gone"):
        watch(camera, vision, DoorSettings(), panel)


def test_a_pin_that_fails_while_the_camera_is_silent_is_told_at_once() -> None:
    class Broken(RecordingPanel):
        def tick(self, t: float) -> None:
            raise PinError("GPIO 17: gone.")

    with Broken() as panel, ticking(panel, lambda: 0.0, live=True) as shown, pytest.raises(PinError, match="gone"):
        until(lambda: shown.tick(0.0))      # what the loop does while it waits for a frame


def test_a_panel_closed_while_a_tick_waits_for_the_disk_stays_off(tmp_path: Path) -> None:
    waits, disk, left_on = threading.Event(), threading.Event(), []

    class SlowDisk(PinsFile):
        def write(self, change: Change) -> None:
            if change.value:
                waits.set()
                assert disk.wait(20)
            elif change.why == "close":     # all is off, and nothing is given back yet
                disk.set()
                ticks.join(20)
                left_on.append(panel.factory.pin(24).state)

    panel = GpioPanel(PanelSettings(kind="mock"), mock_pins(), SlowDisk(tmp_path / "pins.jsonl"))
    passed = Decision(t=0.0, state=DoorState.PASSED, previous=DoorState.IDLE, people=(), admits=True)
    ticks = threading.Thread(target=panel.show, args=(passed, 0.0))
    ticks.start()
    assert waits.wait(20), "green is lit, and the relay would be next"
    panel.close()
    assert not ticks.is_alive()
    assert not any(left_on)
    assert len(left_on) == 5


def test_a_clip_is_ticked_by_its_own_clock_only() -> None:
    panel = RecordingPanel()
    with ticking(panel, lambda: 0.0, live=False) as shown:
        assert shown is panel
    assert not [thread for thread in threading.enumerate() if thread.name == "panel"]
