# SPDX-License-Identifier: Apache-2.0
"""What every source promises, on every source."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from itertools import islice, pairwise

import numpy as np
from scene_colours import is_blue, is_red


def test_frames_are_bgr_uint8_in_order_of_time(open_any):
    with open_any(fast=True) as camera:
        frames = list(islice(camera.frames(), 4))
    assert len(frames) == 4
    for frame in frames:
        assert frame.image.dtype == np.uint8
        assert frame.image.shape == (240, 320, 3)
        assert is_red(frame.image[120, 40])
        assert is_blue(frame.image[120, 280])
        assert isinstance(frame.metadata, Mapping)
    assert all(earlier.t < later.t and earlier.seq < later.seq for earlier, later in pairwise(frames))


def test_it_says_whether_it_is_live(open_any):
    with open_any() as camera:
        assert camera.live is open_any.live


def test_a_slow_consumer_loses_frames_of_a_live_source_only(open_any):
    with open_any(fast=True) as camera:
        frames = []
        for frame in islice(camera.frames(), 4):
            frames.append(frame)
            time.sleep(0.2)
        seqs = [frame.seq for frame in frames]
        if open_any.live:
            assert camera.dropped > 0
            assert seqs[-1] - seqs[0] > 3
        else:
            assert camera.dropped == 0
            assert seqs == [0, 1, 2, 3]


def test_a_live_source_hands_over_the_newest_frame(open_live):
    with open_live() as camera:
        frames = camera.frames()
        next(frames)
        time.sleep(0.5)
        assert time.monotonic() - next(frames).t < 0.2


def test_close_from_another_thread_ends_frames_within_a_second(open_any):
    camera = open_any()
    closed_at = []

    def close_it() -> None:
        closed_at.append(time.monotonic())
        camera.close()

    timer = threading.Timer(0.3, close_it)
    timer.start()
    for _ in camera.frames():
        pass
    ended = time.monotonic()
    timer.join()
    assert 0 <= ended - closed_at[0] < 1


def test_close_twice_is_once(open_any):
    camera = open_any()
    camera.close()
    camera.close()
    assert list(camera.frames()) == []


def test_waiting_is_called_while_a_file_keeps_to_its_clock(open_file):
    """For live sources see the hanging driver in test_camera_bad_input.py: these here are never late."""
    calls = []
    with open_file() as camera:
        list(islice(camera.frames(waiting=lambda: calls.append(1)), 2))
    assert calls


def test_pictures_are_turned_clockwise(open_any):
    for degrees, red_at, blue_at in ((90, (40, 120), (280, 120)), (180, (120, 280), (120, 40)), (270, (280, 120), (40, 120))):
        with open_any(fast=True, rotate_deg=degrees) as camera:
            frame = next(iter(camera.frames()))
            assert camera.live is open_any.live
        assert frame.image.shape == ((240, 320, 3) if degrees == 180 else (320, 240, 3))
        assert is_red(frame.image[red_at])
        assert is_blue(frame.image[blue_at])
        if frame.small is not None:
            assert frame.small.shape == frame.image.shape
