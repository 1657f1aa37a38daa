# SPDX-License-Identifier: Apache-2.0
"""The two formats we promise, against their JSON schemas."""

from __future__ import annotations

import errno
import io
import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from edge.daemon import watch
from edge.door.state import DoorState, Passage
from edge.errors import SettingsError
from edge.frame import Frame
from edge.look import Label
from edge.report.events import Events
from edge.report.schemas import schemas
from edge.settings import DoorSettings, PanelSettings, TrustSettings
from edge.testing import BARE, RecordingPanel, ReplayedCamera, ScriptedClassifier, ScriptedDetector, face_at
from edge.vision import Vision

PICTURE = np.random.default_rng(3).integers(60, 190, (240, 320, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ["events.schema.json", "check.schema.json"])
def test_the_committed_schema_is_what_the_code_says(project: Path, name: str) -> None:
    assert json.loads((project / "docs" / name).read_text(encoding="utf-8")) == schemas()[name]


def test_every_line_of_a_run_fits_the_schema_and_tells_the_visit(tmp_path: Path) -> None:
    target = tmp_path / "events.jsonl"
    come_and_go = [[]] * 5 + [[face_at(100, 60)]] * 30 + [[]] * 20
    vision = Vision(ScriptedDetector(come_and_go), ScriptedClassifier([[BARE]]), TrustSettings())
    with Events(str(target)) as events, RecordingPanel(PanelSettings()) as panel:
        watch(ReplayedCamera.still(PICTURE, 55), vision, DoorSettings(), panel, [events])
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        jsonschema.validate(line, schemas()["events.schema.json"])
    assert [line["state"] for line in lines if line["event"] == "state"] == ["idle", "checking", "violation", "idle"]
    passage, = [line for line in lines if line["event"] == "passage"]
    assert passage["verdict"] == "violation"
    assert passage["entered"] == pytest.approx(0.5)
    assert passage["left"] == pytest.approx(3.4)
    bare = next(line for line in lines if line.get("state") == "violation")["faces"][0]
    assert bare["label"] == "no_mask"
    assert bare["box"] == [100, 60, 100, 100]


def test_every_run_begins_with_who_it_is_and_what_its_time_is_of_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "door-7")
    target, before = tmp_path / "events.jsonl", datetime.now(UTC).replace(microsecond=0)
    for _ in range(2):
        vision = Vision(ScriptedDetector([[face_at(100, 60)]]), ScriptedClassifier([[BARE]]), TrustSettings())
        with Events(str(target)) as events, RecordingPanel(PanelSettings()) as panel:
            watch(ReplayedCamera([Frame(PICTURE, 41.5 + n / 10, n) for n in range(30)]), vision, DoorSettings(), panel, [events])
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [line.get("state", line["event"]) for line in lines] == ["start", "idle", "checking", "violation"] * 2
    for start in (lines[0], lines[4]):
        jsonschema.validate(start, schemas()["events.schema.json"])
        assert start["t"] == 41.5
        assert (start["host"], start["version"]) == ("door-7", version("maskgate"))
        said = datetime.fromisoformat(start["time"])
        assert said.tzinfo is not None
        assert before <= said <= datetime.now(UTC)


def test_a_visit_that_the_end_cuts_short_is_told_at_the_time_of_the_last_frame(tmp_path: Path) -> None:
    target = tmp_path / "events.jsonl"
    vision = Vision(ScriptedDetector([[face_at(100, 60)]]), ScriptedClassifier([[BARE]]), TrustSettings())
    with Events(str(target)) as events, RecordingPanel(PanelSettings()) as panel:
        summary = watch(ReplayedCamera.still(PICTURE, 40), vision, DoorSettings(), panel, [events])
        events.passages(summary.t, summary.cut_short)
    passage = json.loads(target.read_text(encoding="utf-8").splitlines()[-1])
    assert (passage["event"], passage["t"], passage["left"]) == ("passage", 3.9, 3.9)
    assert summary.passages == 1, "the log's last line counts what the event file holds"


