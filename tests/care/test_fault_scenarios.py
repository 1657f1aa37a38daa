# SPDX-License-Identifier: Apache-2.0
"""Every fault through `maskgate run` as a service manager starts it: pins, exit code, log line, status, health, watchdog.

The command, the loop, the panel on mock pins and the files are the real ones; camera, vision and the readings of the
machine are scripted. What the manager hears on its socket is tried in tests/service.
"""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from care_stand_ins import scene
from numpy.typing import NDArray

from edge.care import ending, watch
from edge.care.faults import FAULTS
from edge.care.vitals import Vitals
from edge.commands.main import main
from edge.door.state import DoorState, Passage
from edge.errors import CameraBusy, CameraNotFound, CameraStopped, PinError
from edge.frame import Frame
from edge.look import Label
from edge.report.events import Events
from edge.settings import TrustSettings
from edge.testing import MASKED, ReplayedCamera, ScriptedClassifier, ScriptedDetector, face_at
from edge.vision import Vision

Picture = NDArray[np.uint8]
FPS = 10
WELL = Vitals(temperature_c=50.0, memory_mb=900.0, disk_mb=5000.0, writable=True, clocks_s=1000.0)
DARK = {"green": 0, "amber": 0, "red": 0, "buzzer": 0, "relay": 0}


class Live(ReplayedCamera):
    """A camera by the clock; between two frames it lets the panel blink, as the real one does."""

    live = True

    def frames(self, waiting: Callable[[], None] | None = None) -> Iterator[Frame]:
        for frame in super().frames():
            if waiting:
                waiting()
            yield frame


def film(pictures: Iterable[Picture], then: BaseException | None = None) -> Live:
    return Live((Frame(picture, 100 + i / FPS, i) for i, picture in enumerate(pictures)), then)


def world(seconds: float) -> list[Picture]:
    return [scene(i % 3) for i in range(round(seconds * FPS))]


def flat(seconds: float, level: float) -> list[Picture]:
    pictures = [np.clip(np.random.default_rng(i).normal(level, 2, (480, 640, 3)), 0, 255).astype(np.uint8) for i in range(4)]
    return [pictures[i % 4] for i in range(round(seconds * FPS))]


@dataclass
class Run:
    """What one run of the program left behind."""

    code: int
    pins: list[dict[str, Any]]
    faults: list[str]
    """Lines of the log about faults, in order."""
    statuses: list[str]
    fed: int
    """How often the watchdog was fed."""
    health: dict[str, Any]

    def levels(self, t: float) -> dict[str, int]:
        """Every output at a moment of frame time, before the panel was closed."""
        return DARK | {change["pin"]: change["value"] for change in self.pins if change["t"] <= t + 1e-6 and not change.get("why")}

    @property
    def left(self) -> dict[str, int]:
        return {change["pin"]: change["value"] for change in self.pins}

    def part(self, name: str) -> dict[str, Any]:
        return next(part for part in self.health["parts"] if part["part"] == name)

    def blinked(self) -> bool:
        """Whether the lamps said `out of order`: red and amber, and never green with them."""
        lit = {change["pin"] for change in self.pins if change["value"]}
        return {"red"} <= lit


@dataclass
class Unit:
    """A unit with scripted rims."""

    folder: Path
    heard: list[str]
    """Every line for the service manager."""
    caplog: pytest.LogCaptureFixture
    monkeypatch: pytest.MonkeyPatch
    vitals: list[Vitals] = field(default_factory=lambda: [WELL])
    """One a frame; the last one holds."""
    looks: int = 0

    def run(self, camera: Live | BaseException, *, source: str = "picamera", toml: str = "[door]\nmode = \"refuse\"\n", events: str = "") -> Run:
        def opened(settings: object, *, fast: bool = False) -> Live:
            if isinstance(camera, BaseException):
                raise camera
            return camera

        self.monkeypatch.setattr("edge.camera.open_camera", opened)
        detector = ScriptedDetector([[face_at(200, 150, 120)]])
        trust = TrustSettings(light_min=0, light_max=255, sharpness_min=0)
        self.monkeypatch.setattr("edge.vision.open_vision", lambda settings: Vision(detector, ScriptedClassifier([[MASKED]]), trust))
        return self.start(source, toml, events, detector)

    def start(self, source: str, toml: str = "", events: str = "", detector: ScriptedDetector | None = None) -> Run:
        settings, pins = self.folder / "unit.toml", self.folder / "pins.jsonl"
        settings.write_text(toml)
        pins.unlink(missing_ok=True)
        self.caplog.clear()
        self.heard.clear()
        words = ["run", "--config", str(settings), "--source", source, "--panel", "mock", "--pins", str(pins), *(["--events", events] if events else [])]
        with self.caplog.at_level(logging.INFO), self.caplog.at_level(logging.INFO, "maskgate"):
            code = main(words)
        self.looks = detector.calls if detector else 0
        health = self.folder / "health.json"
        return Run(code, [json.loads(line) for line in pins.read_text().splitlines()] if pins.exists() else [],
                   [record.getMessage() for record in self.caplog.records if record.name == "maskgate.health"],
                   [line.removeprefix("STATUS=") for line in self.heard if line.startswith("STATUS=")], self.heard.count("WATCHDOG=1"),
                   json.loads(health.read_text()) if health.exists() else {})


