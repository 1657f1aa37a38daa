# SPDX-License-Identifier: Apache-2.0
"""Aiming: what is measured is what was put there, each verdict has its remedy, and the report keeps no picture unasked."""

from __future__ import annotations

import math
import re
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from care_stand_ins import scene
from numpy.typing import NDArray

from edge.care.aim.measure import FACE_MM, Measured, angles, measure, middle
from edge.care.aim.page import write_page
from edge.care.aim.screen import Screen, line, table
from edge.care.aim.session import LOST_S, Standing, aim
from edge.care.aim.verdict import Limits, judge
from edge.commands.main import main
from edge.frame import Frame
from edge.look import Box, Face
from edge.settings import TrustSettings
from edge.testing import ReplayedCamera, ScriptedDetector, face_at

FOCAL = 320 / math.tan(math.radians(33))
"""Of a 640 px picture that is 66 degrees wide."""
TRUST = TrustSettings()


def posed(turn_deg: float = 0, pitch_deg: float = 0, distance_mm: float = 800, across_mm: float = 0) -> Face:
    """The middling face, its head turned, seen by a camera of 640 x 480 px; level it looks along the camera's axis.

    turn above 0: the camera is on its left; pitch above 0: the camera is above where it looks.
    """
    rotation = cv2.Rodrigues(np.array([math.radians(pitch_deg), 0, 0.0]))[0] @ cv2.Rodrigues(np.array([0, math.radians(turn_deg), 0.0]))[0]
    seen = (rotation @ FACE_MM.T).T + np.array([across_mm, 0, distance_mm])
    points = [(float(320 + FOCAL * x / z), float(240 + FOCAL * y / z)) for x, y, z in seen]
    left, right = min(x for x, _ in points) - 20, max(x for x, _ in points) + 20
    return Face(Box(left, points[0][1] - 40, right - left, 120), tuple(points), 0.9)  # type: ignore[arg-type]


@pytest.mark.parametrize(("turn", "pitch"), [(0, 0), (10, 0), (-10, 0), (0, 12), (0, -12), (30, 0), (0, 25)])
def test_angles_are_those_of_the_pose(turn: float, pitch: float) -> None:
    found = angles(posed(turn, pitch), (640, 480), FOCAL)
    assert found == pytest.approx((turn, pitch), abs=0.5)


def test_somebody_at_the_side_who_looks_ahead_is_seen_from_the_side() -> None:
    found = angles(posed(across_mm=400), (640, 480), FOCAL)
    assert found is not None
    assert found[0] == pytest.approx(-math.degrees(math.atan(400 / 800)), abs=1)


def test_angles_of_landmarks_on_one_point_are_none() -> None:
    face = replace(posed(), landmarks=((5.0, 5.0),) * 5)
    assert angles(face, (640, 480), FOCAL) is None


@pytest.mark.parametrize(("turn", "distance_mm"), [(0, 500), (0, 1500), (25, 800)])
def test_the_distance_is_right_to_a_tenth(turn: float, distance_mm: float) -> None:
    measured = measure(Frame(scene(), 0.0, 0), posed(turn, 0, distance_mm), 66.0)
    assert measured is not None
    assert measured.distance_m == pytest.approx(distance_mm / 1000, rel=0.1)


def test_an_upright_picture_sees_its_angle_along_the_longer_side() -> None:
    upright = np.ascontiguousarray(np.rot90(scene()))
    level, tall = (measure(Frame(picture, 0.0, 0), face, 66.0) for picture, face in ((scene(), face_at(270, 190)), (upright, face_at(190, 270))))
    assert level is not None
    assert tall is not None
    assert level.distance_m == pytest.approx(tall.distance_m)


def lit(face: int, background: int) -> NDArray[np.uint8]:
    picture = np.full((480, 640, 3), background, np.uint8)
    picture[100:230, 260:390] = face
    return picture


