# SPDX-License-Identifier: Apache-2.0
"""Bad input at every door of `maskgate`: a clear line, the right exit code, the panel left safe, never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from typed import assert_safe, run

from edge.commands.main import main
from edge.demo import CLIP
from edge.errors import CameraNotFound
from edge.settings import CameraSettings
from edge.vision import MODELS

CAMERAS = {
    "nowhere.mp4": "no such file or folder",
    "/dev/video97": "/dev/video97",
    "ftp://camera": "not known",
    "empty": "no picture",
}


@pytest.mark.parametrize("source", ["ftp://camera", "/dev/null", "nowhere.mp4"])
def test_what_is_no_camera_has_no_cable_to_be_checked(settings: Path, source: str, capfd: pytest.CaptureFixture[str],
                                                      caplog: pytest.LogCaptureFixture) -> None:
    _, said = run(capfd, "run", "--config", settings, "--source", source, "--panel", "none")
    assert "cable" not in said + caplog.text


@pytest.mark.parametrize("source", CAMERAS)
def test_a_missing_camera_ends_with_3_and_the_panel_safe(settings: Path, tmp_path: Path, source: str, capfd: pytest.CaptureFixture[str],
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    code, said = run(capfd, "run", "--config", settings, "--source", source, "--panel", "mock", "--pins", "pins.jsonl")
    assert code == 3
    assert CAMERAS[source] in said
    assert "Traceback" not in said
    assert_safe(tmp_path / "pins.jsonl")


def test_a_truncated_clip_is_judged_as_far_as_it_goes_and_ends_with_3(settings: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole, cut = tmp_path / "whole.avi", tmp_path / "cut.avi"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for seed in range(40):
        writer.write(np.random.default_rng(seed).integers(0, 256, (240, 320, 3), dtype=np.uint8))
    writer.release()
    cut.write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])
    code, said = run(capfd, "run", "--config", settings, "--source", cut, "--fast", "--panel", "mock", "--pins", tmp_path / "pins.jsonl")
    assert code == 3
    assert "cut" in said
    assert_safe(tmp_path / "pins.jsonl")


def test_a_text_file_is_no_clip(settings: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a clip")
    code, said = run(capfd, "run", "--config", settings, "--source", text, "--panel", "mock")
    assert code == 3
    assert "no video" in said


def test_corrupt_pictures_among_good_ones_are_skipped_and_counted(settings: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str],
                                                                 caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "c.png"):
        cv2.imwrite(str(folder / name), np.full((120, 160, 3), 128, np.uint8))
    (folder / "b.png").write_text("no picture")
    code, said = run(capfd, "check", folder, "--config", settings)
    assert code == 0
    assert "b.png" in said
    assert "1 of 3 files could not be read" in said
    assert main(["run", "--config", str(settings), "--source", str(folder), "--fast", "--panel", "none"]) == 0
    assert "b.png" in caplog.text
    assert "skipped 1 of 3 pictures" in caplog.text


def test_crops_of_a_clip_says_what_it_takes(settings: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, said = run(capfd, "check", "--crops", CLIP, "--config", settings)
    assert code == 3
    assert "--crops takes pictures" in said


def test_check_without_one_readable_picture_ends_with_3(settings: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "only.jpg").write_text("no picture")
    assert run(capfd, "check", tmp_path / "only.jpg", "--config", settings)[0] == 3
    assert run(capfd, "check", tmp_path / "nowhere", "--config", settings)[0] == 3


def test_a_text_that_is_checked_is_told_in_our_words_alone() -> None:
    # In a process of its own: OpenCV asks for its level once, and FFmpeg's is read at the first clip.
    done = subprocess.run([sys.executable, "-m", "edge", "check", str(MODELS / "mask.md")], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert all(line.startswith("maskgate: ") for line in done.stderr.splitlines())
    assert len(done.stderr.splitlines()) == 2


SETTINGS: Sequence[tuple[str, int, str]] = [
    ("[door]\nhold_sec = 1\n", 2, "did you mean hold_s"),
    ("[door]\nlooks_min = 'three'\n", 2, "a whole number from 3 to 30"),
    ("[panel]\nred_pin = 17\n", 5, "green_pin"),
    ("[panel]\nred_pin = 99\n", 5, "99"),
    ("[panel]\nred_pin = 'BOARD6'\n", 5, "BOARD6"),
]


@pytest.mark.parametrize(("text", "code", "said_of_it"), SETTINGS)
def test_wrong_settings_stop_the_start(tmp_path: Path, text: str, code: int, said_of_it: str, capfd: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "unit.toml"
    settings.write_text(text)
    for command in (["run", "--config", settings, "--source", CLIP, "--panel", "mock"], ["config", "check", settings]):
        found, said = run(capfd, *command)
        assert found == code
        assert said_of_it in said
        assert "unit.toml" in said


def test_a_machine_without_gpio_says_so(settings: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, said = run(capfd, "run", "--config", settings, "--source", CLIP, "--panel", "gpio")
    assert code == 5
    assert "--panel mock" in said


def test_saving_into_nowhere_ends_with_2(settings: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, said = run(capfd, "run", "--config", settings, "--source", CLIP, "--panel", "none", "--save", tmp_path / "nowhere" / "out.mp4")
    assert code == 2
    assert "folder does not exist" in said


NO_UTF8 = "b\udcff"
"""A name with the byte 0xff, as the command line hands it over. OpenCV's video code ends the process on it."""


