# SPDX-License-Identifier: Apache-2.0
"""A photograph that is stored lying on its side is judged upright, and its boxes are told as it is stored."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.camera.orientation import Turn, read_upright
from edge.camera.stills import read_picture
from edge.commands.main import main
from edge.demo import CLIP
from edge.look import Box


def noted(path: Path, image: np.ndarray, orientation: int) -> Path:
    """A JPEG with an EXIF orientation."""
    tiff = struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    content = b"Exif\0\0" + tiff
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:])
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_whichever_way_it_lies_it_is_turned_upright_and_boxes_find_their_way_back(tmp_path: Path, orientation: int) -> None:
    image = cv2.resize(np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8), (200, 120))
    path = noted(tmp_path / "phone.jpg", image, orientation)
    upright, turn = read_upright(path)
    stored = read_picture(path, upright=False)
    assert stored.shape == (120, 200, 3)
    assert upright.shape == ((200, 120, 3) if orientation > 4 else (120, 200, 3))
    assert (turn == Turn()) is (orientation == 1)
    x, y, w, h = (int(v) for v in turn.stored(Box(10, 30, 50, 20), upright.shape[1], upright.shape[0]))
    assert (turn.upright(stored[y:y + h, x:x + w]) == upright[30:50, 10:60]).all()


def test_check_judges_a_lying_photograph_as_the_upright_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture = cv2.VideoCapture(str(CLIP))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 100)
    frame = np.asarray(capture.read()[1], np.uint8)
    upright = noted(tmp_path / "upright.jpg", frame, 1)
    lying = noted(tmp_path / "lying.jpg", np.ascontiguousarray(np.rot90(frame)), 6)     # 6: turn it 90 degrees clockwise
    assert main(["check", "--json", str(upright), str(lying)]) == 0
    (one,), (other,) = (json.loads(line)["faces"] for line in capsys.readouterr().out.splitlines())
    x, y, w, h = one["box"]
    assert other["label"] == one["label"] == "no_mask"
    assert Box(*other["box"]).iou(Box(y, frame.shape[1] - x - w, h, w)) > 0.9
