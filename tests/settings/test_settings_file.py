# SPDX-License-Identifier: Apache-2.0
"""Settings: every mistake is named with its place, its range and the nearest right word."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from edge.errors import PinError, SettingsError
from edge.settings import Settings
from edge.settings_file import load_settings, settings_from
from edge.settings_text import reference, sections, settings_file


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
    ({"trust": {"light_min": 128, "light_max": 128}}, "light_min"),
    ({"source": "picamera"}, "source"),
])
def test_a_mistake_is_named_with_what_would_be_right(table: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        settings_from(table, where="unit.toml")
    assert said in str(raised.value)
    assert str(raised.value).startswith("unit.toml: ")


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        settings_from({"door": {"hold_s": 99, "mode": "x"}, "panle": {}})
    assert len(str(raised.value).splitlines()) == 3


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
    with pytest.raises(SettingsError, match="no TOML"):
        load_settings(bad)
