# SPDX-License-Identifier: Apache-2.0
"""Clips and stills: every frame, in order, at the file's own clock."""

from __future__ import annotations

import subprocess
import sys
import time

import cv2
import pytest
from opening import opened

from edge.camera.source import Kind, kind_of
from edge.camera.stills import read_picture


def test_a_clip_gives_every_frame_with_its_presentation_time(make_clip):
    with opened(make_clip(frames=30, fps=10)) as camera:
        frames = list(camera.frames())
    assert [frame.seq for frame in frames] == list(range(30))
    assert [frame.t for frame in frames] == pytest.approx([n / 10 for n in range(30)])
    widths = [int((frame.image[4, :, 1] > 128).sum()) for frame in frames]  # the white bar grows by 4 px a frame
    assert widths == sorted(widths)
    assert widths[-1] == pytest.approx(29 * 4, abs=3)


def test_a_clip_plays_at_its_own_clock(make_clip):
    with opened(make_clip(frames=11, fps=10), fast=False) as camera:
        began = time.monotonic()
        for frame in camera.frames():
            assert time.monotonic() - began >= frame.t - 0.01
    assert time.monotonic() - began > 0.95


def test_a_paced_clip_lets_the_lamps_blink(make_clip):
    ticks = []
    with opened(make_clip(frames=3, fps=2), fast=False) as camera:
        list(camera.frames(waiting=lambda: ticks.append(time.monotonic())))
    assert len(ticks) >= 4  # one before each frame would be three; a busy machine gives far fewer than the twenty a second asked for


def test_a_clip_whose_clock_stands_still_gets_one_from_its_rate(make_clip, monkeypatch):
    with opened(make_clip(frames=5, fps=10)) as camera:
        real = camera._capture

        class StandsStill:
            def read(self):
                return real.read()

            def get(self, key):
                return 0.0 if key == cv2.CAP_PROP_POS_MSEC else real.get(key)

        camera._capture = StandsStill()
        assert [frame.t for frame in camera.frames()] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_stills_come_by_name_at_the_rate_asked_for_and_say_which_file(make_stills):
    folder = make_stills(count=3)
    with opened(folder) as camera:
        frames = list(camera.frames())
    assert [frame.t for frame in frames] == pytest.approx([0, 1 / 15, 2 / 15])
    assert [frame.metadata["path"] for frame in frames] == [str(folder / f"0{n}.png") for n in range(3)]


def test_a_pattern_takes_pictures_only(make_stills):
    folder = make_stills(count=2)
    (folder / "truth.csv").write_text("not a picture, and not a broken one")
    with opened(folder / "*") as camera:
        assert len(list(camera.frames())) == 2
        assert camera.skipped == 0


def test_pictures_come_upright_or_as_stored(tmp_path, scene):
    path = tmp_path / "phone.jpg"
    jpeg = cv2.imencode(".jpg", scene)[1].tobytes()
    exif = b"Exif\0\0" + b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6: turn clockwise
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:])
    assert read_picture(path).shape == (320, 240, 3)
    assert read_picture(path, upright=False).shape == (240, 320, 3)


def test_the_string_alone_chooses_the_source(tmp_path):
    (tmp_path / "a.mp4").touch()
    (tmp_path / "b.JPG").touch()
    expected = {
        "picamera": Kind.PICAMERA, "0": Kind.V4L2, "/dev/video2": Kind.V4L2, "/dev/v4l/by-id/usb-cam": Kind.V4L2,
        "rtsp://host/x": Kind.STREAM, "HTTP://host/x.mjpg": Kind.STREAM, str(tmp_path / "a.mp4"): Kind.CLIP,
        str(tmp_path / "b.JPG"): Kind.STILLS, str(tmp_path): Kind.STILLS, str(tmp_path / "*.jpg"): Kind.STILLS,
    }
    assert {source: kind_of(source) for source in expected} == expected


def test_importing_the_camera_room_loads_no_opencv_and_sets_nothing():
    code = ("import os, sys; before = dict(os.environ); import edge.camera; "
            "assert 'cv2' not in sys.modules and 'picamera2' not in sys.modules and dict(os.environ) == before")
    subprocess.run([sys.executable, "-c", code], check=True)
