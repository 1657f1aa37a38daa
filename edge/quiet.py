# SPDX-License-Identifier: Apache-2.0
"""Quiet: keeps what libraries print off the operator's screen and out of the journal. What went wrong is said once, by our own error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FFMPEG_QUIET = "-8"  # AV_LOG_QUIET
LIBCAMERA_WARNINGS = "*:WARN"
SILENT = 0  # OpenCV's LOG_LEVEL_SILENT
STDERR = 2


def _opencv_logging() -> Any:
    import cv2

    return getattr(cv2.utils, "logging", cv2)  # 4.8 and 4.11 have it at the top, 4.14 and 5.0 there


def silence_libraries() -> None:
    """Silence OpenCV, FFmpeg and libcamera from now on; whoever has set their own variables for these keeps them.

    FFmpeg's level is read once, at the first clip or stream of the process: so this comes before any is opened.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", FFMPEG_QUIET)
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", LIBCAMERA_WARNINGS)
    if "OPENCV_LOG_LEVEL" not in os.environ:
        _opencv_logging().setLogLevel(SILENT)


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Within it OpenCV logs nothing; the level is put back afterwards."""
    logging = _opencv_logging()
    before = logging.getLogLevel()
    logging.setLogLevel(SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(before)


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Within it nothing is shown that is written to the standard error. LiteRT prints a line at every start ("INFO: Created TensorFlow Lite
    XNNPACK delegate") whatever the log level. Keep what is inside short: it hides other errors, too.
    """
    sys.stderr.flush()
    kept = os.dup(STDERR)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
            os.dup2(nowhere.fileno(), STDERR)
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)
