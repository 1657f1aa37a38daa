# SPDX-License-Identifier: Apache-2.0
"""The two colours of the test scene, and how they are known again after a lossy way."""

from __future__ import annotations

RED, BLUE = (20, 20, 200), (200, 20, 20)


def is_red(pixel) -> bool:
    return int(pixel[2]) > 150 and int(pixel[0]) < 90


def is_blue(pixel) -> bool:
    return int(pixel[0]) > 150 and int(pixel[2]) < 90
