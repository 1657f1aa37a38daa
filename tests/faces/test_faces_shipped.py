# SPDX-License-Identifier: Apache-2.0
"""The detector that ships: OpenCV reads it, and it finds a face at every size the unit may search."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.settings import FacesSettings
from trainer.faces.detector import Detector
from trainer.faces.onnx_file import read_onnx
from trainer.faces.recipe import load


@pytest.fixture(scope="module")
def shipped(project: Path) -> Path:
    return project / "edge" / "models" / "face.onnx"


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    from skimage.data import astronaut
    return cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)


@pytest.mark.parametrize("side", [160, 320, 640])
def test_the_shipped_detector_finds_one_face_where_it_is(shipped: Path, portrait: np.ndarray, side: int) -> None:
    found = Detector(shipped, FacesSettings().score_min).detect(portrait, side)
    assert len(found) == 1
    x, y, w, h = found[0, :4]
    assert (x + w / 2, y + h / 2) == pytest.approx((220, 115), abs=25)
    assert 70 < w < 130
    assert 90 < h < 170
    right_eye, left_eye, nose, right_mouth, left_mouth = found[0, 4:14].reshape(5, 2)
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


def test_the_shipped_detector_finds_nobody_in_noise_or_on_a_wall(shipped: Path) -> None:
    detector = Detector(shipped, 0.6)
    random = np.random.default_rng(1)
    assert len(detector.detect(random.integers(0, 255, (240, 320, 3), dtype=np.uint8))) == 0
    for level in (0, 90, 255):
        assert len(detector.detect(np.full((240, 320, 3), level, np.uint8))) == 0


def test_the_shipped_detector_is_small_and_says_where_it_comes_from(project: Path, shipped: Path) -> None:
    import onnx
    assert shipped.stat().st_size < 400_000
    assert read_onnx(shipped)[0].parameters() < 80_000
    assert f"recipe faces.toml {load(project / 'recipes/faces.toml').hash}" in onnx.load(str(shipped)).doc_string


def test_the_card_names_sources_and_licence(project: Path) -> None:
    card = (project / "edge" / "models" / "face.md").read_text(encoding="utf-8")
    for word in ("YuNet", "webphotos", "andrewmvd", "maixcam", "Apache-2.0", "recipes/faces.toml"):
        assert word in card


def test_what_is_claimed_of_the_empty_clips_is_what_was_measured(project: Path) -> None:
    card = (project / "edge" / "models" / "face.md").read_text(encoding="utf-8")
    row = next(line for line in card.splitlines() if line.startswith("| all |"))
    ours, yunets = (int(false) for false in re.findall(r"(\d+) / 525", row)[:2])
    assert f"takes {ours} things for faces\n  in the clips with nobody where YuNet 2023mar takes {yunets}" in (project / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"Of the {ours} false boxes in the clips with nobody" in card
    assert f"YuNet's {yunets} | " in card
