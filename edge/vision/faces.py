# SPDX-License-Identifier: Apache-2.0
"""Faces: finds faces with OpenCV's FaceDetectorYN, on a smaller copy of the frame.

Any network with YuNet's outputs will do (Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector"); OpenCV
4.8 and later decode it the same way.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError, ModelStopped
from edge.look import Box, Face
from edge.quiet import quiet_opencv
from edge.reading import content_of, reading
from edge.settings import FacesSettings
from edge.vision.model_file import read_model_file

NMS_IOU = 0.3
"""Boxes that share more than this are one face (OpenCV's default for this detector)."""
CANDIDATES = 500
"""Boxes kept before suppression: ten faces give some two hundred."""
LARGEST = 2.0
"""A box longer than so many long sides of the picture is no face. A detector of one's own may give any number, and what is cut out for the
classifier would take memory beyond measure."""
OFFERS = "a YuNet: one BGR picture in, and cls, obj, bbox and kps out at strides 8, 16 and 32"
HINT = "Point [faces] model at a YuNet, or leave it empty for the one that ships."
DAMAGED = "It is another kind of network, or a copy that is damaged or cut short. "


class Faces:
    """A face detector, ready to run."""

    def __init__(self, model: Path, settings: FacesSettings) -> None:
        """Load the network and try it on an empty picture.

        Raises:
            ModelError: the file is missing, damaged, no ONNX network, or not a YuNet.
            CardError: the card fails while it is read.
        """
        if model.suffix.lower() != ".onnx":  # OpenCV would choose another reader by the name, and the one for TFLite in 5.0 crashes
            raise ModelError(f"Face detector {model}: not an .onnx file; a detector is {OFFERS}.", hint=HINT)
        content = read_model_file(model, "Face detector")
        check_whole(model, content)
        self._settings = settings
        self._size = (0, 0)
        side = settings.long_side_px
        try:
            with quiet_opencv():
                self._net: Any = cv2.FaceDetectorYN.create(
                    str(model), "", (side, side), settings.score_min, NMS_IOU, CANDIDATES)
                self._net.detect(np.zeros((side, side, 3), np.uint8))  # another network fails here, not at the door
        except (cv2.error, SystemError) as error:
            raise ModelError(f"Face detector {model}: OpenCV {cv2.__version__} cannot run its {len(content)} bytes as {OFFERS}.",
                             hint=DAMAGED + HINT) from error

    def find(self, image: NDArray[np.uint8], smaller: NDArray[np.uint8] | None = None) -> list[Face]:
        """Find faces.

        Args:
            image: `uint8` BGR (height, width, 3).
            smaller: the same picture, scaled already, where the camera made one.

        Returns:
            Faces in range, largest first, at most `max_faces`, in pixels of `image`.

        Raises:
            ModelStopped: OpenCV fails.
        """
        height, width = image.shape[:2]
        searched = image if smaller is None else smaller
        scale = self._settings.long_side_px / max(searched.shape[:2])
        if scale != 1:
            target = (max(1, round(searched.shape[1] * scale)), max(1, round(searched.shape[0] * scale)))
            searched = np.asarray(cv2.resize(searched, target, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.uint8)
        size = (searched.shape[1], searched.shape[0])
        try:
            if size != self._size:
                self._net.setInputSize(size)
                self._size = size
            rows = self._net.detect(searched)[1]
        except cv2.error as error:
            raise ModelStopped(f"OpenCV cannot run the face detector on a picture of {size[0]} x {size[1]}: {error.err}.") from error
        if rows is None:
            return []
        back = np.array([width / size[0], height / size[1]] * 7, np.float64)
        found = [_face(row[:14] * back, float(row[14])) for row in rows if np.isfinite(row).all()]
        in_range = [face for face in found if self._in_range(face.box, width, height)]
        in_range.sort(key=lambda face: -face.box.area)
        return in_range[:self._settings.max_faces]

    def _in_range(self, box: Box, width: int, height: int) -> bool:
        left, top, w, h = self._settings.region
        x, y = box.centre
        return (min(box.w, box.h) >= self._settings.min_face_px and max(box.w, box.h) <= LARGEST * max(width, height)
                and left <= x / width <= left + w and top <= y / height <= top + h)


SUM_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")
"""A line as `sha256sum` writes it: checksum and name. What else stands in such a list says nothing about a file."""


def check_whole(model: Path, content: bytes) -> None:
    """Hold a file's content against `SHA256SUMS` in its folder, where that names it: OpenCV runs a damaged network, finds nothing or
    dies of it.

    Raises:
        ModelError: its content is another, or the list may not be read.
        CardError: the card fails while the list is read.
    """
    sums = model.with_name("SHA256SUMS")
    try:
        with reading(f"{sums.name} beside face detector {model}"):
            lines = content_of(sums).decode("utf-8-sig", errors="replace").splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ModelError(f"Face detector {model}: {sums.name} beside it cannot be read ({error.strerror}).") from error
    found = hashlib.sha256(content).hexdigest()
    noted = [match.groups() for line in lines if (match := SUM_LINE.fullmatch(line.rstrip()))]
    if any(name == model.name and digest.lower() != found for digest, name in noted):
        raise ModelError(f"Face detector {model}: damaged; its content is not what SHA256SUMS beside it says.",
                         hint="Install MaskGate again. A detector of your own goes elsewhere: name it in [faces] model.")


def _face(values: NDArray[np.float64], score: float) -> Face:
    x, y, w, h, *points = (float(value) for value in values)
    right_eye, left_eye, nose, right_mouth, left_mouth = zip(points[0::2], points[1::2], strict=True)
    return Face(Box(x, y, w, h), (right_eye, left_eye, nose, right_mouth, left_mouth), min(score, 1.0))
