# SPDX-License-Identifier: Apache-2.0
"""The table of faults: its page, its agreement with the errors and the service, the list of health, and the vitals."""

from __future__ import annotations

import logging
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.care.faults import FAULTS, Fault, Part, Recovery, fault_of, page
from edge.care.health import HealthList
from edge.care.pace import Pace
from edge.care.vitals import HOT_C, Vitals, judge_vitals, own_at, read_vitals
from edge.door.verdict import EVIDENCE_GAP_S
from edge.errors import (
    CameraBusy,
    CameraError,
    CameraFrozen,
    CameraNotFound,
    CameraStopped,
    CardError,
    GpioMissing,
    MaskGateError,
    MemoryGrown,
    ModelError,
    ModelStopped,
    PinError,
    SettingsError,
)


def test_the_page_is_the_table(project: Path) -> None:
    assert (project / "docs" / "faults.md").read_text(encoding="utf-8") == page(), "write it anew: maskgate doctor --faults > docs/faults.md"


def test_every_fault_of_the_issue_is_there() -> None:
    asked = {"camera-missing", "camera-hung", "camera-unplugged", "picture-black", "picture-frozen", "lens-covered", "clock-jump", "disk-full",
             "disk-read-only", "memory-pressure", "over-temperature", "model-broken", "pin-taken"}
    assert asked <= set(FAULTS)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_row_is_whole_and_fits_on_one_line_of_the_log(fault: Fault) -> None:
    assert fault.hint.endswith(".")
    assert not fault.what.endswith(".")
    assert "\n" not in fault.log_line("cam 0") + fault.what
    assert fault.log_line("cam 0").startswith(f"fault={fault.code} part={fault.part}: {fault.what} (cam 0) | ")
    assert (fault.exit_code is None) is (fault.recovery is Recovery.BY_ITSELF)


def test_the_service_stays_down_exactly_where_the_table_says_that_somebody_must_act(project: Path) -> None:
    unit = (project / "systemd" / "maskgate.service").read_text(encoding="utf-8")
    line = next(line for line in unit.splitlines() if line.startswith("RestartPreventExitStatus="))
    stays_down = {int(code) for code in line.partition("=")[2].split()}
    for fault in FAULTS.values():
        if fault.exit_code is not None:
            assert (fault.exit_code in stays_down) is (fault.recovery is Recovery.OPERATOR), fault.code


@pytest.mark.parametrize(("error", "delivered", "there", "code"), [
    (CameraNotFound("x"), False, False, "camera-missing"), (CameraBusy("x"), False, True, "camera-busy"), (CameraStopped("x"), True, True, "camera-hung"),
    (CameraStopped("x"), True, False, "camera-unplugged"), (CameraStopped("x"), False, True, "camera-hung"), (CameraError("x"), False, True, "camera-missing"),
    (CameraFrozen("x"), True, True, "picture-frozen"), (CardError("x"), False, True, "card-unreadable"), (MemoryGrown("x"), True, True, "memory-grown"),
    (ModelStopped("x"), True, True, "model-stopped"),
    (ModelError("x"), False, True, "model-broken"), (PinError("x"), False, True, "pin-taken"),
    (GpioMissing("x"), False, True, "gpio-missing"),
])
def test_an_error_belongs_to_a_fault_with_its_exit_code(error: MaskGateError, delivered: bool, there: bool, code: str) -> None:
    fault = fault_of(error, delivered=delivered, device_there=there)
    assert fault is FAULTS[code]
    assert fault.exit_code == error.exit_code


def test_a_wrong_setting_is_no_fault_of_the_unit() -> None:
    assert fault_of(SettingsError("x")) is None


def test_an_error_without_a_name_is_a_fault_of_the_program_and_a_reader_who_has_seen_enough_is_none() -> None:
    assert fault_of(KeyError("x")) is fault_of(OSError(24, "Too many open files")) is FAULTS["program-failed"]
    assert fault_of(BrokenPipeError()) is None


