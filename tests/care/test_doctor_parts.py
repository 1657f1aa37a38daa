# SPDX-License-Identifier: Apache-2.0
"""The checks that need more than a planted line: installed files, somebody before the camera, pins, the models."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import time
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from care_stand_ins import FakeUnit

from edge.care.doctor import pins
from edge.care.doctor.context import Context, Ran, run_command
from edge.care.doctor.result import Result
from edge.errors import ModelError
from edge.testing import face_at


@pytest.fixture
def unit(tmp_path: Path) -> FakeUnit:
    return FakeUnit(tmp_path)


class TestInstalledFiles:
    @pytest.fixture
    def installed(self, unit: FakeUnit, monkeypatch: pytest.MonkeyPatch) -> FakeUnit:
        """A release of one file, with the hash that pip would have written down."""
        unit.write("/opt/maskgate/edge/frame.py", "a = 1\n")
        digest = base64.urlsafe_b64encode(hashlib.sha256(b"a = 1\n").digest()).decode().rstrip("=")
        file = metadata.PackagePath("edge/frame.py")
        file.hash, file.dist = metadata.FileHash(f"sha256={digest}"), SimpleNamespace(locate_file=lambda path: Path("/opt/maskgate") / path)
        monkeypatch.setattr(metadata, "distribution", lambda name: SimpleNamespace(files=[file]))
        return unit

    def test_as_installed(self, installed: FakeUnit) -> None:
        assert installed.result_of("files").found == "1 files are as they were installed"

    def test_one_flipped_bit(self, installed: FakeUnit) -> None:
        installed.write("/opt/maskgate/edge/frame.py", "a = 3\n")
        result = installed.result_of("files")
        assert (result.level, result.found) == ("failure", "edge/frame.py has changed")
        assert "SD card" in result.remedy

    def test_a_lost_file(self, installed: FakeUnit) -> None:
        installed.delete("/opt/maskgate/edge/frame.py")
        assert installed.result_of("files").found == "edge/frame.py is missing"


class TestScene:
    def test_somebody_too_far_off_is_told_to_come_nearer(self, unit: FakeUnit) -> None:
        unit.faces = [face_at(300, 200, 40)]
        result = unit.result_of("light and distance")
        assert result.level == "warning"
        assert "16 px between the pupils" in result.found
        assert "come nearer" in result.remedy

    def test_somebody_near_and_plain_is_well(self, unit: FakeUnit) -> None:
        unit.faces = [face_at(260, 100, 130)]
        result = unit.result_of("light and distance")
        assert (result.level, "52 px" in result.found) == ("ok", True), result

    def test_nobody_is_no_fault(self, unit: FakeUnit) -> None:
        assert "nobody" in unit.result_of("light and distance").found

    def test_a_broken_detector_is_left_to_the_check_of_the_models(self, unit: FakeUnit) -> None:
        def broken(settings: object) -> None:
            raise ModelError("no such file")

        unit.context.open_faces = broken  # type: ignore[assignment]
        assert "models above" in unit.result_of("light and distance").remedy


class TestPins:
    @pytest.fixture
    def bench(self, unit: FakeUnit) -> FakeUnit:
        unit.set(panel={"kind": "mock"})
        unit.context.pins_test, unit.context.ask = True, unit.ask
        return unit

    def test_nothing_is_driven_unless_asked_for(self, unit: FakeUnit, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pins, "_drive", lambda *args: pytest.fail("driven"))
        assert "not driven" in unit.result_of("pins").found

    def test_every_output_is_asked_about_and_the_relay_only_after_a_yes(self, bench: FakeUnit) -> None:
        bench.replies = {"relay": False, "button": False}
        result = bench.result_of("pins")
        assert (result.level, result.found) == ("ok", "green, amber, red, buzzer, button work")
        assert [question.partition("?")[0] for question in bench.asked] == [
            "Did the green lamp light up, and no other", "Did the amber lamp light up, and no other",
            "Did the red lamp light up, and no other", "Did the buzzer sound",
            "The relay will pull for a second, and may open or lock the door. Go on",
            "Press the mute button within 5 seconds after yes. Ready"]

    def test_a_lamp_that_stays_dark_is_named_with_its_pin_and_its_settings(self, bench: FakeUnit) -> None:
        bench.replies = {"red lamp": False}
        result = bench.result_of("pins")
        assert result.level == "failure"
        assert "red at GPIO22 (position 15 of the header)" in result.found
        assert "red_pin" in result.remedy
        assert "lamps_active_high" in result.remedy

    def test_a_button_that_nobody_presses_is_a_warning(self, bench: FakeUnit) -> None:
        result = bench.result_of("pins")
        assert (result.level, "was not seen pressed" in result.found) == ("warning", True)

    def test_without_questions_the_relay_is_left_alone(self, bench: FakeUnit) -> None:
        bench.context.ask = None
        assert bench.result_of("pins").found == "green, amber, red, buzzer, button: driven, nobody was asked"

    @pytest.fixture
    def levels(self, bench: FakeUnit, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
        """Every level that a pin was given, in order, and gpiozero's mock pins as the meter."""
        from edge.panel import gpio

        written: list[tuple[int, int]] = []
        plain = gpio.Output.write

        def write(output: gpio.Output, on: bool) -> None:
            plain(output, on)
            written.append((output.number, int(output.device.pin.state)))

        monkeypatch.setattr(gpio.Output, "write", write)
        return written

    def test_one_at_a_time_and_all_off_at_the_end(self, bench: FakeUnit, levels: list[tuple[int, int]]) -> None:
        bench.result_of("pins")
        on: set[int] = set()
        for number, level in levels:
            on = on | {number} if level else on - {number}
            assert len(on) <= 1
        assert {number for number, level in levels if level} == {17, 27, 22, 23, 24}
        assert not on

    def test_a_lamp_goes_off_when_the_test_is_broken_off(self, bench: FakeUnit, levels: list[tuple[int, int]]) -> None:
        def interrupted(seconds: float) -> None:
            raise KeyboardInterrupt

        bench.context.sleep = interrupted
        with pytest.raises(KeyboardInterrupt):
            bench.result_of("pins")
        assert levels[0] == (17, 1)
        assert dict(levels) == dict.fromkeys((17, 27, 22, 23, 24), 0)

    def test_the_service_has_the_pins(self, bench: FakeUnit) -> None:
        bench.set(panel={"kind": "gpio"})
        bench.unit["ActiveState"] = "active"
        assert "systemctl stop maskgate" in bench.result_of("pins").remedy


