# SPDX-License-Identifier: Apache-2.0
"""A network camera that hangs: sends the frames of a clip for some seconds, then nothing, and keeps the connection.

    mjpeg.py PORT CLIP SECONDS

Runs inside a machine of sysbox.sh on MaskGate's own Python, which has OpenCV.
"""

from __future__ import annotations

import http.server
import sys
import time

import cv2

FPS = 10
PORT, CLIP, SECONDS = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])


class Camera(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        clip, began = cv2.VideoCapture(CLIP), time.monotonic()
        while time.monotonic() - began < SECONDS:
            good, frame = clip.read()
            if not good:
                break
            data = cv2.imencode(".jpg", frame)[1].tobytes()
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(data), data))
            time.sleep(1 / FPS)
        time.sleep(3600)

    def log_message(self, *_: object) -> None:
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Camera).serve_forever()
