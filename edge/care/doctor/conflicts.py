# SPDX-License-Identifier: Apache-2.0
"""Does another service want the same camera or the same pins."""

from __future__ import annotations

from edge.camera.source import is_device
from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, together, warning

NAME = "conflicts"
CAMERA = ("motion", "motioneye", "mjpg-streamer", "ustreamer", "camera-streamer", "crowsnest", "webcamd", "frigate", "go2rtc", "mediamtx", "rpicam-apps")
PINS = ("pigpiod", "remotegpio", "wiringpid")
"""pigpiod writes the pins' registers past the kernel, and asks nobody."""


def check(context: Context) -> Result:
    ran = context.run(["systemctl", "list-units", "--type=service", "--state=active", "--plain", "--no-legend", "--no-pager"])
    if ran.code != 0:
        return ok(NAME, "no systemd here")
    active = {line.split()[0].removesuffix(".service").partition("@")[0] for line in ran.out.splitlines() if line.strip()}
    results = []
    if is_device(context.settings.camera.source):
        # Only one of them may have the same camera; with two cameras both may be right.
        results += [warning(NAME, f"{name} runs, and usually takes the camera", _stop(name)) for name in CAMERA if name in active]
    if context.settings.panel.kind == "gpio":
        results += [failure(NAME, f"{name} runs, and may drive any pin", _stop(name)) for name in PINS if name in active]
    return together(NAME, results, "no other service that takes the camera or pins")


def _stop(name: str) -> str:
    return f"`sudo systemctl disable --now {name}`"
