# SPDX-License-Identifier: Apache-2.0
"""`maskgate pins safe` and the pins file: what is left behind after any kind of death."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from panel_stand_ins import decided

from edge.commands import pins
from edge.errors import PinError
from edge.panel import open_panel
from edge.panel.held import note, note_path, noted
from edge.panel.pins import OUTPUTS
from edge.panel.safe import drive_safe
from edge.panel.salvage import salvage_panel
from edge.settings import PanelSettings


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    pins.add_arguments(parser)
    return pins.run(parser.parse_args(["safe", *words]))


def test_the_pins_file_tells_every_change_and_begins_and_ends_safe(tmp_path):
    path = tmp_path / "pins.jsonl"
    with open_panel(PanelSettings(kind="mock"), pins_file=path) as panel:
        panel.show(decided("violation", admits=True), 1.5)
        panel.tick(2.0)
    told = lines(path)
    assert told[:5] == [{"t": 0.0, "pin": name, "value": 0, "why": "open"} for name in OUTPUTS]
    assert told[5:7] == [{"t": 1.5, "pin": "red", "value": 1}, {"t": 1.5, "pin": "relay", "value": 1}]
    assert told[7:] == [{"t": 2.0, "pin": name, "value": 0, "why": "close"} for name in OUTPUTS]


def test_a_killed_process_loses_no_line_and_pins_safe_adds_off_after_it(tmp_path):
    path = tmp_path / "pins.jsonl"
    code = (
        "import sys, time; from pathlib import Path\n"
        "from edge.door.state import *; from edge.panel import open_panel; from edge.settings import PanelSettings\n"
        "panel = open_panel(PanelSettings(kind='mock'), pins_file=Path(sys.argv[1]))\n"
        "panel.show(Decision(t=1.0, state=DoorState.VIOLATION, previous=DoorState.IDLE, people=(), reported=(1,), admits=True), 1.0)\n"
        "print('up', flush=True); time.sleep(60)\n")
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
        os.kill(child.pid, signal.SIGKILL)
    assert [line["pin"] for line in lines(path) if line["value"]] == ["red", "buzzer", "relay"]
    assert command("--panel", "mock", "--pins", str(path)) == 0
    assert lines(path)[-5:] == [{"t": 0.0, "pin": name, "value": 0, "why": "safe"} for name in OUTPUTS]


@pytest.mark.parametrize("high", [True, False])
def test_real_pins_left_on_are_driven_off_and_given_back(lgpio, high):
    lgpio.levels.update(dict.fromkeys((17, 27, 22, 23, 24), int(high)))
    settings = PanelSettings(lamps_active_high=high, buzzer_active_high=high, relay_active_high=high)
    assert drive_safe(settings) == OUTPUTS
    assert all(lgpio.levels[pin] == int(not high) for pin in (17, 27, 22, 23, 24))
    assert lgpio.open_chips == 0


def test_one_pin_that_cannot_be_driven_does_not_keep_the_others_on(lgpio, tmp_path):
    lgpio.levels.update(dict.fromkeys((17, 27, 22, 23, 24), 1))
    lgpio.taken_by_others = {27}
    path = tmp_path / "pins.jsonl"
    with pytest.raises(PinError, match=r"amber_pin, GPIO27.*holds this pin"):
        drive_safe(PanelSettings(red_pin="BOARD15"), pins_file=path)
    assert [lgpio.levels[pin] for pin in (17, 22, 23, 24)] == [0, 0, 0, 0]
    assert [line["pin"] for line in lines(path)] == ["green", "red", "buzzer", "relay"]


def test_no_panel_has_nothing_to_drive(lgpio, capsys):
    assert command("--panel", "none") == 0
    assert "nothing is wired" in capsys.readouterr().out
    assert lgpio.history == []


@pytest.fixture
def unit(lgpio, tmp_path, monkeypatch):
    """The folder of a service: its settings as `maskgate.toml`, and where the last program noted its pins."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    lgpio.levels.update(dict.fromkeys((17, 27, 22, 23, 24), 1))
    return tmp_path


