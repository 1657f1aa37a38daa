# SPDX-License-Identifier: Apache-2.0
"""Keeps the libraries below from writing past our own messages onto the operator's screen or journal."""

from __future__ import annotations

import os

FFMPEG_QUIET = "-8"  # AV_LOG_QUIET
SILENT = 0  # OpenCV's LOG_LEVEL_SILENT
LIBCAMERA_WARNINGS = "*:WARN"


def silence_libraries() -> None:
    """Silence OpenCV, FFmpeg and libcamera; whoever has set their own variables for these keeps them.

    FFmpeg's level is read once, at the first clip or stream of the process: so this comes before any is opened.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", FFMPEG_QUIET)
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", LIBCAMERA_WARNINGS)
    if "OPENCV_LOG_LEVEL" not in os.environ:
        import cv2

        logging = getattr(cv2.utils, "logging", cv2)  # OpenCV 4.11 has it at the top, 4.14 and 5.0 have it there
        logging.setLogLevel(SILENT)
