# SPDX-License-Identifier: Apache-2.0
"""JPEG end: whether a JPEG without its end mark is a picture that only lacks the mark, as many webcams write them, or one that was cut short.

libjpeg does not tell: it fills what is missing and warns alike. So the picture is decoded with several tails behind its data. Where all of
it is there the tails change nothing; where anything is missing each tail becomes another picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

START, END = b"\xff\xd8", b"\xff\xd9"
MARK = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What parts a JPEG: neither a byte 255 of the picture itself, after which 0 stands, nor one of the marks inside a scan."""
RESTART = re.compile(rb"\xff[\xd0-\xd7]")
FRAMES, SCAN = (b"\xff\xc0", b"\xff\xc1"), b"\xff\xda"
"""Marks of a frame whose rows come in one scan, and of a scan. A progressive one that lacks a scan has all its rows, only worse."""
PADDING = b"\x00\xff"
"""What is written behind a picture to fill a buffer or a block; and the first half of an end mark."""
STUFFED = 3
"""So few bytes of this kind are the picture's own."""
NEEDED = 32
"""So many bytes at the end must change the picture when they are missing, or what stands there is not the picture's own."""
TAILS = tuple(np.random.default_rng(seed).integers(0, 255, 4096, np.uint8).tobytes() for seed in range(4))  # no byte of 255: no marks

Decode = Callable[[bytes], Any]


def has_end(data: bytes) -> bool:
    """Whether a JPEG's end mark is there. Read from mark to mark: a small picture in the head has an end of its own, and what telephones put
    behind a picture (a film) may hold any bytes.
    """
    return any(mark == END for mark, _ in _marks(data))


def is_whole_without_end(data: bytes, decode: Decode) -> bool:
    """Whether a JPEG without an end mark has all its rows.

    Args:
        decode: makes pixels of a JPEG, or None.
    """
    marks = _marks(data)
    names = [mark for mark, _ in marks]
    frame = next((place for mark, place in marks if mark in FRAMES), None)
    if frame is None or names.count(SCAN) != 1 or names[-1] != SCAN:
        return False
    scan = marks[-1][1]
    if data[frame + 7:frame + 8] != data[scan + 2:scan + 3]:  # how many colours the frame has, and how many the scan
        return False
    own = data.rstrip(PADDING)
    if len(data) - len(own) <= STUFFED:
        own = data.removesuffix(END[:1])
    return _same(own, decode) and not _same(own[:-NEEDED], decode)


def _marks(data: bytes) -> list[tuple[bytes, int]]:
    """Each mark, and where what belongs to it begins."""
    found, place = [], len(START)
    while mark := MARK.search(data, place):
        found.append((mark[0], mark.end()))
        if mark[0] == END:
            break
        place = mark.end() + int.from_bytes(data[mark.end():mark.end() + 2], "big")
    return found


def _same(data: bytes, decode: Decode) -> bool:
    """Whether the picture is the same whatever stands behind these data, or nothing but the end mark."""
    last = RESTART.findall(data)
    # The mark that would come next within the scan: else libjpeg passes over the tail and fills what is missing alike.
    following = bytes((0xff, 0xd0 + (last[-1][1] - 0xd0 + 1) % 8 if last else 0xd0))
    pictures = [decode(data + END), *(decode(data + (tail + following) * 2 + tail + END) for tail in TAILS)]
    return pictures[0] is not None and all(other is not None and np.array_equal(pictures[0], other) for other in pictures[1:])