def turn_off(unit: Path, settings: str) -> int:
    (unit / "maskgate.toml").write_text(settings)
    return command("--config", str(unit / "maskgate.toml"))


def test_pins_that_a_killed_program_held_go_off_though_the_settings_now_name_others(lgpio, unit, capsys):
    note(PanelSettings(red_pin=5, relay_pin=6, relay_active_high=False), note_path())
    lgpio.levels.update({5: 1, 6: 0})
    assert turn_off(unit, "[panel]\namber_pin = 20\n") == 0
    assert [lgpio.levels[pin] for pin in (17, 27, 5, 23, 20, 22, 24)] == [0] * 7
    assert lgpio.levels[6] == 1, "let go at the level of the program that held it"
    assert "red (GPIO5, before)" in capsys.readouterr().out


def test_a_level_that_was_mended_counts_and_is_never_the_other_one_first(lgpio, unit):
    note(PanelSettings(relay_active_high=True), note_path())
    assert turn_off(unit, "[panel]\nrelay_active_high = false\n") == 0
    assert {entry[-1] for entry in lgpio.history if 24 in entry} == {1}


def test_a_relay_whose_pin_the_settings_give_to_a_lamp_is_still_let_go_as_a_relay(lgpio, unit):
    note(PanelSettings(relay_active_high=False), note_path())
    lgpio.levels[24] = 0
    assert turn_off(unit, "[panel]\nrelay_active_high = false\nred_pin = 24\nrelay_pin = 5\n") == 0
    assert lgpio.levels[24] == 1
    assert (lgpio.levels[5], lgpio.levels[22]) == (1, 0)


@pytest.mark.parametrize("settings", ["[panel]\nrelay_active_high = flase\n", "[panel\n"])
def test_what_a_broken_file_no_longer_says_is_as_the_program_had_it(lgpio, unit, settings, capsys):
    """A guess of `relay_active_high` would pull the relay that is to be let go."""
    note(PanelSettings(relay_active_high=False), note_path())
    assert turn_off(unit, settings) == 0
    assert {entry[-1] for entry in lgpio.history if 24 in entry} == {1}
    assert "what was driven before" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["none", "mock"])
def test_settings_that_no_longer_have_a_panel_do_not_keep_the_old_one_on(lgpio, unit, kind):
    note(PanelSettings(), note_path())
    assert turn_off(unit, f'[panel]\nkind = "{kind}"\n') == 0
    assert [lgpio.levels[pin] for pin in (17, 27, 22, 23, 24)] == [0] * 5


def test_a_panel_that_is_named_by_hand_is_the_only_one(lgpio, unit):
    note(PanelSettings(), note_path())
    assert command("--panel", "none") == 0
    assert lgpio.history == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"red_pin": []}', b"\xff\x00", b"[" * 100_000])
def test_a_note_that_cannot_be_read_changes_nothing(lgpio, unit, content):
    (unit / "panel.json").write_bytes(content)
    assert turn_off(unit, "") == 0
    assert [lgpio.levels[pin] for pin in (17, 27, 22, 23, 24)] == [0] * 5


def test_a_note_of_another_release_counts_for_what_it_says_that_fits(unit):
    (unit / "panel.json").write_text('{"red_pin": 5, "buzzer_hz": "loud", "lamp_colour": 3}')
    assert noted(note_path()) == PanelSettings(red_pin=5)


def test_a_folder_that_cannot_be_written_keeps_no_unit_from_starting_and_is_told(tmp_path, caplog):
    note(PanelSettings(), tmp_path / "missing" / "panel.json")
    note(PanelSettings(), None)
    assert noted(tmp_path / "missing" / "panel.json") is None
    assert "pins not noted" in caplog.text


def test_the_first_of_several_runtime_folders_is_taken(tmp_path):
    assert note_path({"RUNTIME_DIRECTORY": f"{tmp_path}:{tmp_path}/b"}) == tmp_path / "panel.json"
    assert note_path({}) is None


