# SPDX-License-Identifier: Apache-2.0
"""V4L2: a webcam, or any other camera that Linux shows as /dev/video*."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path

import cv2

from edge.camera.capture import Capture
from edge.camera.newest import Newest
from edge.camera.source import webcam_node
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraUnreadable
from edge.names import is_utf8
from edge.settings import CameraSettings

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
    path = webcam_node(settings.source)
    if not is_utf8(path):
        raise CameraNotFound(f"Webcam {path}: no such device, as its name is no UTF-8.")
    return Newest(lambda: open_webcam(path, settings), name=f"Webcam {path}", silence_s=settings.silence_s)


def open_webcam(path: str, settings: CameraSettings) -> Capture:
    """In the capture thread."""
    capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise why_not(path)
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width_px)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height_px)
    capture.set(cv2.CAP_PROP_FPS, settings.rate_fps)
    return Capture(capture)


def why_not(path: str) -> CameraError:
    """Why a device could not be opened: OpenCV does not say, the kernel does."""
    there = ", ".join(sorted(str(device) for device in Path("/dev").glob("video*")))
    missing = CameraNotFound(f"Webcam {path}: no such device. There is: {there or 'none'}.")
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
    others = f"; try another of {there}" if there else ""
    return CameraUnreadable(f"Webcam {path}: it gives no pictures.", hint=f"Many webcams have a second device for their metadata{others}.")
