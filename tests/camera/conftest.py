# SPDX-License-Identifier: Apache-2.0
"""A scene, and every source that can show it without hardware."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import picamera2_stand_in
import pytest
from scene_colours import BLUE, RED

from edge.camera import open_camera
from edge.settings import CameraSettings


@pytest.fixture
def scene():
    """320 x 240, red on the left and blue on the right: any swap of channels, and any turn, shows."""
    image = np.zeros((240, 320, 3), np.uint8)
    image[:, :160], image[:, 160:] = RED, BLUE
    return image


@pytest.fixture
def make_clip(tmp_path, scene):
    """Writes a clip and returns its path; frame n carries a white bar n pixels wide at the top."""
    def make(name="clip.mp4", frames=30, fps=10.0, fourcc="mp4v"):
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*fourcc), fps, (320, 240))
        assert writer.isOpened()
        for n in range(frames):
            image = scene.copy()
            image[:16, :n * 4] = 255
            writer.write(image)
        writer.release()
        return path
    return make


@pytest.fixture
def make_stills(tmp_path, scene):
    def make(count=4, folder="stills"):
        where = tmp_path / folder
        where.mkdir()
        for n in range(count):
            cv2.imwrite(str(where / f"{n:02}.png"), scene)
        return where
    return make


@pytest.fixture
def mjpeg_server(scene):
    """A network camera on this machine: `url`, and `silent` to make it hold its tongue with the line open."""
    jpeg = cv2.imencode(".jpg", scene)[1].tobytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.endswith(".mjpg"):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            try:
                while not server.over.is_set():
                    if not server.silent.is_set():
                        self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg))
                        self.wfile.flush()
                    time.sleep(1 / 30)
            except OSError:
                pass  # the viewer went away

        def log_message(self, *args) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        silent, over = threading.Event(), threading.Event()

        def handle_error(self, request, client_address) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    server.silent, server.over = threading.Event(), threading.Event()
    server.host = f"127.0.0.1:{server.server_port}"
    server.url = f"http://{server.host}/live.mjpg"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class FakeWebcam:
    """Stands in for cv2.VideoCapture on a V4L2 device."""

    scene: np.ndarray
    opens: bool = True
    works: bool = True
    hangs: bool = False
    released: bool = False

    def __call__(self, path, backend):
        assert backend == cv2.CAP_V4L2
        self.path, self.asked = path, {}
        return self

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's own name
        return self.opens

    def set(self, key, value) -> bool:
        self.asked[key] = value
        return True

    def read(self):
        if self.hangs:
            time.sleep(3600)
        time.sleep(1 / 30)
        return (True, self.scene.copy()) if self.works else (False, None)

    def release(self) -> None:
        self.released = True


@pytest.fixture
def webcam(monkeypatch, scene):
    fake = FakeWebcam(scene)
    monkeypatch.setattr("edge.camera.v4l2.cv2.VideoCapture", fake)
    return fake


@pytest.fixture
def picamera_stage(monkeypatch, scene):
    stage = picamera2_stand_in.Stage(scene)
    monkeypatch.setitem(sys.modules, "picamera2", picamera2_stand_in.make_module(stage))
    return stage


SOURCES = {
    "clip": lambda request: str(request.getfixturevalue("make_clip")()),
    "stills": lambda request: str(request.getfixturevalue("make_stills")(count=12)),
    "stream": lambda request: request.getfixturevalue("mjpeg_server").url,
    "v4l2": lambda request: request.getfixturevalue("webcam") and "0",
    "picamera": lambda request: request.getfixturevalue("picamera_stage") and "picamera",
}


LIVE = ("stream", "v4l2", "picamera")
FILES = ("clip", "stills")


class Opener:
    """Opens one source as often as a test likes; `live` says what to expect of it."""

    def __init__(self, source: str, live: bool) -> None:
        self.source, self.live, self.opened = source, live, []

    def __call__(self, fast=False, **settings):
        self.opened.append(open_camera(CameraSettings(source=self.source, width_px=320, height_px=240, **settings), fast=fast))
        return self.opened[-1]


def open_one(request):
    opener = Opener(SOURCES[request.param](request), request.param in LIVE)
    yield opener
    for camera in opener.opened:
        camera.close()


open_any = pytest.fixture(params=LIVE + FILES, name="open_any")(open_one)
open_live = pytest.fixture(params=LIVE, name="open_live")(open_one)
open_file = pytest.fixture(params=FILES, name="open_file")(open_one)
