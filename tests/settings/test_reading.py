# SPDX-License-Identifier: Apache-2.0
"""A card that fails for a moment keeps no unit down: what the service reads then ends with a code that systemd tries again."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.care import ending
from edge.commands.main import main
from edge.errors import CardError, ModelError, SettingsError
from edge.reading import LASTING, reading
from edge.settings_file import load_settings
from edge.vision import MODELS

FAILING = [errno.EIO, errno.ENXIO, *(getattr(errno, name) for name in ("EREMOTEIO", "EUCLEAN") if hasattr(errno, name))]


class Card:
    """Files whose reading the kernel refuses, for as long as a test says."""

    def __init__(self) -> None:
        self.refused: dict[Path, int] = {}

    def check(self, path: object) -> None:
        if isinstance(path, str | os.PathLike) and (number := self.refused.get(Path(path))):
            raise OSError(number, os.strerror(number), str(path))


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[Card]:
    card, opened = Card(), io.open

    def open_file(path: Any, *arguments: Any, **more: Any) -> Any:
        card.check(path)
        return opened(path, *arguments, **more)

    monkeypatch.setattr(io, "open", open_file)  # what pathlib opens with
    yield card
    monkeypatch.setattr(io, "open", opened)


@pytest.fixture
def unit(project: Path) -> dict[str, str]:
    """The lines of maskgate.service by key."""
    lines = (project / "systemd" / "maskgate.service").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "maskgate.toml"
    path.write_text('[camera]\nsource = "credential:camera"\n[panel]\nkind = "mock"\n')
    (tmp_path / "secret_camera").write_text("/dev/video97\n")
    return path


@pytest.mark.parametrize("number", FAILING, ids=[errno.errorcode[number] for number in FAILING])
@pytest.mark.parametrize("what", ["settings", "secret", "detector", "checksums", "classifier"])
def test_a_read_that_the_card_refuses_is_tried_again_by_the_service(what: str, number: int, card: Card, unit: dict[str, str], settings: Path, tmp_path: Path,
                                                                    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    path = {"settings": settings, "secret": tmp_path / "secret_camera", "detector": MODELS / "face.onnx", "checksums": MODELS / "SHA256SUMS",
            "classifier": MODELS / "mask.tflite"}[what]
    card.refused[path] = number
    code = main(["run", "--config", str(settings)])
    said = capfd.readouterr().err
    assert unit["Restart"] == "always"
    assert str(code) not in unit["RestartPreventExitStatus"].split()
    assert code == CardError.exit_code
    assert f"cannot be read just now ({os.strerror(number)})" in said
    assert CardError.hint in said
    assert "Traceback" not in said
    card.refused.clear()
    assert main(["run", "--config", str(settings)]) == 3  # read again, all is well but that there is no such camera


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file here whose reading the kernel itself refuses")
@pytest.mark.parametrize("toml", ["", '[faces]\nmodel = "{}/face.onnx"\n', '[masks]\nmodel = "{}/face.onnx"\n'], ids=["settings", "detector", "classifier"])
def test_the_same_where_the_kernel_itself_says_it(toml: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "face.onnx").symlink_to("/proc/self/mem")  # a file like any other, but that nothing is mapped where it begins
    settings = tmp_path / "maskgate.toml"
    if toml:
        settings.write_text(toml.format(tmp_path))
    else:
        settings.symlink_to("/proc/self/mem")
    assert main(["run", "--config", str(settings), "--panel", "mock"]) == 1
    assert "cannot be read just now (Input/output error)" in capfd.readouterr().err


def test_meanwhile_the_lamps_and_the_list_of_health_say_it(card: Card, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("RUNTIME_DIRECTORY", tmp_path), ("NOTIFY_SOCKET", tmp_path / "nobody")):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(ending, "SHOWN_STARTING_S", 0.2)
    card.refused[MODELS / "mask.tflite"] = errno.EIO
    assert main(["run", "--config", str(settings), "--pins", str(tmp_path / "pins.jsonl")]) == 1
    assert any(change["pin"] == "red" and change["value"] for change in map(json.loads, (tmp_path / "pins.jsonl").read_text().splitlines()))
    storage = next(part for part in json.loads((tmp_path / "health.json").read_text())["parts"] if part["part"] == "storage")
    assert storage["fault"] == "card-unreadable"


def test_pins_are_turned_off_by_what_was_noted_when_the_settings_cannot_be_read(card: Card, settings: Path, capfd: pytest.CaptureFixture[str]) -> None:
    card.refused[settings] = errno.EIO
    assert main(["pins", "safe", "--config", str(settings), "--panel", "mock"]) == 0
    assert "safe (mock): green, amber, red, buzzer" in capfd.readouterr().out


def test_what_is_missing_or_closed_is_still_a_mistake_of_somebody(card: Card, settings: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        load_settings(tmp_path / "none.toml")
    for number in LASTING:
        card.refused[settings] = number
        with pytest.raises(SettingsError):
            load_settings(settings)


def test_a_model_that_the_settings_name_is_not_called_missing_while_the_card_fails(settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "mine.onnx"
    settings.write_text(f'[faces]\nmodel = "{model}"\n')
    with pytest.raises(ModelError):
        load_settings(settings, models=True)

    def failing(self: Path, **more: object) -> os.stat_result:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(self))

    monkeypatch.setattr(Path, "stat", failing)
    with pytest.raises(CardError):
        load_settings(settings, models=True)


def test_a_library_that_cannot_be_read_is_the_card_s_fault_and_one_that_is_not_there_is_not() -> None:
    with pytest.raises(CardError), reading("TFLite runtime"):
        raise ImportError(f"/opt/x.so: cannot read file data: {os.strerror(errno.EIO)}")
    with pytest.raises(ModuleNotFoundError), reading("TFLite runtime"):
        import no_such_module_of_ours  # type: ignore[import-not-found]  # noqa: F401