def test_the_program_notes_what_it_is_about_to_drive(tmp_path):
    (tmp_path / "maskgate.toml").write_text('[panel]\nkind = "mock"\nred_pin = 5\n[camera]\nsource = "nowhere.mp4"\n')
    ended = subprocess.run([sys.executable, "-m", "edge", "run", "--config", str(tmp_path / "maskgate.toml")], capture_output=True, text=True,
                           timeout=50, env=os.environ | {"RUNTIME_DIRECTORY": str(tmp_path)}, check=False)
    assert ended.returncode != 0, "there is no such clip"
    assert noted(tmp_path / "panel.json") == PanelSettings(kind="mock", red_pin=5)


BROKEN = """
[camera]
source = "0
[panel]
relay_active_high = false   # the board with the optocoupler
lamps_active_high = "yes"
red_pin = "BOARD36"
blue_pin = 4
green_pin = = 5
[ door ]
amber_pin = 5
"""


def test_a_broken_settings_file_does_not_keep_the_pins_on_and_its_good_lines_are_used(lgpio, tmp_path, capsys):
    config = tmp_path / "maskgate.toml"
    config.write_text(BROKEN)
    lgpio.levels.update(dict.fromkeys((17, 27, 16, 23), 1))
    assert command("--config", str(config), "--panel", "gpio") == 0
    assert [lgpio.levels[pin] for pin in (17, 27, 16, 23, 24)] == [0, 0, 0, 0, 1]
    told = capsys.readouterr()
    assert "this is no TOML" in told.err
    assert "what can be read of [panel]" in told.err
    assert "green, amber, red, buzzer, relay" in told.out


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00[panel]", b"[panel", b"[panel]\nred_pin = 99999999999999999999999"])
def test_whatever_stands_in_the_file_salvaging_gives_settings(tmp_path, content):
    path = tmp_path / "maskgate.toml"
    path.write_bytes(content)
    assert salvage_panel(path).relay_pin == 24


@pytest.mark.parametrize("text", [
    "\ufeff[panel]\nrelay_pin = 5\nrelay_active_high = false\n[door]\nhold_s = 99\n", "panel.relay_pin = 5\npanel.relay_active_high = false\n[door\n",
    "panel = {relay_pin = 5, relay_active_high = false}\nhold_s\n", '["panel"] # here\nrelay_pin = 5\nrelay_active_high = false\n='])
def test_salvaging_reads_panel_as_toml_may_write_it(tmp_path, text):
    (tmp_path / "maskgate.toml").write_text(text, encoding="utf-8")
    found = salvage_panel(tmp_path / "maskgate.toml")
    assert (found.relay_pin, found.relay_active_high) == (5, False)


def test_salvaging_takes_no_other_section_for_panel(tmp_path):
    (tmp_path / "maskgate.toml").write_text("[door]\npanel.relay_pin = 5\nrelay_pin = 6\n[panel.more]\nrelay_pin = 7\n")
    assert salvage_panel(tmp_path / "maskgate.toml").relay_pin == 24


def test_a_missing_file_gives_the_defaults(tmp_path, capsys):
    assert command("--config", str(tmp_path / "none.toml"), "--panel", "mock") == 0
    assert "cannot be read" in capsys.readouterr().err


def test_pins_safe_loads_neither_opencv_nor_numpy_nor_a_runtime(tmp_path):
    code = ("import argparse, sys; from edge.commands import pins\n"
            "parser = argparse.ArgumentParser(); pins.add_arguments(parser)\n"
            "pins.run(parser.parse_args(['safe', '--panel', 'mock']))\n"
            "print(sorted({'cv2', 'numpy', 'ai_edge_litert', 'tensorflow'} & set(sys.modules)))\n")
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"


def test_the_service_manager_is_asked_for_time_before_anything_is_driven(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        heard = []
        monkeypatch.setattr("edge.panel.safe.drive_safe", lambda *_, **__: heard.append(manager.recv(99)) or ())
        assert command("--panel", "mock") == 0
    assert heard == [b"EXTEND_TIMEOUT_USEC=30000000"]
