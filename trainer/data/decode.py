# SPDX-License-Identifier: Apache-2.0
"""Decode: a picture file as pixels, or what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.quiet import quiet_opencv, quiet_stderr
from trainer.data.jpeg_end import END as JPEG_END
from trainer.data.jpeg_end import START as JPEG_START
from trainer.data.jpeg_end import has_end, is_whole_without_end
from trainer.errors import TrainerError

LEAST_PX = 8
"""Least side of a picture: in a smaller one there is no face to be seen."""
MOST_TIMES = 20
"""A picture so many times as long as wide shows no face either, and scaled to the size of a network's input it has no width left."""
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
    image = _decoded(data) if not data.startswith(JPEG_START) or has_end(data) else _decoded_quietly(data + JPEG_END)  # without it OpenCV leaves the last rows out
    if image is None:
        raise TrainerError(f"{path}: cannot be decoded as a picture.", hint=HINT)
    require_shape(image.shape[1], image.shape[0], str(path))
    return image


def is_cut(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end; a JPEG that lacks only the mark of it is whole. Some decoders fill the missing part with grey,
    which then looks like a mask."""
    if data.startswith(JPEG_START):
        return not has_end(data) and not is_whole_without_end(data, _decoded_quietly)
    return data.startswith(PNG_START) and PNG_END not in data


def _decoded_quietly(data: bytes) -> NDArray[np.uint8] | None:
    with quiet_stderr():  # libjpeg's warnings go past OpenCV's level
        return _decoded(data)


def _decoded(data: bytes) -> NDArray[np.uint8] | None:
    try:
        with quiet_opencv():
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error:  # larger than OpenCV decodes
        return None
    return None if image is None else np.asarray(image, np.uint8)


def require_shape(width: int, height: int, where: str) -> None:
    """Stop at a picture that can show no face.

    Raises:
        TrainerError: it is too small, or too thin.
    """
    short, long = sorted((width, height))
    if short < LEAST_PX or long > MOST_TIMES * short:
        raise TrainerError(f"{where}: the picture is {width} by {height} pixels, expected sides of {LEAST_PX} and more, none {MOST_TIMES} times as long as the other.", hint=HINT)