def test_health_says_since_when_and_logs_on_change_only(caplog: pytest.LogCaptureFixture) -> None:
    health = HealthList(1.0)
    with caplog.at_level(logging.INFO, "maskgate.health"):
        for t in (5.0, 6.0, 7.0):
            health.bad(FAULTS["lens-covered"], t)
            health.note(Part.CLOCK, None, t)
        for t in (9.0, 10.0):
            health.note(Part.PICTURE, None, t)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "fault=lens-covered part=picture: Something covers the lens | Uncover and wipe the lens."),
        ("INFO", "over=lens-covered part=picture after_s=4")]
    picture = next(value for value in health.values if value.part is Part.PICTURE)
    assert (picture.ok, picture.why, picture.since) == (True, "", 9.0)


def test_health_names_the_fault_that_the_panel_has_to_show() -> None:
    health = HealthList()
    health.bad(FAULTS["over-temperature"], 1.0)
    assert health.blinding is None
    health.bad(FAULTS["camera-hung"], 2.0, "no frame for 5 s")
    assert health.blinding is FAULTS["camera-hung"]
    camera = health.values[0]
    assert (camera.part, camera.ok, camera.since, camera.why) == (
        Part.CAMERA, False, 2.0, "The camera has stopped delivering pictures (no frame for 5 s)")


def test_one_fault_may_follow_another_in_the_same_part() -> None:
    health = HealthList()
    assert health.bad(FAULTS["disk-full"], 1.0)
    assert health.bad(FAULTS["disk-read-only"], 2.0)
    assert not health.bad(FAULTS["disk-read-only"], 3.0)


WELL = Vitals(temperature_c=50.0, memory_mb=900.0, disk_mb=5000.0, writable=True, clocks_s=1000.0)


def judged(before: Vitals | None = None, *, hot: bool = False, **changes: object) -> set[str]:
    values = {name: changes.get(name, getattr(WELL, name)) for name in Vitals.__slots__}
    return {fault.code for fault in judge_vitals(Vitals(**values), before, hot=hot).values() if fault}


def test_vitals_that_are_well() -> None:
    assert judged(WELL) == set()
    assert judge_vitals(WELL).keys() == {Part.TEMPERATURE, Part.MEMORY, Part.STORAGE, Part.CLOCK}


@pytest.mark.parametrize(("changes", "code"), [
    ({"temperature_c": 76.0}, "over-temperature"), ({"temperature_c": 72.0, "hot": True}, "over-temperature"), ({"memory_mb": 20.0}, "memory-pressure"),
    ({"disk_mb": 3.0}, "disk-full"), ({"writable": False, "disk_mb": 3.0}, "disk-read-only"), ({"before": WELL, "clocks_s": 4600.0}, "clock-jump"),
    ({"before": WELL, "clocks_s": 990.0}, "clock-jump"), ({"own": 0.4}, "memory-grown"), ({"own": 0.5, "memory_mb": 20.0}, "memory-grown"),
])
def test_vitals_that_are_not_well(changes: dict[str, object], code: str) -> None:
    assert judged(**changes) == {code}  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{"temperature_c": 72.0}, {"temperature_c": 69.0, "hot": True}, {"before": WELL, "clocks_s": 1000.3},
                                     {"temperature_c": None, "memory_mb": None, "disk_mb": None}, {"own": 0.39}])
def test_vitals_near_a_limit_or_unknown_are_well(changes: dict[str, object]) -> None:
    assert judged(**changes) == set()  # type: ignore[arg-type]


def judged_a_second(pace: Pace, start_s: float, rate_fps: float, *, hot: bool, seconds: float = 20.0) -> float:
    times = [start_s + i / rate_fps for i in range(int(seconds * rate_fps))]
    return sum(pace.wants(t, hot=hot) for t in times) / seconds


@pytest.mark.parametrize("rate_fps", [15.0, 5.0, 30.0])
def test_a_hot_unit_judges_half_the_frames_before_the_firmware_slows_it(rate_fps: float) -> None:
    assert HOT_C < 80
    pace = Pace()
    assert judged_a_second(pace, 0.0, rate_fps, hot=False) == rate_fps
    assert judged_a_second(pace, 20.0, rate_fps, hot=True) == pytest.approx(rate_fps / 2, abs=0.1)
    assert judged_a_second(pace, 40.0, rate_fps, hot=False) == pytest.approx(rate_fps, abs=0.1)


