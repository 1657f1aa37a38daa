# SPDX-License-Identifier: Apache-2.0
"""The demo: what a new user sees in the first minute."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from edge.commands.main import main

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
    assert main(["demo", "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot be made" in capsys.readouterr().err
