# SPDX-License-Identifier: Apache-2.0
"""Decode: a picture file as pixels, or what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.errors import TrainerError

LEAST_PX = 8
"""Least side of a picture: in a smaller one there is no face to be seen."""
MOST_TIMES = 20
"""A picture so many times as long as wide shows no face either, and scaled to the size of a network's input it has no width left."""
JPEG_START, JPEG_SCAN, JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
PNG_START, PNG_END = b"\x89PNG", b"IEND"
HINT = "Fetch it again, or take it out; `maskgate-train data check` lists every such file of a data folder at once."


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture as `uint8` BGR (height, width, 3).

    Raises:
        TrainerError: it is missing, cannot be decoded, is cut short, or too small or thin to show anything.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise TrainerError(f"{path}: no such file.", hint=HINT) from error
    except OSError as error:
        raise TrainerError(f"{path}: cannot be read ({error.strerror}).", hint=HINT) from error
    if is_cut(data):
        raise TrainerError(f"{path}: cut short, its end is missing.", hint=HINT)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error:  # larger than OpenCV decodes
        image = None
    if image is None:
        raise TrainerError(f"{path}: cannot be decoded as a picture.", hint=HINT)
    require_shape(image.shape[1], image.shape[0], str(path))
    return np.asarray(image, np.uint8)


def is_cut(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end. Some decoders fill the missing part with grey, which then looks like a mask.

    A JPEG may have a small one inside it, before its own scan, so that the end that counts is the one after the last scan.
    """
    if data.startswith(JPEG_START):
        return data.rfind(JPEG_END) < data.rfind(JPEG_SCAN)
    return data.startswith(PNG_START) and PNG_END not in data


def require_shape(width: int, height: int, where: str) -> None:
    """Stop at a picture that can show no face.

    Raises:
        TrainerError: it is too small, or too thin.
    """
    short, long = sorted((width, height))
    if short < LEAST_PX or long > MOST_TIMES * short:
        raise TrainerError(f"{where}: the picture is {width} by {height} pixels, expected sides of {LEAST_PX} and more, none {MOST_TIMES} times as long as the other.", hint=HINT)
