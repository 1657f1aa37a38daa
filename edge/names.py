# SPDX-License-Identifier: Apache-2.0
"""Names of files and addresses, as they come from a command line: any bytes but NUL."""

from __future__ import annotations


def is_utf8(name: str) -> bool:
    """Whether OpenCV's video code can take it: on other bytes it ends the process (a segmentation fault), and nobody turns the panel off."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