@pytest.fixture
def unit(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Unit:
    heard: list[str] = []

    def taken(address: str, *lines: str) -> bool:
        heard.extend(lines)
        return True

    monkeypatch.setattr("edge.service.notify", taken)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "8")    # so short that every decided frame feeds it
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(watch, "EVERY_S", 0.0)
    monkeypatch.setattr(ending, "SHOWN_RUNNING_S", 0.2)
    monkeypatch.setattr(ending, "SHOWN_STARTING_S", 0.6)
    unit = Unit(tmp_path, heard, caplog, monkeypatch)
    monkeypatch.setattr("edge.care.vitals.read_vitals", lambda folder=None: unit.vitals.pop(0) if len(unit.vitals) > 1 else unit.vitals[0])
    return unit


def told(code: str) -> str:
    """How the log line of a fault begins."""
    return f"fault={code} part={FAULTS[code].part}: {FAULTS[code].what}"


def test_a_unit_that_is_well_is_well_everywhere(unit: Unit) -> None:
    run = unit.run(film(world(3)))
    assert run.code == 0
    assert run.faults == []
    assert run.health["ok"]
    assert {part["part"] for part in run.health["parts"]} == {"camera", "picture", "model", "panel", "storage", "memory", "temperature", "clock"}
    assert run.levels(102.9) == DARK | {"green": 1, "relay": 1}
    assert run.left == DARK
    assert run.statuses == ["idle", "checking", "passed", "stopping"]
    assert run.fed == 30


ENDING = [
    ("camera-missing", CameraNotFound("Webcam /dev/video97: no such device."), "/dev/video97"),
    ("camera-busy", CameraBusy("Pi camera: another program uses it."), "picamera"),
    ("camera-hung", film(world(3), CameraStopped("Pi camera: no frame for 5 s.")), "picamera"),
    ("camera-unplugged", film(world(3), CameraStopped("Webcam /dev/video97: no frame for 5 s.")), "/dev/video97"),
]


@pytest.mark.parametrize(("code", "camera", "source"), ENDING, ids=[code for code, _, _ in ENDING])
def test_a_camera_that_fails_is_shown_told_and_ends_with_3(unit: Unit, code: str, camera: Live | BaseException, source: str) -> None:
    run = unit.run(camera, source=source)
    assert run.code == 3 == FAULTS[code].exit_code
    assert len(run.faults) == 1
    assert run.faults[0].startswith(told(code))
    assert run.faults[0].endswith(FAULTS[code].hint)
    assert run.part("camera")["fault"] == code
    assert run.part("camera")["do"] == FAULTS[code].hint
    assert run.statuses[-1].startswith(f"{code}: ")
    assert run.blinked()
    end = run.levels(1e9)
    assert (end["green"], end["relay"]) == (0, 0)       # whoever passed before is let in no longer
    assert run.left == DARK
    assert run.fed == (30 if isinstance(camera, Live) else 0)


@pytest.mark.parametrize(("secret", "code"), [("rtsp://door/stream", "camera-missing"), ("clip.mp4", None)])
def test_a_camera_whose_address_is_a_secret_fails_like_any_other(unit: Unit, secret: str, code: str | None) -> None:
    (unit.folder / "secret_camera").write_text(f"{secret}\n")
    unit.monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(unit.folder))
    run = unit.run(CameraNotFound("It does not answer."), source="credential:camera")
    assert run.code == 3
    assert run.part("camera").get("fault") == code if code else run.faults == []
    assert run.blinked() == bool(code)


