# SPDX-License-Identifier: Apache-2.0
"""Settings files: which one a command reads, which one beside it is not read, and what `maskgate config check` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.commands.main import main
from edge.commands.parser import COMMANDS


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a unit's settings would be; nothing is there yet."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("edge.settings_file.INSTALLED", tmp_path / "maskgate.toml")
    return tmp_path / "maskgate.toml"


def test_without_a_file_the_defaults_are_right_and_the_one_in_this_folder_was_not_read(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().out == f"No {installed}; the defaults are right.\n"
    Path("maskgate.toml").write_text("[dor]\n")
    assert main(["config", "check"]) == 0
    assert "maskgate.toml in this folder was not read: `maskgate config check maskgate.toml` does." in capsys.readouterr().out
    assert main(["config", "check", "maskgate.toml"]) == 2


def test_the_file_that_was_read_is_named(installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    installed.write_text("")
    monkeypatch.chdir(installed.parent)
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().out == f"{installed}: right.\n"


def test_a_model_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "unit.toml").write_text('[masks]\nmodel = "nowhere.tflite"\n')
    assert main(["config", "check", str(tmp_path / "unit.toml")]) == 4
    assert "nowhere.tflite" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[name] for name in COMMANDS if name not in ("config", "model")] + [["config", "show"]], ids=" ".join)
def test_every_command_says_alike_which_file_it_reads(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert ("--config FILE settings file (default: /etc/maskgate/maskgate.toml where it is, else the defaults; "
            "a maskgate.toml in this folder is read only if it is named here)") in said


def test_no_command_reads_the_file_of_the_folder_where_it_is_typed(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("maskgate.toml").write_text("[camera]\nrate_fps = 7.0\n")
    assert main(["config", "show"]) == 0
    assert "rate_fps = 15.0" in capsys.readouterr().out
    assert main(["config", "show", "--config", "maskgate.toml"]) == 0
    assert "rate_fps = 7.0" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "warned"), [
    ('[door]\nmode = "refuse"\n[panel]\nrelay_pin = ""\n', '[panel] relay_pin is ""'), ('[door]\nmode = "refuse"\n[panel]\nkind = "none"\n', '[panel] kind is "none"'),
    ('[door]\nmode = "refuse"\n', ""), ('[panel]\nrelay_pin = ""\n', "")])
def test_a_door_that_refuses_without_a_relay_is_right_and_warned_of(text: str, warned: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "unit.toml").write_text(text)
    assert main(["config", "check", str(tmp_path / "unit.toml")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("unit.toml: right.")
    assert [f"keeps nobody out, as no relay is wired ({warned})" in line for line in said[1:]] == [True] * bool(warned)


def test_a_wait_for_frames_that_is_over_before_they_can_come_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "unit.toml").write_text("[camera]\nsilence_s = 1.5\nrate_fps = 1.0\n")
    assert main(["config", "check", str(tmp_path / "unit.toml")]) == 0
    assert capsys.readouterr().out.splitlines()[1] == ("warning: [camera] silence_s = 1.5 is over before 2 frames can come at rate_fps = 1.0: "
                                                       "a camera that is well may count as silent; set silence_s = 2 or more.")
