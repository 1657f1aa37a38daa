# SPDX-License-Identifier: Apache-2.0
"""Every bad source has its own error, in words that help, in bounded time, and with nothing else on the screen."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from opening import opened

from edge.camera.source import Kind
from edge.camera.v4l2 import why_not
from edge.errors import CameraBusy, CameraNotFound, CameraStopped, CameraUnreadable


def drain(camera):
    with camera:
        return list(camera.frames())


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[:int(len(data) * share)])


@pytest.mark.parametrize("source", ["", "webcam", "no/such.mp4", "ftp://host/clip.mp4"])
def test_an_unknown_source_says_what_was_expected(source):
    with pytest.raises(CameraNotFound, match=r"Expected `picamera`, the number of a webcam .* pattern"):
        opened(source)


def test_a_text_file_is_no_video(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("no picture here\n" * 200)
    with pytest.raises(CameraUnreadable, match="no video that can be decoded"):
        opened(path)


def test_an_mp4_that_lost_its_end_cannot_be_opened(make_clip):
    path = make_clip()
    cut(path, 0.5)
    with pytest.raises(CameraUnreadable, match="cut short"):
        opened(path)


def test_a_truncated_video_gives_its_good_frames_and_then_says_how_many_are_missing(make_clip):
    path = make_clip("clip.avi", frames=60, fourcc="MJPG")
    cut(path, 0.5)
    seen = []
    with opened(path) as camera, pytest.raises(CameraUnreadable, match=r"\d+ of 60 frames can be decoded; the file is cut short after"):
        seen.extend(frame.seq for frame in camera.frames())
    assert 20 < len(seen) < 40


def test_a_video_that_lacks_its_last_frame_is_no_truncated_one(make_clip):
    path = make_clip("clip.avi", frames=60, fourcc="MJPG")
    cut(path, 0.97)
    assert 57 <= len(drain(opened(path))) < 60


def test_a_folder_without_pictures_is_not_found(tmp_path):
    (tmp_path / "readme.txt").write_text("none")
    with pytest.raises(CameraNotFound, match="no picture in this folder"):
        opened(tmp_path)
    with pytest.raises(CameraNotFound, match="no picture of this pattern"):
        opened(tmp_path / "*.jpg")


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "tif"])
def test_a_corrupt_picture_among_good_ones_is_skipped_counted_and_logged_once(make_stills, scene, caplog, ending):
    folder = make_stills(count=3)
    for name, share in (("00a", 0.0), ("01a", 0.6)):
        data = cv2.imencode(f".{ending}", scene)[1].tobytes()
        (folder / f"{name}.{ending}").write_bytes(data[:int(len(data) * share)])
    camera = opened(folder)
    with caplog.at_level(logging.WARNING):
        frames = drain(camera)
    assert [frame.seq for frame in frames] == [0, 1, 2]
    assert camera.skipped == 2
    assert len(caplog.records) == 3
    assert f"00a.{ending}" in caplog.text
    assert "skipped 2 of 5 pictures" in caplog.text


def test_a_folder_of_corrupt_pictures_only_is_unreadable(tmp_path):
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(CameraUnreadable, match="none of 1 pictures"):
        drain(opened(tmp_path))


@pytest.mark.parametrize("source", ["/dev/null", "/dev/zero"])
def test_a_device_that_is_no_webcam_is_not_taken_for_one(source):
    with pytest.raises(CameraNotFound, match=f"{source}: this is neither a file nor a folder nor a webcam"):
        opened(source)


@pytest.mark.parametrize("source", ["a" * 5000, "9" * 5000, "folder/" * 2000 + "*.jpg"], ids=["name", "number", "pattern"])
def test_a_source_without_end_is_not_found(source):
    with pytest.raises(CameraNotFound, match="cannot be looked at"):
        opened(source)


def test_a_source_in_a_folder_that_is_closed_is_not_found(monkeypatch):
    def closed(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("edge.camera.source.Path.is_dir", closed)
    with pytest.raises(CameraNotFound, match=r"/home/anna/door\.mp4: cannot be looked at \(Permission denied\)"):
        opened("/home/anna/door.mp4")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="only Linux keeps files there")
def test_a_clip_that_lies_below_dev_is_a_clip():
    with tempfile.NamedTemporaryFile(dir="/dev/shm", suffix=".mp4") as file:
        file.write(b"no video")
        file.flush()
        with pytest.raises(CameraUnreadable, match="no video that can be decoded"):
            opened(file.name)


def test_an_address_of_another_kind_is_no_matter_of_cables():
    with pytest.raises(CameraNotFound) as caught:
        opened("ftp://host/clip.mp4")
    assert "cable" not in caught.value.hint


@pytest.mark.parametrize(("there", "said"), [([], "metadata."), (["/dev/video1"], "metadata; try another of /dev/video1.")])
def test_a_webcam_without_pictures_points_to_the_others_if_there_are_any(monkeypatch, tmp_path, there, said):
    node = tmp_path / "video0"
    node.touch()
    monkeypatch.setattr("edge.camera.v4l2.Path.glob", lambda folder, pattern: map(Path, there))
    monkeypatch.setattr("edge.camera.v4l2.fcntl.ioctl", lambda *_: None)
    assert why_not(str(node)).hint.endswith(said)


def test_a_webcam_that_is_not_there_is_not_found():
    with pytest.raises(CameraNotFound, match=r"/dev/video63: no such device. There is: "):
        opened("63")


@pytest.mark.parametrize(("number", "error", "words"), [
    (16, CameraBusy, "another program uses it"),
    (13, CameraUnreadable, "this user may not open it"),
    (19, CameraNotFound, "no such device"),
    (22, CameraUnreadable, "gives no pictures"),
])
def test_a_webcam_that_does_not_open_says_why(webcam, monkeypatch, tmp_path, number, error, words):
    node = tmp_path / "video0"
    node.touch()

    def refuse(*_):
        raise OSError(number, "as the kernel says")

    webcam.opens = False
    monkeypatch.setattr("edge.camera.v4l2.fcntl.ioctl", refuse)
    monkeypatch.setattr("edge.camera.source.kind_of", lambda _: Kind.V4L2)
    with pytest.raises(error, match=words):
        opened(node)


def test_a_webcam_that_stops_is_told_apart_from_one_that_is_slow(webcam):
    with opened("0", silence_s=0.5) as camera:
        frames = camera.frames()
        next(frames)
        webcam.works = False
        with pytest.raises(CameraStopped, match=r"no frame for 0\.5 s"):
            list(frames)
    assert webcam.released


def test_a_driver_that_hangs_for_good_stops_neither_frames_nor_close(webcam):
    webcam.hangs = True
    ticks = []
    began = time.monotonic()
    with opened("0", silence_s=0.6) as camera, pytest.raises(CameraStopped):
        list(camera.frames(waiting=lambda: ticks.append(time.monotonic())))
    assert time.monotonic() - began < 2
    assert len(ticks) >= 6
    assert np.median(np.diff(ticks)) < 0.1, "the lamps would stop blinking"


def test_the_libraries_below_write_nothing_onto_the_screen(make_clip, make_stills, scene, tmp_path):
    """In a process of its own: FFmpeg reads its log level once, and another test may have woken it before."""
    (tmp_path / "text.mp4").write_text("no video" * 100)
    short, shorter, folder = make_clip("short.avi", fourcc="MJPG"), make_clip("shorter.mp4"), make_stills(count=1)
    cut(short, 0.5)
    cut(shorter, 0.5)
    for ending in ("jpg", "png", "webp", "tif"):
        data = cv2.imencode(f".{ending}", scene)[1].tobytes()
        (folder / f"cut.{ending}").write_bytes(data[:len(data) // 2])
    sources = [tmp_path / "text.mp4", short, shorter, folder, "63", "rtsp://127.0.0.1:9/x"]
    code = """
import logging, sys
from edge.camera import open_camera
from edge.errors import CameraError
from edge.settings import CameraSettings
logging.disable()
for source in sys.argv[1:]:
    try:
        with open_camera(CameraSettings(source=source, silence_s=1), fast=True) as camera:
            print(len(list(camera.frames())))
    except CameraError as error:
        print(type(error).__name__)
"""
    quiet_by_itself = {name: value for name, value in os.environ.items() if name != "OPENCV_LOG_LEVEL"}  # the trainer sets it
    done = subprocess.run([sys.executable, "-c", code, *map(str, sources)], capture_output=True, text=True, timeout=50, check=True,
                          env=quiet_by_itself)
    assert done.stdout.split() == ["CameraUnreadable"] * 3 + ["1", "CameraNotFound", "CameraNotFound"]
    assert done.stderr == ""
