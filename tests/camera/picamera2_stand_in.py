# SPDX-License-Identifier: Apache-2.0
"""Replays what Picamera2 0.3.38 does, as far as our code calls it, hang and all. Put it in sys.modules as `picamera2`."""

from __future__ import annotations

import threading
import time
from types import ModuleType

import cv2
import numpy as np

RATE_FPS = 30.0


def as_format(image, name):
    """BGR to the memory layout that libcamera means by `name`."""
    if name in ("YUV420", "NV12"):
        height, width = image.shape[:2]
        planar = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        if name == "YUV420":
            return np.hstack([planar, np.zeros((planar.shape[0], 0), np.uint8)])
        y, chroma = planar[:height], planar[height:].reshape(2, -1)
        return np.vstack([y, np.ascontiguousarray(chroma.T).reshape(height // 2, width)])
    codes = {"RGB888": None, "BGR888": cv2.COLOR_BGR2RGB, "XRGB8888": cv2.COLOR_BGR2BGRA, "XBGR8888": cv2.COLOR_BGR2RGBA}
    return image.copy() if codes[name] is None else cv2.cvtColor(image, codes[name])


class Stage:
    """What the stand-in camera shows and how it fails; one for each test."""

    def __init__(self, scene) -> None:
        self.scene = scene
        self.cameras = [{"Model": "imx219", "Num": 0, "Id": "/base/soc/i2c0mux/i2c@1/imx219@10"}]
        self.main_format = "RGB888"      # what the camera gives, whatever it is asked for
        self.lores = True
        self.busy = False
        self.dead = False                # no more frames
        self.stamps = lambda: time.monotonic_ns()
        self.made = []
        self.held = 0                    # requests that were not released
        self.finished = threading.Event()


def make_module(stage: Stage) -> ModuleType:
    class Request:
        def __init__(self, config) -> None:
            self.config, self.stamp = config, stage.stamps()
            stage.held += 1

        def get_metadata(self):
            return {"SensorTimestamp": self.stamp, "ExposureTime": 8000, "Lux": 120.0}

        def make_array(self, name):
            width, height = self.config[name]["size"]
            return as_format(cv2.resize(stage.scene, (width, height), interpolation=cv2.INTER_NEAREST), self.config[name]["format"])

        def release(self) -> None:
            stage.held -= 1

    class Picamera2:
        camera_controls = {"FrameDurationLimits": (16666, 1000000, 33333)}  # noqa: RUF012  as in the original

        @staticmethod
        def global_camera_info():
            return stage.cameras

        def __init__(self) -> None:
            stage.cameras[0]
            if stage.busy:
                try:
                    raise RuntimeError("Failed to acquire camera: Device or resource busy")
                except RuntimeError:
                    raise RuntimeError("Camera __init__ sequence did not complete.")  # noqa: B904  as in the original
            self.calls, self.jobs = [], []
            stage.made.append(self)

        @property
        def sensor_modes(self):
            raise AssertionError("sensor_modes exhausts the memory of a Zero 2 W")

        def create_video_configuration(self, main, lores, raw, buffer_count, controls):
            assert raw is None
            return {"main": main, "lores": lores, "raw": raw, "buffer_count": buffer_count, "controls": controls}

        def configure(self, config) -> None:
            if config["lores"] and not stage.lores:
                raise RuntimeError("lores stream is not supported")
            self.config = {**config, "main": {**config["main"], "format": stage.main_format}}

        def camera_configuration(self):
            return self.config

        def start(self) -> None:
            self.calls.append("start")

        def capture_request(self, wait):
            assert wait is False, "a dead sensor would block for good"
            self.jobs.append(object())
            return self.jobs[-1]

        def wait(self, job, timeout):
            assert job in self.jobs
            if stage.dead:
                time.sleep(timeout)
                raise TimeoutError
            time.sleep(1 / RATE_FPS)
            self.jobs.remove(job)
            return Request(self.config)

        def cancel_all_and_flush(self) -> None:
            self.calls.append("cancel_all_and_flush")
            self.jobs.clear()

        def stop(self) -> None:
            if self.jobs:
                time.sleep(3600)  # behind a job that never finishes
            self.calls.append("stop")

        def close(self) -> None:
            self.calls.append("close")
            stage.finished.set()

    module = ModuleType("picamera2")
    module.Picamera2 = Picamera2
    return module
