# SPDX-License-Identifier: Apache-2.0
"""Match: whether a found box is the face that somebody boxed by hand."""

from __future__ import annotations

from edge.look import Box

IOU_MIN = 0.4
AREA_FACTOR = 4.0


def matches(found: Box, true: Box) -> bool:
    """At IoU >= 0.4, or with the found box's centre inside the true one and an area within a factor of four: boxes drawn by hand vary too much for IoU alone."""
    if found.iou(true) >= IOU_MIN:
        return True
    x, y = found.centre
    inside = true.x <= x <= true.x + true.w and true.y <= y <= true.y + true.h
    return inside and true.area / AREA_FACTOR <= found.area <= true.area * AREA_FACTOR