@pytest.mark.parametrize(("before", "lines"), [("", 3), ('{"event":"state"}\n', 4), ('{"event":"state"}\n{"event":"pass', 5)], ids=["empty", "whole", "torn"])
def test_a_line_that_a_power_cut_tore_does_not_swallow_the_first_one_of_the_next_run(tmp_path: Path, before: str, lines: int) -> None:
    target = tmp_path / "events.jsonl"
    target.write_text(before, encoding="utf-8")
    passage = Passage(1, 0.0, 2.0, DoorState.PASSED, Label.MASK, 0.9, 5)
    with Events(str(target)) as events:
        events.passages(2.0, [passage, passage])
    found = target.read_text(encoding="utf-8").splitlines()
    assert len(found) == lines
    assert [json.loads(line)["event"] for line in found[-3:]] == ["start", "passage", "passage"]


def test_a_line_that_a_full_disk_cut_short_does_not_swallow_the_next_one(tmp_path: Path) -> None:
    class Short:
        """A disk with room for five more bytes, then with room again."""

        room = 5
        written = b""

        def write(self, data: bytes) -> int:
            taken, self.room = data[:self.room], 10_000
            self.written += taken
            return len(taken)

    events, disk = Events(str(tmp_path / "events.jsonl")), Short()
    with events:
        pass
    events._file = disk  # type: ignore[assignment]
    passage = Passage(1, 0.0, 2.0, DoorState.PASSED, Label.MASK, 0.9, 5)
    events.passages(2.0, [passage, passage])
    torn, *lines = disk.written.splitlines()
    assert torn == b'{"eve'
    assert [json.loads(line)["event"] for line in lines] == ["passage", "start", "passage"]


@pytest.mark.parametrize("ours", [True, False])
def test_an_event_file_that_nobody_looks_after_fills_no_card(ours: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.report.events.MOST_BYTES", 400)
    target = tmp_path / "events.jsonl"
    for run in range(3):   # also one that was full before
        with Events(str(target), ours=ours) as events:
            for track in range(20):
                events.passages(2.0, [Passage(20 * run + track, 0.0, 2.0, DoorState.PASSED, Label.MASK, 0.9, 5)])
    kept = [path for path in (tmp_path / "events.jsonl.1", target) if path.exists()]
    lines = [json.loads(line) for path in kept for line in path.read_text(encoding="utf-8").splitlines()]
    told = [line["track"] for line in lines if line["event"] == "passage"]
    assert told == list(range(60))[-len(told):], "the last ones, in order, none twice"
    assert sum(path.stat().st_size for path in kept) < 2 * 600 if ours else len(told) == 60


def test_a_disk_that_refuses_to_set_the_file_aside_loses_no_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.report.events.MOST_BYTES", 1)
    (tmp_path / "events.jsonl.1").mkdir()
    with Events(str(tmp_path / "events.jsonl"), ours=True) as events:
        for track in range(5):
            events.passages(2.0, [Passage(track, 0.0, 2.0, DoorState.PASSED, Label.MASK, 0.9, 5)])
    assert (tmp_path / "events.jsonl").read_text(encoding="utf-8").count('"passage"') == 5


def test_a_file_set_aside_that_cannot_be_closed_well_is_not_written_to_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.FileIO):
        def close(self) -> None:
            super().close()
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("edge.report.events.MOST_BYTES", 1)
    target = tmp_path / "events.jsonl"
    events = Events(str(target), ours=True)
    assert events._file is not None
    events._file.close()
    events._file = Failing(target, "ab")
    for track in range(2):
        events.passages(2.0, [Passage(track, 0.0, 2.0, DoorState.PASSED, Label.MASK, 0.9, 5)])
    assert json.loads((tmp_path / "events.jsonl.1").read_text().splitlines()[-1])["track"] == 1


def test_the_first_line_says_the_state_even_where_the_first_frames_were_dropped(tmp_path: Path) -> None:
    target = tmp_path / "events.jsonl"
    late = ReplayedCamera([Frame(PICTURE, 0.2, 2), Frame(PICTURE, 0.3, 3)])
    with Events(str(target)) as events, RecordingPanel(PanelSettings()) as panel:
        watch(late, Vision(ScriptedDetector([[]]), ScriptedClassifier([[]]), TrustSettings()), DoorSettings(), panel, [events])
    assert [json.loads(line).get("state") for line in target.read_text(encoding="utf-8").splitlines()] == [None, "idle"]


def test_an_event_file_that_cannot_be_written_is_said_before_the_camera_opens(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        Events(str(tmp_path / "nowhere" / "events.jsonl"))


