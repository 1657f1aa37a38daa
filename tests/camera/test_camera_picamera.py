# SPDX-License-Identifier: Apache-2.0
"""The Pi camera, against a stand-in that replays Picamera2's own calls and faults."""

from __future__ import annotations

import sys
import time
from itertools import islice

import numpy as np
import pytest
from picamera2_stand_in import as_format
from scene_colours import is_blue, is_red

from edge.camera import open_camera
from edge.camera.pixels import CONVERSIONS, to_bgr
from edge.errors import CameraBusy, CameraNotFound, CameraStopped, CameraUnreadable
from edge.settings import CameraSettings


def opened(**settings):
    return open_camera(CameraSettings(source="picamera", **settings))


@pytest.mark.parametrize("given", ["RGB888", "BGR888", "XRGB8888", "XBGR8888", "YUV420", "NV12"])
def test_the_format_that_really_came_is_converted(picamera_stage, given):
    picamera_stage.main_format = given
    with opened() as camera:
        frame = next(camera.frames())
    assert frame.image.shape == (480, 640, 3)
    assert frame.image.flags.c_contiguous
    assert is_red(frame.image[100, 100])
    assert is_blue(frame.image[100, 500])


def test_padding_of_planar_rows_is_cut_off(scene):
    for name in ("YUV420", "NV12"):
        planar = as_format(scene, name)
        padded = np.zeros((planar.shape[0], planar.shape[1] + 64), np.uint8)
        if name == "NV12":
            padded[:, :320] = planar
        else:  # each chroma row is half as wide, and so is its padding
            padded[:240, :320] = planar[:240]
            padded[240:].reshape(240, 192)[:, :160] = planar[240:].reshape(240, 160)
        assert np.array_equal(to_bgr(padded, name, (320, 240)), to_bgr(planar, name, (320, 240)))


def test_a_format_that_we_do_not_know_is_named(scene):
    with pytest.raises(CameraUnreadable, match="MJPEG, expected one of RGB888"):
        to_bgr(scene, "MJPEG", (320, 240))
    assert "YUYV" in CONVERSIONS


def test_main_and_lores_come_from_the_same_request_with_its_metadata(picamera_stage):
    with opened() as camera:
        frame = next(camera.frames())
    assert frame.small is not None
    assert frame.small.shape == (240, 320, 3)
    assert is_red(frame.small[50, 50])
    assert frame.metadata["ExposureTime"] == 8000


def test_a_camera_without_a_second_stream_works_without(picamera_stage):
    picamera_stage.lores = False
    with opened() as camera:
        assert next(camera.frames()).small is None


def test_few_buffers_are_asked_for_and_every_request_is_given_back(picamera_stage):
    with opened(rate_fps=10) as camera:
        list(islice(camera.frames(), 3))
    config = picamera_stage.made[0].config
    assert 2 <= config["buffer_count"] <= 4
    assert config["controls"]["FrameDurationLimits"] == (100000, 100000)
    assert picamera_stage.finished.wait(1)
    assert picamera_stage.held == 0


def test_no_camera_says_to_check_the_ribbon(picamera_stage):
    picamera_stage.cameras.clear()
    with pytest.raises(CameraNotFound, match="finds no camera") as caught:
        opened()
    assert "ribbon" in caught.value.hint


def test_no_picamera2_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraNotFound, match="cannot be imported") as caught:
        opened()
    assert "python3-picamera2" in caught.value.hint


def test_a_camera_in_use_is_busy(picamera_stage):
    picamera_stage.busy = True
    with pytest.raises(CameraBusy, match="resource busy"):
        opened()


def test_a_sensor_that_dies_is_noticed_and_given_back_in_the_right_order(picamera_stage):
    with opened(silence_s=0.5) as camera:
        frames = camera.frames()
        next(frames)
        picamera_stage.dead = True
        began = time.monotonic()
        with pytest.raises(CameraStopped, match="Pi camera: no frame for"):
            list(frames)
        assert time.monotonic() - began < 2
    assert picamera_stage.finished.wait(1)
    assert picamera_stage.made[0].calls == ["start", "cancel_all_and_flush", "stop", "close"]


@pytest.mark.parametrize("error", [RuntimeError("Failed to queue request: Broken pipe"), OSError(19, "No such device"), ValueError("cannot reshape array")])
def test_a_driver_that_fails_in_the_middle_is_a_camera_that_has_stopped(picamera_stage, monkeypatch, error):
    with opened() as camera:
        frames = camera.frames()
        next(frames)

        def wait(job, timeout):
            raise error

        monkeypatch.setattr(picamera_stage.made[-1], "wait", wait, raising=False)
        with pytest.raises(CameraStopped, match="Pi camera: it has stopped delivering pictures") as caught:
            list(frames)
    assert str(error) in str(caught.value)
    assert picamera_stage.finished.wait(2), "it is given back all the same"


def test_a_frame_from_before_the_sensor_died_is_no_sign_of_life(picamera_stage):
    stamps = iter([time.monotonic_ns() - 60 * 10**9])
    picamera_stage.stamps = lambda: next(stamps, None) or time.monotonic_ns()
    with opened(silence_s=1) as camera:
        frame = next(camera.frames())
    assert time.monotonic() - frame.t < 1
    assert frame.seq == 0


def test_the_same_frame_twice_counts_once(picamera_stage):
    once = time.monotonic_ns()
    picamera_stage.stamps = lambda: once
    with opened(silence_s=0.5) as camera, pytest.raises(CameraStopped):
        for _ in camera.frames():
            pass


def test_a_driver_with_a_clock_of_its_own_is_believed_after_a_few_frames(picamera_stage):
    picamera_stage.stamps = lambda: time.time_ns()
    with opened(silence_s=2) as camera:
        frames = list(islice(camera.frames(), 2))
    assert frames[0].t < frames[1].t <= time.monotonic()
