# SPDX-License-Identifier: Apache-2.0
"""A network camera that is not there, says nothing, refuses or stops: told in words that help, in bounded time, without the password."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager

import pytest
from opening import opened

from edge.errors import CameraNotFound, CameraStopped, CameraUnreadable


def test_a_bad_address_ends_in_bounded_time():
    with socket.socket() as taken:  # bound, not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(CameraNotFound, match=f"127.0.0.1 does not answer on port {port}") as caught:
            opened(f"rtsp://guest:secret@127.0.0.1:{port}/stream", silence_s=1)
    assert time.monotonic() - began < 3
    assert "secret" not in str(caught.value)


def test_a_host_that_accepts_and_then_says_nothing_ends_in_bounded_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(CameraUnreadable, match=r"it answers, but no video that can be decoded came within 1\.\d s"):
            opened(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/stream", silence_s=1)
    assert time.monotonic() - began < 4


@contextmanager
def host_that_answers(answer: bytes):
    """Whoever asks gets `answer`, and the line is closed. What it was asked is in the list."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    if answer:
                        asked.append(line.recv(4096))
                        line.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(("scheme", "answer", "words"), [
    ("rtsp", b"", "it closes the connection at once"),
    ("http", b"", "it closes the connection at once"),
    ("rtsp", b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n", "it answers 401: it wants another user name or password"),
    ("rtsp", b"RTSP/1.0 404 Nope\r\nCSeq: 1\r\n\r\n", "it answers 404 Not Found"),
    ("http", b"HTTP/1.1 503 \x1b[2J\r\n\r\n", "it answers 503 Service Unavailable"),
    ("rtsp", b"SSH-2.0-OpenSSH_9.2\r\n", "whoever answers there does not speak RTSP"),
    ("http", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>", r"no video that can be decoded came within 0\.\d s"),
])
def test_a_host_without_a_stream_is_asked_why_and_told_no_password(scheme, answer, words):
    with host_that_answers(answer) as (host, asked), pytest.raises(CameraUnreadable, match=words) as caught:
        opened(f"{scheme}://guest:secret@{host}/door", silence_s=5)
    assert "\x1b" not in str(caught.value)
    assert not asked or b"secret" not in asked[-1]


def test_a_stream_behind_a_password_asks_for_one():
    with host_that_answers(b"HTTP/1.0 401 Unauthorized\r\n\r\n") as (host, _), \
            pytest.raises(CameraUnreadable, match="401: it wants a user name and a password"):
        opened(f"http://{host}/door", silence_s=5)


@pytest.mark.parametrize("address", ["rtsp://", "http://:99999/x", "rtsp://[::1/x"])
def test_an_address_without_a_host_is_not_found(address):
    with pytest.raises(CameraNotFound):
        opened(address, silence_s=0.5)


def test_an_address_may_begin_with_capital_letters(mjpeg_server):
    with opened(f"HTTP://{mjpeg_server.host}/live.mjpg", silence_s=2) as camera:
        next(camera.frames())


def test_a_page_that_is_no_video_is_unreadable(mjpeg_server):
    with pytest.raises(CameraUnreadable, match="it answers 404 Not Found"):
        opened(f"http://{mjpeg_server.host}/index.html", silence_s=1)


def test_a_stream_that_falls_silent_has_stopped(mjpeg_server):
    with opened(mjpeg_server.url, silence_s=0.5) as camera:
        frames = camera.frames()
        next(frames)
        mjpeg_server.silent.set()
        with pytest.raises(CameraStopped, match="no frame for"):
            list(frames)


def test_a_stream_that_ends_has_stopped(mjpeg_server):
    with opened(mjpeg_server.url, silence_s=0.5) as camera:
        frames = camera.frames()
        next(frames)
        mjpeg_server.over.set()
        with pytest.raises(CameraStopped):
            list(frames)