def test_a_camera_that_is_plugged_in_again_is_found_by_the_next_start(unit: Unit) -> None:
    assert unit.run(film(world(1), CameraStopped("x")), source="/dev/video97").part("camera")["fault"] == "camera-unplugged"
    assert unit.run(CameraNotFound("x"), source="/dev/video97").part("camera")["fault"] == "camera-missing"
    run = unit.run(film(world(3)), source="/dev/video97")
    assert (run.code, run.faults, run.health["ok"]) == (0, [], True)


@pytest.mark.parametrize(("code", "level"), [("picture-black", 0.0), ("lens-covered", 90.0)])
def test_a_dark_picture_is_shown_and_is_over_with_its_cause(unit: Unit, code: str, level: float) -> None:
    # A mask is seen all the time, as a model might see one in noise: nobody passes by a picture that shows nothing.
    run = unit.run(film(world(3) + flat(8, level) + world(3)))
    assert run.code == 0
    assert [line.split(" ")[0] for line in run.faults] == [f"fault={code}", f"over={code}"]
    assert run.faults[0] == f"{told(code)} | {FAULTS[code].hint}"
    assert run.levels(102.9)["green"] == 1
    for t in (108.1, 108.4):
        assert run.levels(t) == DARK | {"red": 1}
    for t in (108.6, 110.9 - 0.3):
        assert run.levels(t) == DARK | {"amber": 1}
    assert run.levels(113.9) == DARK | {"green": 1, "relay": 1}
    assert run.part("picture")["ok"]
    assert f"{code}: {FAULTS[code].what} | {FAULTS[code].hint}" in run.statuses
    assert run.statuses[-2:] == ["passed", "stopping"]
    assert run.fed == 140                               # every one of these pictures was fresh and decided
    assert unit.looks == 140 - 30                       # three seconds of fault judged nobody


def test_a_frozen_picture_ends_with_3_and_no_longer_feeds_the_watchdog(unit: Unit) -> None:
    run = unit.run(film(world(3) + [scene(1)] * (60 * FPS)))
    assert run.code == 3
    assert len(run.faults) == 1
    assert run.faults[0].startswith(told("picture-frozen"))
    assert run.part("camera")["ok"]
    assert run.part("picture")["fault"] == "picture-frozen"
    assert run.statuses[-1].startswith("picture-frozen: ")
    assert run.blinked()
    assert run.left == DARK
    assert 300 <= run.fed <= 332                        # not one after the thirty seconds


def test_in_mode_off_a_dark_picture_is_told_and_closes_no_door(unit: Unit) -> None:
    run = unit.run(film(world(1) + flat(8, 0.0)), toml='[door]\nmode = "off"\n')
    assert run.faults[0].startswith(told("picture-black"))
    assert run.levels(108.9) == DARK | {"relay": 1}


MACHINE = [
    ("over-temperature", {"temperature_c": 79.0}, "temperature"), ("memory-pressure", {"memory_mb": 12.0}, "memory"),
    ("disk-full", {"disk_mb": 1.0}, "storage"), ("disk-read-only", {"writable": False}, "storage"), ("clock-jump", {"clocks_s": 87400.0}, "clock"),
]


@pytest.mark.parametrize(("code", "changes", "part"), MACHINE, ids=[code for code, _, _ in MACHINE])
def test_what_is_wrong_with_the_machine_is_told_and_stops_nobody_from_being_judged(unit: Unit, code: str, changes: dict[str, Any], part: str) -> None:
    bad = Vitals(**{name: changes.get(name, getattr(WELL, name)) for name in Vitals.__slots__})
    back = bad if code == "clock-jump" else WELL        # the new time of day stays; only the jump is over
    unit.vitals = [WELL] * 10 + [bad] * (1 if code == "clock-jump" else 10) + [back]
    run = unit.run(film(world(5)))
    assert run.code == 0
    assert [line.split(" ")[0] for line in run.faults] == [f"fault={code}", f"over={code}"]
    assert run.faults[0] == FAULTS[code].log_line()
    assert run.part(part)["ok"]
    assert any(f"; {code}: {FAULTS[code].what} | {FAULTS[code].hint}" in status for status in run.statuses)
    assert run.levels(104.9) == DARK | {"green": 1, "relay": 1}


