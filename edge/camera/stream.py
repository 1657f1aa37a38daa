# SPDX-License-Identifier: Apache-2.0
"""Stream: a network camera, by rtsp:// or http:// (MJPEG and whatever else FFmpeg can decode)."""

from __future__ import annotations

import socket
import time
from urllib.parse import SplitResult, urlsplit

import cv2
import numpy as np

from edge.camera.newest import Newest, Shot
from edge.errors import CameraError, CameraNotFound, CameraUnreadable
from edge.settings import CameraSettings

RETRY_S = 0.05
"""Between two reads that gave nothing: a stream that has ended answers at once, for ever."""
PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
HINT = "Play the address with another program (`ffplay ADDRESS`); check user name, password and network."


def open_stream(settings: CameraSettings) -> Newest:
    """Open the address `settings.source`. Every wait is bounded by `silence_s`.

    Raises:
        CameraNotFound: no such host, or nobody listens there.
        CameraUnreadable: somebody answers, but sends no video.
    """
    return Newest(lambda: Stream(settings), name=f"Stream {without_password(settings.source)}", silence_s=settings.silence_s)


def without_password(address: str) -> str:
    """The address as it may be logged: without `user:password@`, and without what stands behind a `?`, such as a token."""
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    path, asked, _ = path.partition("?")
    return f"{scheme}://{host.rpartition('@')[2].partition('?')[0]}{slash}{path}{'?…' if asked else ''}"


class Stream:
    """The connection, for the capture thread alone."""

    def __init__(self, settings: CameraSettings) -> None:
        limit_ms = round(settings.silence_s * 1000)
        self._capture = cv2.VideoCapture(settings.source, cv2.CAP_FFMPEG, [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit_ms])
        if not self._capture.isOpened():
            raise why_not(settings.source, settings.silence_s)

    def read(self) -> Shot | None:
        good, image = self._capture.read()
        if not good:
            time.sleep(RETRY_S)
            return None
        return Shot(np.asarray(image, np.uint8), time.monotonic(), {})

    def close(self) -> None:
        self._capture.release()


def why_not(address: str, wait_s: float) -> CameraError:
    """Why there is no stream: FFmpeg does not say, a connection of our own does."""
    name = f"Stream {without_password(address)}"
    try:
        parts: SplitResult = urlsplit(address)
        port = parts.port or PORTS[parts.scheme]
    except ValueError as error:
        return CameraNotFound(f"{name}: this is no address ({error}).", hint=HINT)
    if not parts.hostname:
        return CameraNotFound(f"{name}: no host in this address. Expected for instance rtsp://192.168.1.20/stream.", hint=HINT)
    try:
        socket.create_connection((parts.hostname, port), timeout=wait_s).close()
    except OSError as error:
        return CameraNotFound(f"{name}: {parts.hostname} does not answer on port {port} ({error.strerror or error}).", hint=HINT)
    return CameraUnreadable(f"{name}: it answers, but no video came within {wait_s:g} s.", hint=HINT)
