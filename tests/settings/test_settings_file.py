# SPDX-License-Identifier: Apache-2.0
"""Settings: every mistake is named with its place, its range and the nearest right word."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import ModelError, PinError, SettingsError
from edge.panel.salvage import salvage_panel
from edge.settings import Settings
from edge.settings_file import load_settings, settings_from
from edge.settings_text import reference, sections, settings_file, toml_value


def test_the_default_file_reads_back_as_the_defaults() -> None:
    assert settings_from(tomllib.loads(settings_file(Settings()))) == Settings()


@pytest.mark.parametrize(("name", "text"), [("maskgate.toml", settings_file(Settings())), ("docs/settings.md", reference())])
def test_the_committed_texts_are_what_the_settings_say(project: Path, name: str, text: str) -> None:
    assert (project / name).read_text(encoding="utf-8") == text, f"write {name} again: see `maskgate config --help`"


def test_every_setting_has_a_title_a_reason_and_a_range_if_it_is_a_number() -> None:
    for section in sections().values():
        for setting in section.values():
            assert setting.meta.title
            assert setting.meta.description
            if type(setting.default) in (int, float) and not setting.key.endswith("_pin") and "one of" not in setting.expected:
                assert setting.meta.ge is not None, setting.key
                assert setting.meta.ge <= setting.default <= setting.meta.le, setting.key


def test_who_walks_up_slowly_can_be_judged_before_the_unit_calls_that_unsure() -> None:
    settings = Settings()
    focal_px = settings.camera.width_px / 2 / math.tan(math.radians(66 / 2))   # Camera Module 3
    face_m, slow_m_per_s = 0.15, 0.7
    begins, trusted = (focal_px * face_m / px for px in (settings.faces.min_face_px, settings.trust.face_px))
    assert 0 < (begins - trusted) / slow_m_per_s < settings.door.unsure_after_s


@pytest.mark.parametrize(("table", "said"), [
    ({"door": {"hold_sec": 1}}, "[door] hold_sec is no setting (did you mean hold_s?)"),
    ({"dor": {}}, "[dor] is no section (did you mean door?)"),
    ({"door": {"hold_s": 99}}, "[door] hold_s = 99 does not fit; expected a number from 0.1 to 5, default 0.5"),
    ({"door": {"looks_min": "3"}}, "expected a whole number from 3 to 30"),
    ({"door": {"looks_min": True}}, "expected a whole number from 3 to 30"),
    ({"door": {"mode": "loud"}}, "expected one of 'remind', 'refuse', 'off'"),
    ({"camera": {"rotate_deg": 45}}, "expected one of 0, 90, 180, 270"),
    ({"camera": {"source": 0}}, "expected text in quotes"),
    ({"faces": {"region": [0, 0, 1]}}, "expected a list of 4 numbers"),
    ({"faces": {"region": [0.5, 0, 0.8, 1]}}, "must lie inside the frame"),
    ({"door": {"pass_min": 0.5, "stay_min": 0.6}}, "stay_min = 0.6 must lie below pass_min = 0.5"),
    ({"door": {"looks_min": 30}, "camera": {"rate_fps": 4}}, "looks_min = 30 takes longer than answer_s = 2.0 at [camera] rate_fps = 4"),
    ({"door": {"smooth_s": 5}}, "smooth_s = 5.0 must be at most half of answer_s = 2.0"),
    ({"report": {"events": "https://fleet.example/hook"}}, "is an address, and MaskGate sends nothing anywhere; expected a file"),
    ({"trust": {"light_min": 128, "light_max": 128}}, "light_min"),
    ({"source": "picamera"}, "source stands outside of any section; it belongs below [camera]"),
    ({"model": "x"}, "it belongs below [faces] or [masks]"),
    ({"door": 1}, "door stands outside of any section; expected [door] and keys below it"),
    ({"sauce": 1}, "sauce stands outside of any section, and is no setting"),
    ({"door": {"hold_s": True}}, "hold_s = true does not fit"),
    ({"faces": {"region": "all"}}, 'region = "all" does not fit; expected a list of 4 numbers, default [0.0, 0.0, 1.0, 1.0]'),
    ({"door": {"mode": {"a": ["x\n"]}}}, 'mode = {a = ["x\\n"]} does not fit'),
])
def test_a_mistake_is_named_with_what_would_be_right(table: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        settings_from(table, where="unit.toml")
    assert said in str(raised.value)
    assert str(raised.value).startswith("unit.toml: ")


def test_all_mistakes_of_every_kind_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "unit.toml"
    file.write_text("""