def test_light_and_background_are_measured_apart() -> None:
    measured = measure(Frame(lit(60, 180), 0.0, 0, {"Lux": 150.0}), face_at(260, 100, 130), 66.0)
    assert measured is not None
    assert (measured.light, measured.background, measured.lux) == (60.0, 180.0, 150.0)


def test_a_face_outside_of_the_frame_is_not_measured() -> None:
    assert measure(Frame(scene(), 0.0, 0), face_at(900, 100), 66.0) is None


WELL = Measured(pupils_px=50, face_px=120, turn_deg=2, pitch_deg=-4, distance_m=0.7, light=130, background=120, lux=400, sharpness=150,
                eyes_at=0.4, inside=1.0)


def test_a_good_place_has_nothing_to_mend() -> None:
    assert {str(item.level) for item in judge(WELL, TRUST, Limits())} == {"ok"}
    assert all(not item.remedy for item in judge(WELL, TRUST, Limits()))


@pytest.mark.parametrize(("changes", "name", "level", "remedy"), [
    ({"pupils_px": 31}, "size", "warning", "nearer"), ({"pupils_px": 12, "face_px": 25}, "size", "failure", "nearer"),
    ({"turn_deg": 16}, "turn", "warning", "look where"), ({"turn_deg": -16}, "turn", "warning", "look where"), ({"turn_deg": None}, "turn", "warning", "look at"),
    ({"pitch_deg": 25}, "pitch", "warning", "about 0.3 m lower"), ({"pitch_deg": -25}, "pitch", "warning", "about 0.3 m higher"),
    ({"light": 50, "background": 60}, "light", "warning", "lamp"), ({"light": 20, "background": 30}, "light", "failure", "lamp"), ({"light": 230}, "light", "warning", "direct light off"),
    ({"lux": 150}, "light", "warning", "lamp"), ({"background": 230, "light": 100}, "back-light", "warning", "window"),
    ({"background": 250, "light": 72}, "back-light", "failure", "window"), ({"sharpness": 20}, "sharpness", "warning", "focus"),
    ({"sharpness": 5}, "sharpness", "failure", "focus"), ({"eyes_at": 0.1}, "height", "warning", "tilt the camera up"),
    ({"eyes_at": 0.8}, "height", "warning", "tilt the camera down"), ({"inside": 0.9}, "height", "warning", "step into"),
])
def test_a_bad_place_is_named_with_its_remedy(changes: dict[str, Any], name: str, level: str, remedy: str) -> None:
    bad = [item for item in judge(replace(WELL, **changes), TRUST, Limits()) if item.level != "ok"]
    assert [(item.name, str(item.level)) for item in bad] == [(name, level)]
    assert remedy in bad[0].remedy


@pytest.mark.parametrize(("changes", "words"), [
    ({"pupils_px": 31}, ["small"]), ({"pupils_px": 12, "face_px": 25}, ["too small"]), ({"turn_deg": 16}, ["sideways"]), ({"turn_deg": None}, ["unclear"]),
    ({"pitch_deg": 25}, ["steep"]), ({"light": 50, "background": 60}, ["dark"]), ({"light": 20, "background": 30}, ["too dark"]),
    ({"light": 230}, ["bright"]), ({"light": 250}, ["too bright"]), ({"background": 250, "light": 72}, ["too dark"]), ({"sharpness": 5}, ["too blurred"]),
    ({"eyes_at": 0.1}, ["high"]), ({"eyes_at": 0.8}, ["low"]), ({"inside": 0.5}, ["too far out"]), ({}, []),
])
def test_each_measure_has_a_word_of_its_own_for_what_is_wrong(changes: dict[str, Any], words: list[str]) -> None:
    assert [item.word for item in judge(replace(WELL, **changes), TRUST, Limits()) if item.word != "ok"] == words


def test_a_face_below_the_setting_for_trust_is_dark_and_not_bright() -> None:
    light = judge(replace(WELL, light=100), replace(TRUST, light_min=110.0), Limits())[3]
    assert (light.word, "lamp" in light.remedy) == ("too dark", True)


