# SPDX-License-Identifier: Apache-2.0
"""Every fault through `maskgate run` as a service manager starts it: pins, exit code, log line, status, health, watchdog.

The command, the loop, the panel on mock pins and the files are the real ones; camera, vision and the readings of the
machine are scripted (scripted_unit.py). What the manager hears on its socket is tried in tests/service.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from care_stand_ins import scene
from scripted_unit import DARK, FPS, WELL, Live, UnforeseenError, Unit, film, flat, make_unit, world

from edge.care.faults import FAULTS
from edge.care.vitals import Vitals
from edge.errors import CameraBusy, CameraNotFound, CameraStopped, PinError
from edge.frame import Frame
from edge.panel.gpio import lgpio_pins


@pytest.fixture
def unit(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Unit:
    return make_unit(tmp_path, caplog, monkeypatch)


def told(code: str) -> str:
    """How the log line of a fault begins."""
    return f"fault={code} part={FAULTS[code].part}: {FAULTS[code].what}"


def test_a_unit_that_is_well_is_well_everywhere(unit: Unit) -> None:
    unit.monkeypatch.setattr("socket.gethostname", lambda: "door-7")
    run = unit.run(film(world(3)))
    assert run.code == 0
    assert run.faults == []
    assert run.health["ok"]
    assert (run.health["version"], run.health["host"]) == (version("maskgate"), "door-7")
    assert {part["part"] for part in run.health["parts"]} == {"camera", "picture", "model", "panel", "storage", "memory", "temperature", "pace", "clock", "program"}
    assert run.levels(102.9) == DARK | {"green": 1, "relay": 1}
    assert run.left == DARK
    assert run.statuses == ["idle", "checking", "passed", "stopping"]
    assert run.fed == 30


ENDING = [
    ("camera-missing", CameraNotFound("Webcam /dev/video97: no such device."), "/dev/video97"),
    ("camera-busy", CameraBusy("Pi camera: another program uses it."), "picamera"),
    ("camera-hung", film(world(3), CameraStopped("Pi camera: no frame for 5 s.")), "picamera"),
    ("camera-unplugged", film(world(3), CameraStopped("Webcam /dev/video97: no frame for 5 s.")), "/dev/video97"),
    ("stream-missing", CameraNotFound("Stream rtsp://door/stream: door does not answer on port 554."), "rtsp://door/stream"),
    ("stream-hung", film(world(3), CameraStopped("Stream HTTP://door/video: no frame for 5 s.")), "HTTP://door/video"),
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
    assert run.showed_fault()
    end = run.levels(1e9)
    assert (end["green"], end["relay"]) == (0, 0)       # whoever passed before is let in no longer
    assert run.left == DARK
    assert run.fed == (30 if isinstance(camera, Live) else 0)


@pytest.mark.parametrize(("secret", "code"), [("rtsp://door/stream", "stream-missing"), ("clip.mp4", None)])
def test_a_camera_whose_address_is_a_secret_fails_like_any_other(unit: Unit, secret: str, code: str | None) -> None:
    (unit.folder / "secret_camera").write_text(f"{secret}\n")
    unit.monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(unit.folder))
    run = unit.run(CameraNotFound("It does not answer."), source="credential:camera")
    assert run.code == 3
    assert run.part("camera").get("fault") == code if code else run.faults == []
    assert run.showed_fault() == bool(code)


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
    assert run.showed_fault()
    assert run.left == DARK
    assert 300 <= run.fed <= 332                        # not one after the thirty seconds


def test_a_unit_that_is_too_slow_to_judge_anybody_says_so_until_it_is_fast_enough(unit: Unit) -> None:
    slow, fast = [100 + 1.3 * i for i in range(20)], [126 + 0.5 * i for i in range(20)]
    run = unit.run(Live(Frame(scene(i % 3), t, i) for i, t in enumerate([*slow, *fast])))
    assert run.code == 0
    assert [line.split(" ")[0] for line in run.faults] == ["fault=judging-slow", "over=judging-slow"]
    assert run.part("pace")["ok"]
    assert run.levels(125)["green"] == 0                # somebody with a mask stood there all the time, and was somebody new in every picture
    assert f"idle; judging-slow: {FAULTS['judging-slow'].what} | {FAULTS['judging-slow'].hint}" in run.statuses
    assert run.levels(135) == DARK | {"green": 1, "relay": 1}


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
    assert run.showed_fault()
    assert run.left == DARK
    assert run.fed == 10


@pytest.mark.parametrize("camera", [film(world(3), UnforeseenError("rtsp://me:geheim77@cam")), UnforeseenError()], ids=["running", "starting"])
def test_an_error_that_nobody_foresaw_is_shown_and_told_like_any_other(unit: Unit, camera: Live | BaseException) -> None:
    run = unit.run(camera)
    assert run.code == 1 == FAULTS["program-failed"].exit_code
    assert run.faults == [f"{told('program-failed')} (UnforeseenError) | {FAULTS['program-failed'].hint}"]
    assert not run.health["ok"]
    assert run.part("program")["fault"] == "program-failed"
    assert "geheim77" not in str(run.health) + str(run.statuses), "what such an error says nobody has looked through"
    assert run.statuses[-1].startswith("program-failed: ")
    assert run.showed_fault()
    assert run.left == DARK


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


def test_a_broken_model_is_shown_told_and_ends_with_4(unit: Unit) -> None:
    (unit.folder / "broken.tflite").write_bytes(b"TFL3 and then nothing")
    run = unit.start("picamera", f'[masks]\nmodel = "{unit.folder}/broken.tflite"\n')
    assert run.code == 4
    assert len(run.faults) == 1
    assert run.faults[0].startswith(told("model-broken"))
    assert run.part("model")["fault"] == "model-broken"
    assert run.statuses[-1].startswith("model-broken: ")
    assert run.showed_fault()
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


def test_pins_that_cannot_be_had_at_all_are_not_told_as_taken(unit: Unit) -> None:
    unit.monkeypatch.setitem(sys.modules, "lgpio", None)
    unit.monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    unit.monkeypatch.setattr("edge.panel.open_panel", lambda *_, **__: lgpio_pins())
    run = unit.run(film(world(1)))
    assert run.code == 5
    assert run.faults[0].startswith(told("gpio-missing"))
    assert "lgpio is missing" in run.faults[0]
    assert "python3-lgpio" in run.part("panel")["do"]
    assert "another program" not in run.faults[0] + run.statuses[-1]


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
    assert not run.showed_fault()


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