[door]
mod = 1
stay_min = 0.9
[panel]
green_pin = 99
red_pin = 22
buzzer_pin = "BOARD15"
[masks]
model = "nowhere.tflite"
""")
    with pytest.raises(SettingsError) as raised:
        load_settings(file, models=True)
    lines = str(raised.value).splitlines()
    assert all(line.startswith(f"{file}: ") for line in lines)
    for line, said in zip(lines, ("mod is no setting", "stay_min = 0.9", "green_pin = 99", "buzzer_pin and red_pin", '"nowhere.tflite": there is no such file'), strict=True):
        assert said in line


@pytest.mark.parametrize(("section", "name", "said"), [
    ("faces", "", "it is a folder, expected a file"), ("masks", "", "it is a folder, expected a file"), ("masks", "b.tflite", "there is no such file"),
    ("faces", "/dev/zero", "it is a device, expected a file")])
def test_a_path_that_can_be_no_model_is_told(tmp_path: Path, section: str, name: str, said: str) -> None:
    file = tmp_path / "unit.toml"
    file.write_text(f'[{section}]\nmodel = "{tmp_path / name}"\n')
    with pytest.raises(ModelError, match=said):
        load_settings(file, models=True)


def test_a_model_in_a_folder_that_is_closed_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "unit.toml"
    file.write_text('[faces]\nmodel = "/home/pi/face.onnx"\n')
    found = Path.stat

    def closed(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self.parts[1] == "home":
            raise PermissionError(13, "Permission denied", str(self))
        return found(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", closed)
    with pytest.raises(ModelError, match=r"\[faces\] model = .*may not look there"):
        load_settings(file, models=True)


def test_what_a_wrong_value_might_have_been_is_compared_with_nothing() -> None:
    with pytest.raises(SettingsError) as raised:
        settings_from({"door": {"pass_min": "high", "stay_min": 0.8}, "panel": {"red_pin": [1], "green_pin": 22}})
    assert [line.split()[2] for line in str(raised.value).splitlines()] == ["pass_min", "red_pin"]


def test_mistakes_of_one_kind_keep_their_kind_and_its_advice(tmp_path: Path) -> None:
    with pytest.raises(PinError, match="GPIO99") as pins:
        settings_from({"panel": {"green_pin": 99}})
    assert "wiring" in pins.value.hint
    (tmp_path / "unit.toml").write_text('[faces]\nmodel = "nowhere.onnx"\n')
    with pytest.raises(ModelError, match=r"\[faces\] model"):
        load_settings(tmp_path / "unit.toml", models=True)
    load_settings(tmp_path / "unit.toml")   # the doctor looks at everything else with the settings that are there


def test_text_of_any_kind_is_written_as_toml_reads_it() -> None:
    text = 'a "b" \\ c\n\t\x1b\x7f é'
    assert tomllib.loads(f"x = {toml_value(text)}") == {"x": text}


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "unit.toml"
    file.write_bytes(b'\xef\xbb\xbf[door]\r\nmode = "off"\r\n')
    assert load_settings(file).door.mode == "off"


def test_a_pin_used_twice_names_file_and_both_settings() -> None:
    with pytest.raises(PinError, match=r"unit\.toml.*green_pin.*red_pin|unit\.toml.*red_pin.*green_pin"):
        settings_from({"panel": {"green_pin": 22, "red_pin": "BOARD15"}}, where="unit.toml")


def test_a_missing_file_and_no_toml_are_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "nowhere.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("[door\nmode = 1")
    with pytest.raises(SettingsError, match="line 1"):
        load_settings(bad)
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"no TOML: expected text in UTF-8\.$"):
        load_settings(bad)


def a_long_file(path: Path) -> None:
    path.write_text("#" * 2**21)


def a_pipe_that_nobody_writes_to(path: Path) -> None:
    os.mkfifo(path)


def a_device_without_an_end(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(("make", "said"), [(a_long_file, "longer than 1 MiB"), (a_pipe_that_nobody_writes_to, "a device or a pipe, expected a file"),
                                            (a_device_without_an_end, "a device or a pipe, expected a file")])
def test_a_settings_file_that_could_be_read_for_ever_is_told_and_its_pins_are_turned_off_all_the_same(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    make(tmp_path / "unit.toml")
    with pytest.raises(SettingsError, match=said):
        load_settings(tmp_path / "unit.toml")
    assert salvage_panel(tmp_path / "unit.toml").green_pin == Settings().panel.green_pin
