# SPDX-License-Identifier: Apache-2.0
"""V4L2: a webcam, or any other camera that Linux shows as /dev/video*."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
from pathlib import Path

import cv2
import numpy as np

from edge.camera.newest import Newest, Shot
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraUnreadable
from edge.settings import CameraSettings

RETRY_S = 0.05
"""Between two reads that gave nothing: an unplugged camera answers at once, a cheap one now and then sends a broken frame."""
VIDIOC_REQBUFS = 0xC0145608
NO_BUFFERS = struct.pack("=5I", 0, 1, 1, 0, 0)
"""struct v4l2_requestbuffers of linux/videodev2.h: count 0, VIDEO_CAPTURE, MMAP. Asks for nothing, and still says who owns it."""


def open_v4l2(settings: CameraSettings) -> Newest:
    """Open the webcam `settings.source`: a number or a path.

    Raises:
        CameraNotFound: no such device.
        CameraBusy: another program streams from it.
        CameraUnreadable: no permission, or a device that captures no pictures.
    """
    path = f"/dev/video{int(settings.source)}" if settings.source.isdecimal() else settings.source
    return Newest(lambda: Webcam(path, settings), name=f"Webcam {path}", silence_s=settings.silence_s)


class Webcam:
    """The device, for the capture thread alone."""

    def __init__(self, path: str, settings: CameraSettings) -> None:
        self._capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise why_not(path)
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width_px)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height_px)
        self._capture.set(cv2.CAP_PROP_FPS, settings.rate_fps)

    def read(self) -> Shot | None:
        good, image = self._capture.read()
        if not good:
            time.sleep(RETRY_S)
            return None
        return Shot(np.asarray(image, np.uint8), time.monotonic(), {})

    def close(self) -> None:
        self._capture.release()


def why_not(path: str) -> CameraError:
    """Why a device could not be opened: OpenCV does not say, the kernel does."""
    there = ", ".join(sorted(str(device) for device in Path("/dev").glob("video*"))) or "none"
    missing = CameraNotFound(f"Webcam {path}: no such device. There is: {there}.")
    if not Path(path).exists():
        return missing
    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        try:
            fcntl.ioctl(device, VIDIOC_REQBUFS, NO_BUFFERS)
        finally:
            os.close(device)
    except OSError as error:
        if error.errno == errno.EBUSY:
            return CameraBusy(f"Webcam {path}: another program uses it.")
        if error.errno in (errno.ENODEV, errno.ENXIO):
            return missing
        if error.errno in (errno.EACCES, errno.EPERM):
            return CameraUnreadable(f"Webcam {path}: this user may not open it.",
                                    hint="`sudo usermod -aG video $USER`, then log in again.")
    return CameraUnreadable(f"Webcam {path}: it gives no pictures.",
                            hint=f"Many webcams have a second device for their metadata; try another of {there}.")