def test_half_is_half_of_what_was_judged_not_of_what_the_camera_delivers() -> None:
    """Newest hands over only what judging keeps up with: 4 a second of 15."""
    pace = Pace()
    judged_a_second(pace, 0.0, 4.0, hot=False)
    assert judged_a_second(pace, 20.0, 15.0, hot=True) == pytest.approx(2.0, abs=0.2)


def test_a_unit_that_is_hot_from_the_start_and_slow_still_answers_every_second() -> None:
    pace = Pace()
    assert judged_a_second(pace, 0.0, 15.0, hot=True) == pytest.approx(7.5, abs=0.1)
    slow = Pace()
    assert judged_a_second(slow, 0.0, 0.8, hot=True) == 0.8


@pytest.mark.parametrize("rate_fps", [1.0, 1.2, 1.5, 1.9, 2.4, 3.0])
def test_a_slow_camera_before_a_hot_unit_still_lets_it_judge(rate_fps: float) -> None:
    """Of 1.5 frames a second every other one would be 1.33 s apart, which no two looks may be that support each other."""
    pace = Pace()
    judged_a_second(pace, 0.0, rate_fps, hot=False)
    shaken = [20 + (i + 0.02 * (i % 2)) / rate_fps for i in range(100)]
    judged = [t for t in shaken if pace.wants(t, hot=True)]
    assert max(later - earlier for earlier, later in pairwise(judged[2:])) < EVIDENCE_GAP_S
    assert not pace.slow


@given(gaps=st.lists(st.sampled_from([0.1, 1.0, 1.2, 1.3, 2.0, 60.0]), max_size=60))
def test_too_slow_is_a_unit_of_whose_last_ten_frames_no_three_support_each_other_and_over_after_ten_that_do(gaps: list[float]) -> None:
    pace, t = Pace(), 0.0
    pace.wants(t, hot=False)
    close: list[bool] = []
    for gap_s in gaps:
        before = pace.slow
        t += gap_s
        assert pace.wants(t, hot=False)
        close.append(gap_s < EVIDENCE_GAP_S)
        judgeable = any(one and other for one, other in pairwise(close[-11:]))
        assert pace.slow is (not all(close[-10:]) if before else len(close) >= 10 and not judgeable)


def test_a_clock_that_begins_anew_does_not_stop_judging() -> None:
    pace = Pace()
    judged_a_second(pace, 1000.0, 10.0, hot=False)
    assert judged_a_second(pace, 0.0, 10.0, hot=True) == pytest.approx(5.0, abs=0.1)


def test_vitals_of_this_machine_and_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "sys/class/thermal/thermal_zone0").mkdir(parents=True)
    (tmp_path / "sys/class/thermal/thermal_zone1").mkdir()
    (tmp_path / "sys/class/thermal/thermal_zone0/temp").write_text("61234\n")
    (tmp_path / "sys/class/thermal/thermal_zone1/temp").write_text("-274000\n")     # a sensor that is not there
    read = read_vitals(tmp_path, tmp_path)
    assert (read.temperature_c, read.memory_mb, read.writable) == (61.234, None, True)
    assert read_vitals().memory_mb
    assert read_vitals().disk_mb is None                    # nothing is kept anywhere
    assert read_vitals(Path("/nowhere")).disk_mb is None


def test_what_the_program_holds_counts_what_was_swapped_out_and_no_libraries(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/status").write_text("Name:\tmaskgate\nVmRSS:\t  180000 kB\nRssAnon:\t  100000 kB\nRssFile:\t   80000 kB\nVmSwap:\t   60000 kB\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal:         400000 kB\nMemAvailable:      90000 kB\n")
    assert read_vitals(root=tmp_path).own == 0.4
    assert read_vitals(root=tmp_path).memory_mb == 90
    (tmp_path / "proc/self/status").unlink()
    assert read_vitals(root=tmp_path).own is None


def test_a_program_that_grows_is_seen_to() -> None:
    before = own_at()
    assert before
    ballast = bytearray(b"x") * 100_000_000
    assert (own_at() or 0) - before > 0.9 * len(ballast) / (os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
