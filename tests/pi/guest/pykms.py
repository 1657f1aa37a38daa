# SPDX-License-Identifier: Apache-2.0
"""Stands in, in the guest only, for kms++, which Picamera2 imports for a preview on a screen; and is the guest's sensor.

Picamera2 0.3.38 is made for the cameras of a Pi; libcamera 0.4.0's virtual camera differs in four ways. They are evened
out here, because Picamera2 imports this module before it opens a camera; Picamera2 and MaskGate run unchanged.

* A list of raw modes is asked of every camera; the virtual one answers the role Raw with nothing. -> asked as video.
* An NV12 buffer is handed over as one plane; the virtual camera asserts that there are two. -> cut in two.
* The status in a buffer's metadata is never filled in, and frames without Success are dropped. -> Success.
* Buffers are filled the moment they are queued. -> handed on one by one, at the rate in /run/door/rate (frames a
  second, default 10); with 0 there no frame comes any more, as from a sensor that has died.
"""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import libcamera

RATE = Path("/run/door/rate")


class _AnyName:
    """`pykms.PixelFormat.WHATEVER`, of which Picamera2 makes a table that nobody reads here."""

    def __getattr__(self, name: str) -> str:
        return name


PixelFormat = _AnyName()


def rate_fps() -> float:
    try:
        return float(RATE.read_text())
    except (OSError, ValueError):
        return 10.0


class Sensor:
    """Hands queued requests to the camera at the pace of a sensor."""

    def __init__(self) -> None:
        self._kept: queue.Queue[tuple[libcamera.Camera, libcamera.Request]] = queue.Queue()
        self._lock = threading.Lock()
        self._queue = libcamera.Camera.queue_request
        self._stop = libcamera.Camera.stop
        threading.Thread(target=self._run, name="sensor", daemon=True).start()

    def queue(self, camera: libcamera.Camera, request: libcamera.Request) -> None:
        self._kept.put((camera, request))

    def stop(self, camera: libcamera.Camera) -> None:
        # A request held back beyond a stop would be missing from the buffers of the next start.
        with self._lock:
            while not self._kept.empty():
                self._queue(*self._kept.get_nowait())
        self._stop(camera)

    def _run(self) -> None:
        due = time.monotonic()
        while True:
            rate = rate_fps()
            if rate <= 0 or self._kept.empty():
                time.sleep(0.01)
                due = max(due, time.monotonic())
                continue
            time.sleep(max(0.0, due - time.monotonic()))
            with self._lock:
                if not self._kept.empty():
                    self._queue(*self._kept.get_nowait())
            due += 1.0 / rate


def generate_configuration(camera: libcamera.Camera, roles: list[libcamera.StreamRole]) -> libcamera.CameraConfiguration:
    known = libcamera.StreamRole
    return _generate(camera, [known.VideoRecording if role == known.Raw else role for role in roles])


class FrameBuffer(libcamera.FrameBuffer):
    """A buffer of one NV12 plane becomes one of two: a third of the bytes are colour."""

    def __init__(self, planes: list[libcamera.FrameBuffer.Plane], *more: object) -> None:
        if len(planes) == 1:
            whole, colour = planes[0], libcamera.FrameBuffer.Plane()
            colour.fd, colour.length = whole.fd, whole.length // 3
            whole.length -= colour.length
            colour.offset = whole.offset + whole.length
            planes = [whole, colour]
        super().__init__(planes, *more)


_generate = libcamera.Camera.generate_configuration
_sensor = Sensor()
libcamera.Camera.generate_configuration = generate_configuration
libcamera.Camera.queue_request = lambda camera, request: _sensor.queue(camera, request)
libcamera.Camera.stop = lambda camera: _sensor.stop(camera)
libcamera.FrameBuffer.metadata = property(lambda buffer: SimpleNamespace(status=libcamera.FrameMetadata.Status.Success))
libcamera.FrameBuffer = FrameBuffer