def test_a_program_that_has_grown_without_need_is_shown_told_and_started_again(unit: Unit) -> None:
    unit.vitals = [WELL] * 10 + [replace(WELL, own=0.45)]
    run = unit.run(film(world(3)))
    assert run.code == 1
    assert [line.split(" | ")[0] for line in run.faults] == [f"{told('memory-grown')} (The program holds 45% of the machine's memory, expected less than 40%)"]
    assert run.part("memory")["fault"] == "memory-grown"
    assert run.blinked()
    assert run.left == DARK
    assert run.fed == 10


def test_while_it_lasts_health_says_what_why_and_since_when(unit: Unit) -> None:
    unit.vitals = [WELL] * 10 + [Vitals(81.0, 900.0, 5000.0, True, 1000.0)]
    run = unit.run(film(world(3)))
    temperature = run.part("temperature")
    assert not run.health["ok"]
    assert (temperature["ok"], temperature["fault"], temperature["why"]) == (False, "over-temperature", FAULTS["over-temperature"].what)
    assert temperature["since"] <= run.health["written"]


def test_a_hot_unit_judges_half_the_frames_and_answers_all_the_same(unit: Unit) -> None:
    unit.vitals = [Vitals(81.0, 900.0, 5000.0, True, 1000.0)]
    run = unit.run(film(world(10)))
    assert run.code == 0
    assert 50 <= unit.looks <= 53
    assert run.fed == unit.looks                        # what is left out feeds nothing
    assert run.levels(109.8)["green"] == 1


def test_a_disk_that_fills_up_loses_events_and_stops_no_door(unit: Unit) -> None:
    unit.vitals = [Vitals(50.0, 900.0, 1.0, True, 1000.0)]
    run = unit.run(film(world(3)), events="/dev/full")
    assert run.code == 0
    assert [line.split(" ")[0] for line in run.faults] == ["fault=disk-full"]
    assert run.part("storage")["fault"] == "disk-full"
    assert run.levels(102.9)["green"] == 1


def test_a_disk_that_breaks_while_it_is_written_is_told_with_the_kernel_s_word(unit: Unit) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    unit.vitals = [Vitals(50.0, 900.0, None, False, 1000.0)]
    unit.monkeypatch.setattr("edge.report.events.Events.__call__", broken)
    run = unit.run(film(world(3)), events=str(unit.folder / "events.jsonl"))
    assert run.code == 0
    assert [line.split(" ")[0] for line in run.faults] == ["fault=disk-read-only"]
    assert run.levels(102.9)["green"] == 1


def refused_until(opened: int, number: int = errno.EROFS) -> type[Path]:
    """Paths on a disk that the kernel lets nobody write to before it is opened so often."""
    class OnBrokenDisk(type(Path())):   # type: ignore[misc]
        tries = 0

        def open(self, *arguments: Any, **more: Any) -> Any:
            OnBrokenDisk.tries += 1
            if OnBrokenDisk.tries < opened:
                raise OSError(number, os.strerror(number))
            return super().open(*arguments, **more)

    return OnBrokenDisk


@pytest.mark.parametrize("name", ["EROFS", "EIO", "ENXIO", "EBADMSG", "EUCLEAN", "EREMOTEIO"])
def test_a_unit_starts_on_a_disk_that_has_gone_read_only_or_is_damaged_and_keeps_events_once_it_is_well(unit: Unit, name: str) -> None:
    if not hasattr(errno, name):
        pytest.skip(f"this system knows no {name}")
    unit.vitals = [Vitals(50.0, 900.0, None, False, 1000.0)] * 2 + [WELL]
    unit.monkeypatch.setenv("STATE_DIRECTORY", str(unit.folder))
    unit.monkeypatch.setattr("edge.report.events.Path", refused_until(3, getattr(errno, name)))   # not at the start, not for the first event
    run = unit.run(film(world(3)), events=str(unit.folder / "events.jsonl"))
    assert run.code == 0
    assert [line.split(" ")[0] for line in run.faults] == ["fault=disk-read-only", "over=disk-read-only"]
    assert run.levels(102.9)["green"] == 1
    assert [json.loads(line).get("state") for line in (unit.folder / "events.jsonl").read_text().splitlines()] == ["checking", "passed", None]


