# SPDX-License-Identifier: Apache-2.0
"""Ways to fit a picture into the size that is searched: whichever it is, a face is found where it is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from trainer.faces.detector import Detector
from trainer.faces.ways import WAYS, Way, detect, fitted

Picture = np.ndarray


@pytest.fixture(scope="module")
def detector(project: Path) -> Detector:
    return Detector(project / "edge" / "models" / "face.onnx", 0.6)


@pytest.fixture(scope="module", params=[(512, 388), (300, 512), (250, 250)])
def portrait(request: pytest.FixtureRequest) -> Picture:
    """Wide, high, and smaller than what is searched; the face is near the middle of all three."""
    from skimage.data import astronaut
    width, height = request.param
    picture = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)[:height, 70:70 + width]
    return np.ascontiguousarray(picture)


def test_a_face_is_found_at_the_same_place_in_every_way(detector: Detector, portrait: Picture) -> None:
    usual = detector.detect(portrait, 320)
    assert len(usual) == 1
    for way in WAYS:
        found = detect(detector, portrait, 320, way)
        assert len(found) == 1, way
        assert found[0, :14] == pytest.approx(usual[0, :14], abs=6), way


def test_the_first_way_is_the_units(detector: Detector, portrait: Picture) -> None:
    assert np.allclose(detect(detector, portrait, 320, WAYS[0]), detector.detect(portrait, 320), atol=0.01)


def test_no_two_ways_show_the_network_the_same_picture(portrait: Picture) -> None:
    high = portrait[:, :200]  # leaves room beside it in either ground
    shown = {fitted(high, 170, way)[0].tobytes() for way in WAYS}
    assert len(shown) == len(WAYS)


@pytest.mark.parametrize(("way", "shape", "corner", "level"), [
    (Way(resampling=cv2.INTER_AREA, ground=0, middle=False, square=False), (96, 320), (0, 0), 0),
    (Way(resampling=cv2.INTER_AREA, ground=114, middle=True, square=False), (96, 320), (0, 8), 114),
    (Way(resampling=cv2.INTER_AREA, ground=114, middle=True, square=True), (320, 320), (0, 120), 114),
    (Way(resampling=cv2.INTER_AREA, ground=None, middle=False, square=True), (320, 320), (0, 0), 200),
])
def test_what_the_picture_does_not_cover_is_the_ground(way: Way, shape: tuple[int, int], corner: tuple[int, int], level: int) -> None:
    ground, found, scale = fitted(np.full((160, 640, 3), 200, np.uint8), 320, way)
    assert (ground.shape[:2], found, scale) == (shape, corner, (2.0, 2.0))
    assert (ground[-1] == level).all()
    assert (ground[corner[1]:corner[1] + 80] == 200).all()