def test_the_median_leaves_out_a_blink_and_what_nobody_knows() -> None:
    found = middle([WELL, replace(WELL, sharpness=1, lux=None), replace(WELL, turn_deg=None)])
    assert (found.sharpness, found.lux, found.turn_deg) == (150, 400, 2)


def session(script: list[list[Face]], **options: Any) -> tuple[Standing | None, list[Standing]]:
    shown: list[Standing] = []
    last = aim(ReplayedCamera.still(scene(), len(script)), ScriptedDetector(script), TRUST, 66.0, shown.append, **options)
    return last, shown


def test_the_last_standing_is_one_with_somebody_in_it() -> None:
    last, shown = session([[], [face_at(260, 100)], [], *[[]] * 30])
    assert last is not None
    assert last.items
    assert last.faces == 1, "the report's picture shows somebody"
    assert not shown[0].items
    assert not shown[-1].items, "a face from three seconds ago is not shown any more"
    assert sum(bool(standing.items) for standing in shown) == 1 + round(LOST_S * 10)


def test_the_session_ends_in_time_and_without_frames() -> None:
    assert len(session([[]] * 50, seconds=2.0)[1]) == 21
    assert aim(ReplayedCamera([]), ScriptedDetector([[]]), TRUST, 66.0, lambda standing: None) is None


def test_ctrl_c_ends_it_with_what_was_found() -> None:
    camera = ReplayedCamera.still(scene(), 3, then=KeyboardInterrupt())
    last = aim(camera, ScriptedDetector([[face_at(260, 100)]]), TRUST, 66.0, lambda standing: None)
    assert last is not None
    assert last.items


def standing_of(measured: Measured | None) -> Standing:
    frame = Frame(scene(), 7.0, 0)
    return Standing(frame, 0) if measured is None else Standing(frame, 1, measured, judge(measured, TRUST, Limits()))


def test_the_table_says_what_to_mend() -> None:
    lines = table(standing_of(replace(WELL, light=20, background=30)), coloured=False)
    assert any(text.startswith("too dark     light") for text in lines)
    assert "[too dark]" in line(standing_of(replace(WELL, light=20, background=30)))
    assert lines[-1] == "1 to mend."
    assert table(standing_of(WELL), coloured=False)[-1].startswith("All is well")
    assert table(standing_of(None), coloured=False)[0].startswith("Nobody")


@pytest.mark.parametrize("width", [79, 40, 3])
def test_a_narrow_terminal_loses_no_word(width: int) -> None:
    standing = standing_of(replace(WELL, light=20, background=30))
    wide, narrow = (table(standing, coloured=False, width=columns) for columns in (500, width))
    assert " ".join(narrow).split() == " ".join(wide).split()
    assert max(map(len, narrow)) <= max(width, 40)


def test_a_terminal_is_drawn_over_and_a_pipe_gets_a_line_a_second() -> None:
    for terminal, step_s, expected in ((True, 0.1, 11), (False, 0.1, 3)):
        wrote: list[str] = []
        screen = Screen(wrote.append, terminal=terminal)
        for i in range(21):
            screen(replace(standing_of(WELL), frame=Frame(scene(), 5 + i * step_s, i)))
        assert abs(len(wrote) - expected) <= 1
        assert ("\033[8A" in wrote[-1]) is terminal
        assert "\033[32m" not in wrote[-1], "no colours unless asked for"
    assert wrote[0] == f"0.0 s: {line(standing_of(WELL))}\n"


def test_the_report_holds_everything_and_no_picture_unasked() -> None:
    standing = standing_of(replace(WELL, light=20, background=30))
    text = write_page(standing, when="2026-11-21 10:00", source="<door>", fov_deg=66.0, picture=False)
    assert "<img" not in text
    assert "No picture was kept" in text
    assert "&lt;door&gt;" in text
    assert "put a lamp above" in text
    assert not re.search(r'(src|href)="(?!data:)', text), "it needs nothing from elsewhere"