@pytest.mark.parametrize(("words", "code"), [
    (["run", "--source", f"{NO_UTF8}.mp4"], 3), (["run", "--source", f"/dev/video{NO_UTF8}"], 3), (["run", "--source", f"http://{NO_UTF8}/"], 3), (["run", "--source", CLIP, "--fast", "--save", f"{NO_UTF8}.mp4"], 2),
    (["check", f"{NO_UTF8}.mp4"], 3), (["demo", "--out", NO_UTF8], 2)], ids=str)
def test_a_name_that_is_no_utf_8_ends_in_a_line(words: list[object], code: int, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(CLIP, tmp_path / f"{NO_UTF8}.mp4")
    pins = ["--config", settings, "--panel", "mock", "--pins", tmp_path / "pins"] if words[0] == "run" else []
    ended = subprocess.run([sys.executable, "-m", "edge", *map(str, [*words, *pins])], capture_output=True, text=True, check=False, timeout=50,
                           env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})
    assert ended.returncode == code, ended.stderr
    assert "UTF-8" in ended.stderr
    assert "Traceback" not in ended.stderr
    if pins:
        assert_safe(tmp_path / "pins")


@pytest.mark.parametrize(("words", "expected"), [
    (["check", "LONG"], 1), (["run", "--source", "LONG"], 3), (["run", "--source", CLIP, "--save", "LONG.mp4"], 2), (["run", "--source", CLIP, "--save", "loop/x.mp4"], 2)], ids=str)
