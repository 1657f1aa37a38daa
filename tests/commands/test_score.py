# SPDX-License-Identifier: Apache-2.0
"""`maskgate score`: a row as soon as a clip is played, nothing half played, and a TRUTH.csv that is wrong is told where."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from edge.commands.main import main
from edge.door.state import DoorState
from edge.score import Score, Stretch, score, total
from edge.settings import CameraSettings
from edge.testing import ReplayedCamera

HEADER = "clip,t_start,t_end,faces,verdict,note\n"


def folder_with(tmp_path: Path, text: str, *clips: str) -> Path:
    (tmp_path / "TRUTH.csv").write_text(text, encoding="utf-8")
    for clip in clips:
        (tmp_path / clip).write_bytes(b"")
    return tmp_path


def empty_room(settings: CameraSettings, fast: bool = False) -> ReplayedCamera:
    """Four seconds of nobody; in `stopped.mp4` Ctrl-C comes then."""
    image = np.full((120, 160, 3), 90, np.uint8)
    return ReplayedCamera.still(image, 40, then=KeyboardInterrupt() if "stopped" in settings.source else None)


def test_ctrl_c_ends_with_130_and_a_clip_that_was_cut_short_has_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                      capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("edge.camera.open_camera", empty_room)
    names = ("first.mp4", "stopped.mp4", "last.mp4")
    folder = folder_with(tmp_path, HEADER + "".join(f"{name},0,60,0,nobody,\n" for name in names), *names)
    assert main(["score", str(folder)]) == 130
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()] == ["clip", "first.mp4"]
    assert said.err == ""


def test_the_last_row_is_the_total_and_json_is_rounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("edge.camera.open_camera", empty_room)
    folder = folder_with(tmp_path, "\ufeff" + HEADER + "a.mp4,0,9,0,nobody,\nb.mp4,0,9,0,no_mask,\n", "a.mp4", "b.mp4")
    assert main(["score", str(folder)]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last.split() == ["total", "3.8", "50%", "0%", "0%"]
    assert main(["score", str(folder), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["clip"] for line in lines] == ["a.mp4", "b.mp4"]
    assert lines[0]["seconds"] == 1.9
    assert main(["score", str(folder), "--json", "--only", "a.mp4", "--only", "a.mp4"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_pipe_in_the_place_of_truth_is_refused_instead_of_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "TRUTH.csv")
    assert main(["score", str(tmp_path)]) == 2
    assert "TRUTH.csv: cannot be read (it is a device or a pipe, expected a file)" in capsys.readouterr().err


def test_a_clip_that_truth_does_not_name_is_a_wrong_argument(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_with(tmp_path, HEADER + "a.mp4,0,9,0,nobody,\n", "a.mp4")
    assert main(["score", str(folder), "--only", "b.mp4"]) == 2
    assert capsys.readouterr().err.splitlines() == ["maskgate: --only b.mp4: TRUTH.csv does not name this clip.", "  It names a.mp4."]


def test_the_total_counts_every_second_the_same() -> None:
    assert total([Score("a", 1.0, 1.0, 0.0, 0.5, 0.0, 1.0), Score("b", 3.0, 0.0, 0.5, 0.0, 2.0, 3.0), Score("c", 0.0, None, 0.0, 0.0, 0.0, 0.0)]) \
        == Score("total", 4.0, 0.25, 0.5, 0.125, 2.0, 4.0)
    assert total([Score("c", 0.0, None, 0.0, 0.0, 0.0, 0.0)]).right is None


def test_a_clip_that_is_shorter_than_its_truth_is_judged_as_far_as_it_goes() -> None:
    states = [(t / 10, DoorState.IDLE) for t in range(50)]
    assert score("a", states, [Stretch(0, 9, DoorState.IDLE)]).seconds == pytest.approx(2.9)


@pytest.mark.parametrize(("text", "said"), [
    ("", "line 1: no column clip, t_start, t_end, verdict; expected clip, t_start"),
    ("file,from,to,verdict\n", "line 1: no column clip, t_start, t_end; expected"),
    (HEADER, "it names no clip"),
    (HEADER + "a.mp4,0,9,1,mask,\na.mp4,0,9,1,maks,\n", 'line 3: verdict is "maks"; expected one of no_mask, incorrect'),
    (HEADER + "a.mp4,0,soon,1,mask,\n", 'line 2: t_end is "soon"; expected seconds'),
    (HEADER + "a.mp4,nan,9,1,mask,\n", 'line 2: t_start is "nan"'),
    (HEADER + "a.mp4,0,9\n", "line 2: verdict is missing"),
    (HEADER + "a.mp4,9,1,1,mask,\n", "line 2: t_end is 1; expected more than t_start, 9"),
    (HEADER + ",0,5,1,mask,\n", "line 2: clip is missing"),
    (HEADER + "a.mp4,0,5,1,mask,\na.mp4,3,8,1,no_mask,\n", "line 3: t_start is 3; expected at least 5"),
])
def test_a_truth_that_is_wrong_is_told_by_line_and_column(tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(folder_with(tmp_path, text))]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "{" not in told
    assert "config reference" not in told


def test_a_folder_without_a_truth_names_it_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.count("TRUTH.csv: cannot be read (No such file or directory).") == 1
    assert told.count(str(tmp_path)) == 1
    assert "Errno" not in told
