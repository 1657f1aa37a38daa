# SPDX-License-Identifier: Apache-2.0
"""`maskgate config check`: which file was read, and which one beside was not."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.commands.main import main


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