def test_a_path_that_cannot_be_looked_at_is_named(words: list[object], expected: int, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    code, said = run(capfd, *(str(word).replace("LONG", "x" * 300) for word in words), *(["--config", settings, "--panel", "mock"] if words[0] == "run" else []))
    assert code == expected
    assert len(said.strip().splitlines()) == 2
    assert "xxxx" in said or "loop" in said


@pytest.mark.parametrize(("source", "said"), [("~nobody-of-that-name/x", "no such user"), ("http://..x/", "does not answer")])
def test_a_home_and_a_host_that_cannot_be_are_told(source: str, said: str, settings: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, err = run(capfd, "run", "--config", settings, "--panel", "mock", "--source", source)
    assert code == 3
    assert said in err


@pytest.mark.parametrize("words", [["run", "--source", "a.mp4", "--pins", "a.mp4"], ["run", "--source", "a.mp4", "--events", "x", "--pins", "./x"], ["run", "--source", "a.mp4", "--events", "unit.toml"],
                                   ["aim", "--source", "a.mp4", "--seconds", "1", "--report", "a.mp4"], ["doctor", "--bundle", "unit.toml"], ["demo", "--out", ".", "--events", "demo.mp4"],
                                   *(["run", "--source", "a.mp4", "--save", name] for name in ("a.mp4", "link.mp4", "hard.mp4"))], ids=str)
def test_what_is_read_is_not_written_over(words: list[str], settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(CLIP, tmp_path / "a.mp4")
    (tmp_path / "link.mp4").symlink_to("a.mp4")
    (tmp_path / "hard.mp4").hardlink_to(tmp_path / "a.mp4")
    before = (tmp_path / "a.mp4").read_bytes()
    code, said = run(capfd, *words, "--config", settings, *(["--panel", "mock"] if words[0] == "run" else []))
    assert code == 2
    assert "is the same file" in said
    assert (tmp_path / "a.mp4").read_bytes() == before
    assert settings.read_text() == ""


def test_a_link_that_leads_nowhere_is_counted_and_the_rest_of_a_folder_is_judged(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jpg").symlink_to("nowhere.jpg")
    assert cv2.imwrite(str(tmp_path / "z.jpg"), np.zeros((64, 64, 3), np.uint8))
    assert main(["check", str(tmp_path)]) == 0
    shown = capfd.readouterr()
    assert "z.jpg" in shown.out
    assert "1 of 2 files could not be read" in shown.err


def test_in_a_folder_only_files_are_checked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trip.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    assert cv2.imwrite(str(tmp_path / "z.jpg"), np.zeros((64, 64, 3), np.uint8))
    assert main(["check", str(tmp_path)]) == 0
    assert capfd.readouterr().err == ""


def test_events_into_a_pipe_are_refused(settings: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    code, said = run(capfd, "run", "--config", settings, "--source", CLIP, "--panel", "mock", "--events", tmp_path / "pipe")
    assert code == 2
    assert "this is a pipe; expected a file, or `-`" in said


@pytest.mark.parametrize("words", [["demo", "--out", "OUT"], ["score", "FOLDER"]], ids=str)
def test_the_settings_turn_the_pictures_of_a_site_and_not_of_a_clip(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "turned.toml").write_text("[camera]\nrotate_deg = 180\n")
    (tmp_path / "TRUTH.csv").write_text("clip,t_start,t_end,verdict\na.mp4,0,1,mask\n")
    opened: list[CameraSettings] = []

    def open_camera(camera: CameraSettings, *, fast: bool = False) -> None:
        opened.append(camera)
        raise CameraNotFound("far enough")

    monkeypatch.setattr("edge.camera.open_camera", open_camera)
    named = {"OUT": tmp_path / "out", "FOLDER": tmp_path}
    assert main([*(str(named.get(word, word)) for word in words), "--config", str(tmp_path / "turned.toml")]) == 3
    assert [camera.rotate_deg for camera in opened] == [0]


@pytest.mark.parametrize("text", ["[camera]\nwidth_px = " + "9" * 5000, "a = " + "[" * 3000])
def test_settings_without_end_are_no_toml_and_do_not_keep_the_pins_from_being_turned_off(text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.toml").write_text(f"[panel]\nkind = \"mock\"\nbuzzer_hz = {'9' * 5000}\n{text}\n")
    assert run(capfd, "config", "check", tmp_path / "m.toml")[0] == 2
    assert main(["pins", "safe", "--panel", "mock", "--config", str(tmp_path / "m.toml")]) == 0
    assert "safe (mock): green, amber, red, buzzer, relay" in "".join(capfd.readouterr())


@pytest.mark.parametrize("line", ['[report]\nevents = "a\\u0000b"', '[masks]\nmodel = "a\\u0000b"', '[camera]\nsource = "credential:a\\u0000b"'])
def test_a_nul_in_a_setting_is_told_by_its_name(line: str, settings: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings.write_text(line + "\n")
    code, said = run(capfd, "run", "--config", settings, "--panel", "mock")
    assert code == 2
    assert "NUL" in said