def test_an_event_file_where_the_service_may_keep_nothing_is_a_wrong_setting(unit: Unit) -> None:
    unit.monkeypatch.setenv("STATE_DIRECTORY", str(unit.folder / "state"))
    unit.monkeypatch.setattr("edge.report.events.Path", refused_until(9))
    assert unit.run(film(world(3)), events=str(unit.folder / "events.jsonl")).code == 2


def test_a_broken_model_is_shown_told_and_ends_with_4(unit: Unit) -> None:
    (unit.folder / "broken.tflite").write_bytes(b"TFL3 and then nothing")
    run = unit.start("picamera", f'[masks]\nmodel = "{unit.folder}/broken.tflite"\n')
    assert run.code == 4
    assert len(run.faults) == 1
    assert run.faults[0].startswith(told("model-broken"))
    assert run.part("model")["fault"] == "model-broken"
    assert run.statuses[-1].startswith("model-broken: ")
    assert run.blinked()
    assert run.left == DARK
    assert run.fed == 0


def test_a_pin_that_is_taken_is_told_and_ends_with_5(unit: Unit) -> None:
    def taken(*_: object, **__: object) -> None:
        raise PinError("[panel] green_pin, GPIO17 (position 11 of the header): another program holds this pin.")

    unit.monkeypatch.setattr("edge.panel.open_panel", taken)
    run = unit.run(film(world(1)))
    assert run.code == 5
    assert len(run.faults) == 1
    assert run.faults[0].startswith(told("pin-taken"))
    assert run.part("panel")["fault"] == "pin-taken"
    assert run.statuses[-1].startswith("pin-taken: ")


def test_a_pin_that_fails_in_the_middle_ends_with_5_and_the_others_off(unit: Unit) -> None:
    def fails(*_: object) -> None:
        raise PinError("[panel] red_pin, GPIO22 (position 15 of the header): cannot be driven.")

    unit.monkeypatch.setattr("edge.panel.gpio.GpioPanel.tick", fails)
    run = unit.run(film(world(1)))
    assert run.code == 5
    assert run.faults[0].startswith(told("pin-taken"))
    assert run.left == DARK


def test_by_hand_nobody_waits_for_lamps(unit: Unit) -> None:
    unit.monkeypatch.delenv("NOTIFY_SOCKET")
    run = unit.run(CameraNotFound("Webcam /dev/video97: no such device."), source="/dev/video97")
    assert run.code == 3
    assert not run.blinked()


def test_a_clip_that_is_missing_is_no_fault_of_the_unit(unit: Unit) -> None:
    run = unit.start("nowhere.mp4")
    assert (run.code, run.faults) == (3, [])


def test_a_stop_while_a_fault_is_shown_ends_at_once(unit: Unit) -> None:
    def stopped(seconds: float) -> None:
        raise KeyboardInterrupt

    unit.monkeypatch.setattr("edge.care.ending.time.sleep", stopped)
    run = unit.run(CameraNotFound("x"), source="/dev/video97")
    assert run.code == 0
    assert run.left == DARK


def test_a_health_file_that_cannot_be_written_is_said_once_and_stops_nothing(unit: Unit) -> None:
    unit.monkeypatch.setenv("RUNTIME_DIRECTORY", str(unit.folder / "gone"))
    run = unit.run(film(world(2)))
    assert run.code == 0
    assert len(run.faults) == 1
    assert "health.json: cannot be written" in run.faults[0]


def test_a_line_that_a_full_disk_cut_short_does_not_swallow_the_next_one(tmp_path: Path) -> None:
    class Short:
        """A disk with room for five more bytes, then with room again."""

        room = 5
        written = b""

        def write(self, data: bytes) -> int:
            taken, self.room = data[:self.room], 10_000
            self.written += taken
            return len(taken)

    events, disk = Events(str(tmp_path / "events.jsonl")), Short()
    with events:
        pass
    events._file = disk  # type: ignore[assignment]
    passage = Passage(1, 0.0, 2.0, DoorState.PASSED, Label.MASK, 0.9, 5)
    events.passages(2.0, [passage, passage])
    assert [line[:5] for line in disk.written.splitlines()] == [b'{"eve', b'{"eve']
    assert json.loads(disk.written.splitlines()[1])["event"] == "passage"
