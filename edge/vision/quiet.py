# SPDX-License-Identifier: Apache-2.0
"""Quiet: keeps OpenCV's own log lines off the terminal while a file is tried, and puts the level back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2

SILENT = 0


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Within it OpenCV says nothing by itself; what went wrong is said by our own error, once."""
    # No type stubs name these two, and 4.8 has them under cv2.utils.logging only.
    logging = cv2.utils.logging
    before = logging.getLogLevel()
    logging.setLogLevel(SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(before)
