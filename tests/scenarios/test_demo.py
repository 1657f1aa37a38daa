# SPDX-License-Identifier: Apache-2.0
"""The demo: what a new user sees in the first minute."""

from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.commands.colours import coloured
from edge.commands.demo import Timeline
from edge.commands.main import main
from edge.door.state import Decision, DoorState
from edge.frame import Frame
from edge.panel.pins_file import Change
from edge.testing import ReplayedCamera

EXPECTED = ["idle", "checking", "violation", "passed", "violation", "idle"]


def test_the_demo_tells_its_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = tmp_path / "events.jsonl"
    assert main(["demo", "--out", str(tmp_path / "out"), "--events", str(events)]) == 0
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert [line["state"] for line in lines if line["event"] == "state"] == EXPECTED
    passage, = [line for line in lines if line["event"] == "passage"]
    assert passage["verdict"] == "violation"
    said = capsys.readouterr().out
    assert "states: " + ", ".join(EXPECTED) in said
    assert "frames a second" in said
    assert "maskgate run --source 0" in said
    assert "\033" not in said                           # no colours into a file
    sheet = cv2.imread(str(tmp_path / "out" / "demo.png"))
    assert sheet is not None
    assert sheet.shape[1] == 1200                       # three states a row
    clip = cv2.VideoCapture(str(tmp_path / "out" / "demo.mp4"))
    assert clip.get(cv2.CAP_PROP_FRAME_COUNT) > 200


def test_a_demo_that_cannot_write_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for out in ("file", "file/out"):
        assert main(["demo", "--out", str(tmp_path / out)]) == 2
        assert "cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["demo.mp4", "demo.png"])
@pytest.mark.parametrize("number", [errno.EISDIR, errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_demo_that_could_not_write_its_pictures_says_so_before_it_plays(name: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                         capsys: pytest.CaptureFixture[str]) -> None:
    opened = Path.open

    def refused(self: Path, *arguments: Any, **more: Any) -> Any:
        if self.name == name:
            raise OSError(number, os.strerror(number), str(self))
        return opened(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", refused)
    assert main(["demo", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"maskgate: --out {tmp_path / name}: cannot be written ({os.strerror(number)}).\n")
    assert said.out == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def decided(lit: str | None) -> str:
    """The lamps' part of a line of the timeline on a terminal, with one lamp lit."""
    told = Terminal()
    timeline = Timeline(told, coloured=coloured(told))
    if lit:
        timeline.note(Change(0.0, lit, 1))
    timeline(Frame(np.zeros((48, 64, 3), np.uint8), 0.0, 0), [], Decision(t=0.0, state=DoorState.IDLE, previous=DoorState.IDLE, people=()))
    return told.getvalue().split("s  ")[1]


def test_what_stands_below_a_heading_begins_where_it_does() -> None:
    told = io.StringIO()
    timeline = Timeline(told, coloured=False)
    timeline(Frame(np.zeros((48, 64, 3), np.uint8), 0.0, 0), [], Decision(t=0.0, state=DoorState.IDLE, previous=DoorState.IDLE, people=()))
    head, line = timeline.head(), told.getvalue()
    assert line[head.index("lamps"):].startswith(". . . ")
    assert line[head.index("door"):].startswith("idle ")
    assert line[head.index("faces"):] == "-\n"


def test_a_lamp_on_a_terminal_has_its_letter_and_its_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert decided("green").startswith("\033[30;42mG \033[0m\033[100m. \033[0m")
    assert "\033[30;41mR \033[0m" in decided("red")
    monkeypatch.setenv("NO_COLOR", "1")
    assert decided("amber").startswith(". A .  idle")


def still(then: BaseException | None = None) -> ReplayedCamera:
    return ReplayedCamera.still(np.zeros((240, 320, 3), np.uint8), 3, then=then)


def test_with_events_on_the_standard_output_every_line_of_it_is_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                    capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("edge.camera.open_camera", lambda settings, fast: still())
    assert main(["demo", "--out", str(tmp_path), "--events", "-"]) == 0
    said = capsys.readouterr()
    assert [json.loads(line).get("state") for line in said.out.splitlines()] == [None, "idle"]
    assert "lamps" in said.err
    assert "states: idle" in said.err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO], ids=["full", "read-only", "broken"])
def test_events_that_cannot_be_written_end_it_with_1(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("edge.camera.open_camera", lambda settings, fast: still())
    monkeypatch.setattr("edge.report.events.Events._write", refused)
    assert main(["demo", "--out", str(tmp_path), "--events", str(tmp_path / "events.jsonl")]) == 1
    assert f"maskgate: --events {tmp_path}/events.jsonl: cannot be written ({os.strerror(number)})." in capsys.readouterr().err


def test_a_demo_that_is_stopped_ends_with_130_and_draws_no_conclusion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                     capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("edge.camera.open_camera", lambda settings, fast: still(KeyboardInterrupt()))
    assert main(["demo", "--out", str(tmp_path)]) == 130
    said = capsys.readouterr()
    assert "states:" not in said.out
    assert said.err == ""
