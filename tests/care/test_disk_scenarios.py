# SPDX-License-Identifier: Apache-2.0
"""A disk that fills up, breaks or refuses, through `maskgate run` as a service manager starts it: events are lost, and no door stops."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from care_stand_ins import scene
from scripted_unit import WELL, Unit, film, make_unit, world

from edge.care.faults import Part
from edge.care.vitals import Vitals
from edge.care.watch import Care
from edge.frame import Frame


@pytest.fixture
def unit(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Unit:
    return make_unit(tmp_path, caplog, monkeypatch)


def test_a_disk_that_fills_up_loses_events_and_stops_no_door(unit: Unit) -> None:
    unit.vitals = [Vitals(50.0, 900.0, 1.0, True, 1000.0)]
    run = unit.run(film(world(3)), events="/dev/full")
    assert run.code == 0
    assert [line.split(" ")[0] for line in run.faults] == ["fault=disk-full"]
    assert run.part("storage")["fault"] == "disk-full"
    assert run.levels(102.9)["green"] == 1


@pytest.mark.parametrize(("refusal", "said", "fault"), [
    (errno.EROFS, Vitals(50.0, 900.0, None, False, 1000.0), "disk-read-only"),   # it breaks while it is written, and says so
    (errno.EFBIG, Vitals(50.0, 900.0, 1.0, True, 1000.0), "disk-full"),          # the event file is as long as its file system allows
])
def test_a_refused_event_is_told_with_the_kernel_s_word_and_stops_no_door(unit: Unit, refusal: int, said: Vitals, fault: str) -> None:
    def refused(*_: object) -> None:
        raise OSError(refusal, os.strerror(refusal))

    unit.vitals = [said]
    unit.monkeypatch.setattr("edge.report.events.Events.__call__", refused)
    run = unit.run(film(world(3)), events=str(unit.folder / "events.jsonl"))
    assert run.code == 0
    assert [line.split(" ")[0] for line in run.faults] == [f"fault={fault}"]
    assert run.levels(102.9)["green"] == 1


def test_a_disk_that_says_it_has_room_and_refuses_all_the_same_is_told_once_and_not_called_well(unit: Unit) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))     # as of one on which no more files can be made

    unit.vitals = [WELL]
    unit.monkeypatch.setattr("edge.report.events.Events.__call__", refused)
    run = unit.run(film(world(3)), events=str(unit.folder / "events.jsonl"))
    assert run.code == 0
    assert [line.split(" ")[0] for line in run.faults] == ["fault=disk-full"]
    assert run.part("storage")["fault"] == "disk-full"


def test_such_a_disk_is_well_again_after_ten_minutes_without_a_refusal() -> None:
    now, told = [0.0], list[bool]()
    care = Care(read=lambda: WELL, tell=lambda parts, t, wall: told.append(next(part.ok for part in parts if part.part is Part.STORAGE)), clock=lambda: now[0])
    frame = Frame(scene(1), 0.0, 0)
    care.look(frame)
    with care.storing():
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    for now[0] in (10.0, 590.0, 600.0):
        care.look(frame)
    assert told == [True, False, False, False, True]


def refused_until(opened: int, number: int = errno.EROFS) -> type[Path]:
    """Paths on a disk that the kernel lets nobody write to before it is opened so often."""
    class OnBrokenDisk(type(Path())):   # type: ignore[misc]
        tries = 0

        def open(self, *arguments: Any, **more: Any) -> Any:
            OnBrokenDisk.tries += 1
            if OnBrokenDisk.tries < opened:
                raise OSError(number, os.strerror(number))
            return super().open(*arguments, **more)

    return OnBrokenDisk


@pytest.mark.parametrize("name", ["EROFS", "EIO", "ENXIO", "EBADMSG", "EUCLEAN", "EREMOTEIO"])
def test_a_unit_starts_on_a_disk_that_has_gone_read_only_or_is_damaged_and_keeps_events_once_it_is_well(unit: Unit, name: str) -> None:
    if not hasattr(errno, name):
        pytest.skip(f"this system knows no {name}")
    unit.vitals = [Vitals(50.0, 900.0, None, False, 1000.0)] * 2 + [WELL]
    unit.monkeypatch.setenv("STATE_DIRECTORY", str(unit.folder))
    unit.monkeypatch.setattr("edge.report.events.Path", refused_until(3, getattr(errno, name)))   # not at the start, not for the first event
    run = unit.run(film(world(3)), events=str(unit.folder / "events.jsonl"))
    assert run.code == 0
    assert [line.split(" ")[0] for line in run.faults] == ["fault=disk-read-only", "over=disk-read-only"]
    assert run.levels(102.9)["green"] == 1
    assert [json.loads(line).get("state") for line in (unit.folder / "events.jsonl").read_text().splitlines()] == [None, "checking", "passed", None], "the start too, once the disk is well"


def test_an_event_file_where_the_service_may_keep_nothing_is_a_wrong_setting(unit: Unit) -> None:
    unit.monkeypatch.setenv("STATE_DIRECTORY", str(unit.folder / "state"))
    unit.monkeypatch.setattr("edge.report.events.Path", refused_until(9))
    assert unit.run(film(world(3)), events=str(unit.folder / "events.jsonl")).code == 2


def test_a_health_file_that_cannot_be_written_is_said_once_and_stops_nothing(unit: Unit) -> None:
    unit.monkeypatch.setenv("RUNTIME_DIRECTORY", str(unit.folder / "gone"))
    run = unit.run(film(world(2)))
    assert run.code == 0
    assert len(run.faults) == 1
    assert "health.json: cannot be written" in run.faults[0]
