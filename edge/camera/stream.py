# SPDX-License-Identifier: Apache-2.0
"""Stream: a network camera, by rtsp:// or http:// (MJPEG and whatever else FFmpeg can decode)."""

from __future__ import annotations

import re
import socket
import time
from http import HTTPStatus
from http.client import responses
from urllib.parse import SplitResult, urlsplit

import cv2

from edge.camera.capture import Capture
from edge.camera.newest import Newest
from edge.errors import CameraError, CameraNotFound, CameraUnreadable
from edge.names import is_utf8
from edge.settings import CameraSettings

ANSWER_S = 2.0
"""Longest wait for the answer that is to explain why there was none to FFmpeg."""
PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
ENCRYPTED = ("rtsps", "https")
STATUS = re.compile(rb"(?:HTTP|RTSP)/\d\.\d (\d{3})")
HINT = "Play the address with another program (`ffplay ADDRESS`); check user name, password and network."


def open_stream(settings: CameraSettings) -> Newest:
    """Open the address `settings.source`. Every wait is bounded by `silence_s`.

    Raises:
        CameraNotFound: no such host, or nobody listens there.
        CameraUnreadable: somebody answers, but sends no video.
    """
    return Newest(lambda: connect(settings), name=f"Stream {without_password(settings.source)}", silence_s=settings.silence_s)


def without_password(address: str) -> str:
    """The address as it may be logged: without `user:password@`, and without what stands behind a `?`, such as a token."""
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    path, asked, _ = path.partition("?")
    return f"{scheme}://{host.rpartition('@')[2].partition('?')[0]}{slash}{path}{'?…' if asked else ''}"


def connect(settings: CameraSettings) -> Capture:
    """In the capture thread."""
    if not is_utf8(settings.source):
        raise CameraNotFound(f"Stream {without_password(settings.source)}: this is no address; expected text in UTF-8.", hint=HINT)
    limit_ms, began = round(settings.silence_s * 1000), time.monotonic()
    scheme, separator, rest = settings.source.partition("://")  # FFmpeg knows no RTSP://, which a telephone's keyboard writes
    capture = cv2.VideoCapture(scheme.lower() + separator + rest, cv2.CAP_FFMPEG, [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit_ms])
    if not capture.isOpened():
        raise why_not(settings.source, settings.silence_s, waited_s=time.monotonic() - began)
    return Capture(capture)


def why_not(address: str, limit_s: float, *, waited_s: float) -> CameraError:
    """Why there is no stream: FFmpeg does not say, a connection of our own does.

    Args:
        limit_s: longest wait for the host.
        waited_s: how long FFmpeg has tried.
    """
    name = f"Stream {without_password(address)}"
    try:
        parts: SplitResult = urlsplit(address)
        port = parts.port or PORTS[parts.scheme]
    except ValueError as error:
        return CameraNotFound(f"{name}: this is no address ({error}).", hint=HINT)
    if not parts.hostname:
        return CameraNotFound(f"{name}: no host in this address. Expected for instance rtsp://192.168.1.20/stream.", hint=HINT)
    try:
        connection = socket.create_connection((parts.hostname, port), timeout=limit_s)
    except (OSError, UnicodeError) as error:  # UnicodeError: a part of the host's name is empty or too long
        reason = getattr(error, "strerror", None) or error
        return CameraNotFound(f"{name}: {parts.hostname} does not answer on port {port} ({reason}).", hint=HINT)
    with connection:
        connection.settimeout(min(limit_s, ANSWER_S))
        said = "" if parts.scheme in ENCRYPTED else _asked(connection, parts)
    return CameraUnreadable(f"{name}: {said or f'it answers, but no video that can be decoded came within {waited_s:.1f} s'}.", hint=HINT)


def _asked(connection: socket.socket, parts: SplitResult) -> str:
    """What the host makes of the plainest request for the stream, in words; "" where that explains nothing. No password is sent."""
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = (f"DESCRIBE rtsp://{host}:{parts.port or PORTS['rtsp']}{path} RTSP/1.0\r\nCSeq: 1\r\n" if parts.scheme == "rtsp" else
               f"GET {path} HTTP/1.0\r\nHost: {host}\r\n")
    try:
        connection.sendall(f"{request}\r\n".encode())
        answer = connection.recv(64)
    except TimeoutError:
        return ""
    except OSError:
        answer = b""
    if not answer:
        return "it closes the connection at once"
    status = STATUS.match(answer)
    if not status:
        return f"whoever answers there does not speak {parts.scheme.upper()}"
    code = int(status[1])
    if code == HTTPStatus.UNAUTHORIZED:
        return "it answers 401: it wants " + ("another user name or password" if parts.username else "a user name and a password")
    return "" if code == HTTPStatus.OK else f"it answers {code} {responses.get(code, '')}".rstrip()
