# SPDX-License-Identifier: Apache-2.0
"""Symmetry: pictures mirrored as the network can follow, and its answers to them turned back.

The network's first convolution takes every second pixel, beginning with the first. So the mirror stands on a pixel, x becomes W - 2 - x: what was at an even place stays at one, and all
maps behind are mirrored exactly. A mirror between the two middle pixels would show the network other pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.faces.plan import HEAD_CHANNELS, HEADS

_BOX = HEADS["cls"] + HEADS["obj"]
_POINTS = _BOX + HEADS["bbox"]
ANSWERS = (*range(_POINTS), *(_POINTS + at for at in (2, 3, 0, 1, 4, 5, 8, 9, 6, 7)))
"""The order of the head's channels in the mirror: a face's right eye is there the picture's left one, and so with the corners of the mouth."""
SIGNS = np.array([-1 if channel == _BOX or (channel >= _POINTS and (channel - _POINTS) % 2 == 0) else 1 for channel in range(HEAD_CHANNELS)], np.float32)
"""-1 for the places across (of the box's middle and of each landmark), which run the other way in the mirror."""


def offsets(stride: int) -> NDArray[np.float32]:
    """What is added to the head's channels after `SIGNS`: places are counted in strides from the cell's left end, and the mirror is two pixels short
    of the cell's other end, so x becomes 1 - 2 / stride - x. (16,)"""
    return np.where(SIGNS < 0, 1 - 2 / stride, 0).astype(np.float32)


def mirror_pictures(pictures: Any) -> Any:
    """Pictures, (n, height, width, 3), mirrored about a pixel. Their first column, which has no place then, is left out, their last one doubled."""
    turned = pictures[:, :, ::-1]
    return tf.concat([turned[:, :, 1:], turned[:, :, -1:]], 2)


def mirror_answers(part: Any, stride: int) -> Any:
    """What the network says of mirrored pictures at one stride, (n, rows, columns, 16), turned back into the pictures' own places. Twice is as before."""
    return tf.gather(part[:, :, ::-1], ANSWERS, axis=-1) * SIGNS + offsets(stride)
