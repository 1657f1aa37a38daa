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


def test_pins_that_a_killed_program_held_go_off_though_the_settings_now_name_others(lgpio, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    note(PanelSettings(red_pin=5, relay_pin=6, relay_active_high=False), note_path())
    lgpio.levels.update({17: 1, 27: 1, 5: 1, 23: 1, 6: 0, 22: 0, 24: 0})
    config = tmp_path / "maskgate.toml"
    config.write_text("[panel]\namber_pin = 20\n")
    assert command("--config", str(config), "--panel", "gpio") == 0
    assert [lgpio.levels[pin] for pin in (17, 27, 5, 23, 20, 22, 24)] == [0] * 7
    assert lgpio.levels[6] == 1, "let go at the level of the program that held it"
    # What both name has the level that the settings say now, and never the other one before it.
    note(PanelSettings(relay_active_high=True), note_path())
    config.write_text("[panel]\nrelay_active_high = false\n")
    lgpio.history.clear()
    assert command("--config", str(config), "--panel", "gpio") == 0
    assert {entry[-1] for entry in lgpio.history if 24 in entry} == {1}


def test_settings_that_no_longer_have_a_panel_do_not_keep_the_old_one_on(lgpio, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    note(PanelSettings(), note_path())
    lgpio.levels.update(dict.fromkeys((17, 27, 22, 23, 24), 1))
    (tmp_path / "maskgate.toml").write_text('[panel]\nkind = "none"\n')
    assert command("--config", str(tmp_path / "maskgate.toml")) == 0
    assert [lgpio.levels[pin] for pin in (17, 27, 22, 23, 24)] == [0] * 5


@pytest.mark.parametrize("content", [b"", b"{", b'{"red_pin": []}', b"\xff\x00"])
def test_a_note_that_cannot_be_read_changes_nothing(lgpio, tmp_path, monkeypatch, content):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    (tmp_path / "panel.json").write_bytes(content)
    lgpio.levels.update(dict.fromkeys((17, 27, 22, 23, 24), 1))
    assert command("--config", str(tmp_path / "none.toml"), "--panel", "gpio") == 0
    assert [lgpio.levels[pin] for pin in (17, 27, 22, 23, 24)] == [0] * 5


def test_a_folder_that_cannot_be_written_keeps_no_unit_from_starting(tmp_path):
    note(PanelSettings(), tmp_path / "missing" / "panel.json")
    note(PanelSettings(), None)
    assert noted(tmp_path / "missing" / "panel.json") is None


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
