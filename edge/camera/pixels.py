# SPDX-License-Identifier: Apache-2.0
"""Turns the pixel formats of libcamera into BGR. Its names run backwards: "RGB888" is blue, green, red in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.errors import CameraUnreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONVERSIONS: dict[str, int | None] = {
    "RGB888": None,
    "BGR888": cv2.COLOR_RGB2BGR,
    "XRGB8888": cv2.COLOR_BGRA2BGR,
    "XBGR8888": cv2.COLOR_RGBA2BGR,
    "YUV420": cv2.COLOR_YUV2BGR_I420,
    "YVU420": cv2.COLOR_YUV2BGR_YV12,
    "NV12": cv2.COLOR_YUV2BGR_NV12,
    "NV21": cv2.COLOR_YUV2BGR_NV21,
    "YUYV": cv2.COLOR_YUV2BGR_YUYV,
}


def to_bgr(array: NDArray[np.uint8], pixel_format: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture as Picamera2's `make_array` gives it, as `uint8` BGR of shape (height, width, 3).

    Args:
        pixel_format: the format of `camera_configuration()`, not the one asked for.
        size: width and height; the array may be wider, as the rows of planar formats keep their padding.

    Raises:
        CameraUnreadable: a format that is not in the table.
    """
    if pixel_format not in CONVERSIONS:
        raise CameraUnreadable(f"Pi camera: it gives the pixel format {pixel_format}, expected one of {', '.join(CONVERSIONS)}.")
    code = CONVERSIONS[pixel_format]
    picture = array if code is None else cv2.cvtColor(array, code)
    width, height = size
    return np.ascontiguousarray(picture[:height, :width], np.uint8)
