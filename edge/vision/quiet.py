# SPDX-License-Identifier: Apache-2.0
"""Quiet: keeps the libraries' own log lines off the terminal while a file is tried; what went wrong is said by our own
error, once."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SILENT = 0
STDERR = 2


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Within it OpenCV logs nothing; the level is put back afterwards."""
    import cv2

    logging = getattr(cv2.utils, "logging", cv2)  # 4.8 and 4.11 have it at the top, 4.14 and 5.0 there
    before = logging.getLogLevel()
    logging.setLogLevel(SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(before)


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Within it nothing written to the standard error shows. LiteRT has a line of its own at every start ("INFO: Created
    TensorFlow Lite XNNPACK delegate"), which goes past every log level; keep what is inside short."""
    sys.stderr.flush()
    kept = os.dup(STDERR)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
            os.dup2(nowhere.fileno(), STDERR)
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)