class TestModels:
    """The real self-test, in a process of its own."""

    def models(self, masks: str, faces: str = "/nowhere.onnx") -> Result:
        from dataclasses import replace

        from edge.care.doctor.models import check
        from edge.settings import FacesSettings, MasksSettings, Settings

        return check(Context(replace(Settings(), faces=FacesSettings(model=faces), masks=MasksSettings(model=masks))))

    def test_a_mask_model_that_is_no_model_and_no_face_model_at_all(self, tmp_path: Path) -> None:
        (tmp_path / "mask.tflite").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
        result = self.models(str(tmp_path / "mask.tflite"))
        assert result.level == "failure"
        assert "/nowhere.onnx: no such file" in result.found
        assert "this is no TFLite file" in result.found

    def test_the_shipped_models_are_well(self) -> None:
        result = self.models("", "")
        assert result.level == "ok", result

    def test_a_mask_model_cut_short(self, tmp_path: Path) -> None:
        from edge.vision import MODELS

        (tmp_path / "mask.tflite").write_bytes((MODELS / "mask.tflite").read_bytes()[:20_000])
        assert "cut short" in self.models(str(tmp_path / "mask.tflite")).found


def test_a_command_that_hangs_or_is_missing_is_an_answer_too() -> None:
    assert run_command(["sleep", "20"], 0.1).code == 124
    assert run_command(["no-such-command-here"], 1.0).code == 127
    assert run_command(["sh", "-c", "kill -4 $$"], 5.0).code == -4


def test_a_command_that_even_a_kill_does_not_end_is_left_behind_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it waits in the kernel for a card that has died."""
    left: list[subprocess.Popen[str]] = []
    monkeypatch.setattr("edge.care.doctor.context.KILLED_S", 0.1)
    with monkeypatch.context() as kernel:
        kernel.setattr(subprocess.Popen, "kill", lambda child: left.append(child))
        began = time.monotonic()
        ran = run_command(["sleep", "20"], 0.1)
        took_s = time.monotonic() - began
    left[0].kill()
    left[0].wait()
    assert (ran.code, took_s < 10) == (124, True)
    assert "cannot be ended" in ran.err


def test_packages_and_models_whose_process_cannot_be_ended_say_so(unit: FakeUnit) -> None:
    stuck = "its process cannot be ended"
    unit.answers["CODE cv2"] = unit.answers["try_models"] = Ran(124, err=stuck)
    assert stuck in unit.result_of("packages").found
    assert stuck in unit.result_of("models").found


def test_a_camera_that_hangs_while_it_opens_is_left_behind(unit: FakeUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from edge.care.doctor import shots

    monkeypatch.setattr(shots, "OPEN_S", 0.1)
    release = threading.Event()
    unit.context.open_camera = lambda settings: release.wait(20)  # type: ignore[assignment,return-value]
    result = unit.result_of("camera")
    release.set()
    assert "did not answer within 0.1 s" in result.found