def test_the_report_of_an_empty_place_says_so() -> None:
    assert "nothing was measured" in write_page(None, when="", source="", fov_deg=66.0, picture=True)


class TestOnThePortrait:
    """The command on the astronaut that scikit-image carries, with the shipped detector."""

    @pytest.fixture
    def portrait(self, tmp_path: Path) -> Path:
        from skimage.data import astronaut

        cv2.imwrite(str(tmp_path / "astronaut.png"), cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR))
        return tmp_path / "astronaut.png"

    def test_measured_and_reported_with_one_picture(self, portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
        report = portrait.with_name("report.html")
        assert main(["aim", "--source", str(portrait), "--report", str(report), "--picture"]) == 0
        said = capsys.readouterr().out
        pupils = re.search(r"size (\d+) px", said)
        turn, pitch = re.search(r"turn (\d+)°", said), re.search(r"pitch (\d+)°", said)
        assert pupils
        assert 37 <= int(pupils[1]) <= 45
        assert turn
        assert pitch
        assert int(turn[1]) <= 15
        assert int(pitch[1]) <= 8
        assert report.read_text(encoding="utf-8").count("data:image/jpeg;base64,") == 1

    def test_a_dark_and_distant_portrait_is_told_what_to_do(self, portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
        image = cv2.imread(str(portrait))
        assert image is not None
        dark = (cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA) // 4).astype(np.uint8)
        cv2.imwrite(str(portrait), cv2.copyMakeBorder(dark, 100, 100, 100, 100, cv2.BORDER_CONSTANT, value=(200, 200, 200)))
        assert main(["aim", "--source", str(portrait)]) == 0
        said = capsys.readouterr().out
        for remedy in ("come nearer", "put a lamp", "turn the camera away from the window"):
            assert remedy in said

    def test_a_report_that_cannot_be_written_is_said_before_anything_is_measured(self, portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["aim", "--source", str(portrait), "--report", "/nowhere/report.html"]) == 2
        said = capsys.readouterr()
        assert "--report /nowhere/report.html: cannot be written" in said.err
        assert said.out == ""

    @pytest.mark.parametrize("name", ["place.pdf", "place", "place.html.txt"])
    def test_a_report_whose_name_promises_another_kind_of_file_is_refused_and_none_is_left(self, portrait: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        report = portrait.with_name(name)
        assert main(["aim", "--source", str(portrait), "--report", str(report)]) == 2
        said = capsys.readouterr()
        assert f"--report {report}: this will hold a page in HTML; expected a name that ends in .html." in said.err
        assert f"Name {portrait.with_name(report.stem)}.html, for instance." in said.err
        assert said.out == ""
        assert not report.exists()

    def test_a_report_may_end_as_windows_ends_it(self, portrait: Path) -> None:
        assert main(["aim", "--source", str(portrait), "--report", str(portrait.with_name("PLACE.HTM"))]) == 0

    def test_a_report_onto_a_full_disk_leaves_the_one_of_before(self, portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
        report = portrait.with_name("report.html")
        report.write_text("of before")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            assert main(["aim", "--source", str(portrait), "--report", str(report)]) == 2
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert f"--report {report}: cannot be written (File too large)" in capsys.readouterr().err
        assert report.read_text() == "of before"
        assert sorted(path.name for path in portrait.parent.iterdir()) == ["astronaut.png", "report.html"]

    def test_a_place_with_nobody_exits_with_1(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        cv2.imwrite(str(tmp_path / "grey.png"), np.full((480, 640, 3), 128, np.uint8))
        assert main(["aim", "--source", str(tmp_path / "grey.png")]) == 1
        assert "Nobody is before the camera" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--picture"], ["--seconds", "0"], ["--seconds", "soon"], ["--fov", "5"]])
def test_wrong_arguments_end_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(["aim", "--source", "/nowhere.png", *words])
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code == 2
