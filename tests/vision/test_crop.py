# SPDX-License-Identifier: Apache-2.0
"""The crop: a square with the stated margin, at any place and size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.look import Box
from edge.vision.crop import crop_face


def test_the_margin_is_a_share_of_the_longer_side_on_each_side() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[80:120, 80:120] = 255                 # a face of 40 px
    crop = crop_face(image, Box(80, 80, 40, 40), margin=0.5, size_px=80)
    assert (crop[20:60, 20:60] == 255).all()
    assert not crop[:19].any()


def test_a_face_at_the_rim_repeats_the_edge_instead_of_a_black_bar() -> None:
    image = np.full((100, 100, 3), 90, np.uint8)
    assert (crop_face(image, Box(-30, 70, 60, 60), 0.15, 64) == 90).all()


@given(x=st.floats(-500, 500), y=st.floats(-500, 500), w=st.floats(0.1, 600), h=st.floats(0.1, 600))
def test_any_box_gives_a_whole_square(x: float, y: float, w: float, h: float) -> None:
    image = np.full((60, 80, 3), 7, np.uint8)
    crop = crop_face(image, Box(x, y, w, h), 0.15, 32)
    assert crop.shape == (32, 32, 3)
    assert (crop == 7).all()


@pytest.mark.parametrize("where", [(25, 15), (-12, 20), (60, 45), (-50, 10), (100, 10), (20, -60), (20, 75), (-50, -60), (100, 75)])
def test_what_lies_outside_the_frame_is_its_nearest_edge_on_every_side(where: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    wide = np.pad(image, ((200, 200), (200, 200), (0, 0)), mode="edge")
    x, y = where
    assert np.array_equal(crop_face(image, Box(x, y, 30, 30), 0.1, 32), crop_face(wide, Box(x + 200, y + 200, 30, 30), 0.1, 32))


@pytest.mark.parametrize("size_px", [32, 96, 160])
def test_the_result_has_the_size_asked_for(size_px: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (120, 120, 3), dtype=np.uint8)
    assert crop_face(image, Box(10, 20, 50, 70), 0.15, size_px).shape == (size_px, size_px, 3)
