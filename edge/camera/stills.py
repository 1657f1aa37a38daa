# SPDX-License-Identifier: Apache-2.0
"""Stills: the pictures of a folder or of a pattern, in the order of their names."""

from __future__ import annotations

import glob
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from edge.camera.pace import paced
from edge.camera.source import PICTURES
from edge.errors import CameraNotFound, CameraUnreadable
from edge.frame import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

PNG_START, PNG_END = b"\x89PNG", b"IEND"


def read_picture(path: Path, *, upright: bool = True) -> NDArray[np.uint8]:
    """One picture as `uint8` BGR of shape (height, width, 3).

    Args:
        upright: turn it as its EXIF orientation says; False leaves the pixels as they are stored.

    Raises:
        CameraNotFound: no such file.
        CameraUnreadable: it cannot be read, is no picture, or is cut short.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise CameraNotFound(f"Picture {path}: no such file.", hint="Check the spelling.") from error
    except OSError as error:
        raise CameraUnreadable(f"Picture {path}: cannot be read ({error.strerror}).") from error
    # libpng complains of a missing end on the terminal, past every log level
    whole = not data.startswith(PNG_START) or PNG_END in data
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data and whole else None
    except cv2.error:  # larger than OpenCV takes
        image = None
    if image is None:
        raise CameraUnreadable(f"Picture {path}: no picture that can be decoded; it is damaged, cut short or something else.")
    return np.asarray(image, np.uint8)


def find_pictures(source: str) -> list[Path]:
    """The pictures of a folder (not of the folders in it), of a pattern (`**` reaches into folders) or one file, by name.

    Raises:
        CameraNotFound: there is none.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        found, where = list(path.iterdir()), "in this folder"
    elif path.is_file():
        found, where = [path], "here"
    else:
        names = glob.glob(str(path), recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
        found, where = [Path(name) for name in names], "of this pattern"
    pictures = sorted(file for file in found if file.suffix.lower() in PICTURES and file.is_file())
    if not pictures:
        raise CameraNotFound(f"Stills {source}: no picture {where}. Expected files ending in {', '.join(sorted(PICTURES))}.",
                             hint="Name a folder that holds pictures itself, or a pattern such as 'folder/**/*.jpg'.")
    return pictures


class Stills:
    """Pictures, played as a camera's frames would come, `rate_fps` of them a second of frame time: stills carry no clock
    of their own, and a folder is most often a recorded scene. A picture that cannot be read is skipped, counted and logged.
    """

    live = False
    dropped = 0

    def __init__(self, source: str, rate_fps: float, *, fast: bool = False) -> None:
        self.skipped = 0
        """Pictures that could not be read, so far."""
        self._source, self._rate_fps, self._fast = source, rate_fps, fast
        self._pictures = iter(find_pictures(source))
        self._seq = 0
        self._closed = False

    def frames(self, waiting: Callable[[], None] | None = None) -> Iterator[Frame]:
        """Every picture that can be read, with its `path` in the metadata.

        Raises:
            CameraUnreadable: not one of them can be read.
        """
        return paced(self._read(), lambda: self._closed, waiting, fast=self._fast)

    def _read(self) -> Iterator[Frame]:
        for path in self._pictures:
            try:
                image = read_picture(path)
            except (CameraNotFound, CameraUnreadable) as error:  # a file may also vanish in between
                self.skipped += 1
                log.warning("skipped: %s", error)
                continue
            yield Frame(image, self._seq / self._rate_fps, self._seq, {"path": str(path)})
            self._seq += 1
        if self.skipped and not self._seq:
            raise CameraUnreadable(f"Stills {self._source}: none of {self.skipped} pictures can be read.")
        if self.skipped:
            log.warning("skipped %d of %d pictures, which could not be read", self.skipped, self.skipped + self._seq)

    def close(self) -> None:
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
