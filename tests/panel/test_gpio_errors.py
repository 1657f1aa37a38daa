# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with real pins: each said plainly, with everything already open off and given back."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from gpiozero.exc import PinUnknownPi
from panel_stand_ins import decided

from edge.errors import GpioMissing, PinError, SettingsError
from edge.panel import open_panel
from edge.settings import PanelSettings

GPIO = PanelSettings(kind="gpio")


def refused(settings: PanelSettings = GPIO) -> PinError:
    with pytest.raises(PinError) as caught:
        open_panel(settings)
    assert caught.value.hint
    return caught.value


def test_without_lgpio_the_package_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    error = refused()
    assert "module lgpio is missing" in str(error)
    assert "apt install python3-lgpio" in error.hint
    assert isinstance(error, GpioMissing)


def test_the_empty_lgpio_of_the_package_index_is_told_apart(monkeypatch):
    monkeypatch.setitem(sys.modules, "lgpio", type(sys)("lgpio"))
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    assert "empty shell" in str(refused())


def test_a_directory_in_which_lgpio_cannot_make_its_pipe_is_named(monkeypatch):
    def no_pipe(name):
        raise FileNotFoundError(2, "No such file or directory", ".lgd-nfy-3")

    monkeypatch.setattr("edge.panel.gpio.import_module", no_pipe)
    error = refused()
    assert "notification pipe" in str(error)
    assert "may write" in error.hint


def test_a_machine_that_is_no_raspberry_pi_is_pointed_to_the_mock(lgpio, monkeypatch):
    def unknown() -> int:
        raise PinUnknownPi("unable to locate Pi revision")

    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", unknown)
    error = refused()
    assert "no Raspberry Pi" in str(error)
    assert "--panel mock" in error.hint


@pytest.mark.parametrize(("chips", "said", "hint"), [
    ([], "no GPIO chip", "--panel mock"), (["/dev/gpiochip0"], "/dev/gpiochip0 cannot be opened", "group gpio")])
def test_no_chip_and_no_permission_are_told_apart(lgpio, monkeypatch, chips, said, hint):
    lgpio.chip = False
    monkeypatch.setattr("edge.panel.gpio.Path.glob", lambda self, pattern: iter(chips))
    error = refused()
    assert said in str(error)
    assert hint in error.hint
    assert isinstance(error, GpioMissing)


@pytest.mark.parametrize(("name", "pin"), [("red", 22), ("relay", 24), ("button", 25)])
def test_a_pin_that_another_program_holds_is_named_and_the_others_are_given_back(lgpio, name, pin):
    lgpio.taken_by_others = {pin}
    error = refused()
    assert f"[panel] {name}_pin, GPIO{pin}" in str(error)
    assert "holds this pin" in str(error)
    assert not isinstance(error, GpioMissing), "the others can be had"
    assert lgpio.open_chips == 0
    assert not any(lgpio.levels[output] for output in (17, 27, 22, 23, 24))


def test_after_a_refusal_the_panel_can_be_opened_in_the_same_process(lgpio):
    lgpio.taken_by_others = {22}
    kept = refused()
    lgpio.taken_by_others = set()
    with open_panel(GPIO) as panel:
        panel.show(decided("violation"), 0.0)
        assert lgpio.levels[22] == 1
    assert kept.exit_code == 5


def test_a_second_panel_in_one_process_is_refused_and_the_first_goes_on(lgpio):
    with open_panel(GPIO) as first:
        assert "green_pin, GPIO17" in str(refused())
        first.show(decided("violation"), 0.0)
        assert lgpio.levels[22] == 1
        assert lgpio.pulls[25] == lgpio.SET_PULL_UP


def test_a_pin_that_fails_while_running_is_named_and_closing_still_turns_off_the_others(lgpio, caplog):
    panel = open_panel(GPIO)
    panel.show(decided("violation", reported=(1,), admits=True), 0.0)
    lgpio.broken = {23}
    with pytest.raises(PinError, match=r"\[panel\] buzzer_pin, GPIO23.*bad GPIO write"):
        panel.tick(0.2)
    panel.close()
    assert [lgpio.levels[pin] for pin in (17, 27, 22, 24)] == [0, 0, 0, 0]
    assert "part=buzzer" in caplog.text


def test_a_pins_file_that_cannot_be_written_is_refused_before_any_pin_is_touched(lgpio, tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere/pins\.jsonl: cannot be written"):
        open_panel(GPIO, pins_file=tmp_path / "nowhere" / "pins.jsonl")
    assert lgpio.open_chips == 0


def test_a_pipe_that_nobody_reads_is_refused_and_one_with_a_reader_is_written_to(lgpio, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingsError, match="pipe: cannot be written"):
        open_panel(GPIO, pins_file=tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        open_panel(GPIO, pins_file=tmp_path / "pipe").close()
        assert os.read(reader, 10_000).count(b'"why": "close"') == 5
    finally:
        os.close(reader)


def test_pins_do_not_go_to_the_standard_output_by_a_dash_and_no_file_of_that_name_is_made(lgpio, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="Pins file -"):
        open_panel(GPIO, pins_file=Path("-"))
    assert list(tmp_path.iterdir()) == []


def test_a_pins_file_for_no_panel_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="has no pins"):
        open_panel(PanelSettings(kind="none"), pins_file=tmp_path / "pins.jsonl")


def test_a_full_disk_behind_the_pins_file_is_said_and_the_pins_are_off(lgpio):
    with pytest.raises(PinError, match=r"/dev/full: cannot be written"):
        open_panel(GPIO, pins_file=Path("/dev/full"))
    assert lgpio.open_chips == 0
