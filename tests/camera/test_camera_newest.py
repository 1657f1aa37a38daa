# SPDX-License-Identifier: Apache-2.0
"""The capture thread: its errors surface, a hang hurts nobody, a signal handler may close."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import cv2
import numpy as np
import pytest

from edge.camera.capture import Capture
from edge.camera.newest import Newest, Shot
from edge.errors import CameraStopped


class Device:
    """Reads by the function it is given."""

    def __init__(self, read) -> None:
        self.read, self.closed = read, threading.Event()

    def close(self) -> None:
        self.closed.set()


def shot():
    time.sleep(0.01)
    return Shot(np.zeros((2, 2, 3), np.uint8), time.monotonic(), {})


def test_an_error_of_the_thread_surfaces_in_frames_and_the_device_is_closed():
    def fails():
        time.sleep(0.05)
        raise ZeroDivisionError("in the driver")

    device = Device(fails)
    with Newest(lambda: device, name="test", silence_s=5) as camera, pytest.raises(ZeroDivisionError):
        list(camera.frames())
    assert device.closed.wait(1)


def test_frames_dropped_are_the_gaps_in_the_numbers():
    with Newest(lambda: Device(shot), name="test", silence_s=5) as camera:
        seqs = []
        for frame in camera.frames():
            seqs.append(frame.seq)
            time.sleep(0.05)
            if len(seqs) == 5:
                break
    assert 0 <= camera.dropped - (seqs[-1] - len(seqs) + 1) < 100
    assert camera.dropped > 5


def test_a_broken_frame_of_a_webcam_is_passed_over():
    class Flaky:
        """OpenCV's capture with every second frame broken."""

        calls = 0

        def read(self):
            self.calls += 1
            if self.calls % 2:
                raise cv2.error("OpenCV: !src.empty() in function 'cvtColor'")
            return True, np.zeros((2, 2, 3), np.uint8)

        def release(self):
            pass

    with Newest(lambda: Capture(Flaky()), name="test", silence_s=5) as camera:
        frames = camera.frames()
        assert [next(frames).image.shape for _ in range(3)] == [(2, 2, 3)] * 3


def test_a_device_that_never_opens_is_given_up():
    never = threading.Event()
    began = time.monotonic()
    with pytest.raises(CameraStopped, match=r"did not open within 0\.2 s"):
        Newest(lambda: never.wait(), name="test", silence_s=5, open_s=0.2)
    assert time.monotonic() - began < 2
    never.set()


def test_a_signal_handler_may_close():
    with Newest(lambda: Device(lambda: time.sleep(0.02)), name="test", silence_s=30) as camera:
        before = signal.signal(signal.SIGUSR1, lambda *_: camera.close())
        timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGUSR1])
        try:
            timer.start()
            began = time.monotonic()
            assert list(camera.frames()) == []
            assert time.monotonic() - began < 1.2
        finally:
            timer.join()
            signal.signal(signal.SIGUSR1, before)


def test_a_hanging_thread_does_not_keep_the_process_alive():
    code = """
import time
from edge.camera.newest import Newest
class Hangs:
    def read(self): time.sleep(3600)
    def close(self): pass
with Newest(Hangs, name="test", silence_s=0.1) as camera:
    try: list(camera.frames())
    except OSError as error: print(type(error).__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == "CameraStopped"
    assert done.stderr == ""
