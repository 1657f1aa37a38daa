# SPDX-License-Identifier: Apache-2.0
"""Is OpenCV one that can find faces: 4.8 to 5.x, with FaceDetectorYN."""

from __future__ import annotations

import re

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, warning

NAME = "opencv"
LEAST, BEYOND = (4, 8), (6, 0)
PIP = "`/opt/maskgate/current/bin/pip install 'opencv-python-headless>=4.8,<6'` with the constraints of your system, or `sudo ./setup.sh install`"


def check(context: Context) -> Result:
    found = context.imports["cv2"]
    if not found.version:
        return warning(NAME, "not looked at: it cannot be loaded", "see the packages above")
    numbers = tuple(int(number) for number in re.findall(r"\d+", found.version)[:2])
    if not LEAST <= numbers < BEYOND:
        return failure(NAME, f"OpenCV {found.version} at {found.said.get('file')}: expected 4.8 to 5.x", PIP)
    if not found.said.get("yunet"):
        return failure(NAME, f"OpenCV {found.version} at {found.said.get('file')} is built without FaceDetectorYN", PIP)
    return ok(NAME, f"OpenCV {found.version} with FaceDetectorYN")
