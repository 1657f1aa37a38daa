# SPDX-License-Identifier: Apache-2.0
"""Names of files and addresses, as they come from a command line: any bytes but NUL."""

from __future__ import annotations


def is_utf8(name: str) -> bool:
    """Whether a name is UTF-8. OpenCV's video code ends the process with a segmentation fault on any other, and nobody turns the panel off then."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
