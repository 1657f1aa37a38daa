# SPDX-License-Identifier: Apache-2.0
"""Doubts: what speaks against trusting one look."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.look import Box, Doubt, Face
from edge.settings import TrustSettings
from edge.testing import face_at
from edge.vision.quality import doubts, share_inside, turn

LIMITS = TrustSettings()


@pytest.fixture
def textured() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(60, 190, (240, 320, 3), dtype=np.uint8)


def test_a_good_look_has_no_doubts(textured: NDArray[np.uint8]) -> None:
    assert doubts(textured, face_at(100, 60), LIMITS) == frozenset()


@pytest.mark.parametrize(("face", "doubt"), [
    (face_at(100, 60, size=20), Doubt.TOO_SMALL),
    (face_at(-40, 60), Doubt.CUT_OFF),
    (face_at(100, 180), Doubt.CUT_OFF),
    (face_at(400, 300), Doubt.CUT_OFF),
    (replace(face_at(100, 60), box=Box(100, 1, 90, 100), landmarks=((125, 15), (165, 13), (145, 40), (130, 70), (160, 70))), Doubt.CUT_OFF),
])
def test_size_and_place_are_doubted(textured: NDArray[np.uint8], face: Face, doubt: Doubt) -> None:
    assert doubt in doubts(textured, face, LIMITS)


def test_dark_bright_and_blurred_are_doubted(textured: NDArray[np.uint8]) -> None:
    assert Doubt.TOO_DARK in doubts((textured // 12).astype(np.uint8), face_at(100, 60), LIMITS)
    assert Doubt.TOO_BRIGHT in doubts(np.full_like(textured, 252), face_at(100, 60), LIMITS)
    smeared = np.asarray(cv2.GaussianBlur(textured, (0, 0), 12), np.uint8)
    assert Doubt.BLURRED in doubts(smeared, face_at(100, 60), LIMITS)


def test_a_turned_head_moves_the_nose_away_from_the_middle_of_the_eyes(textured: NDArray[np.uint8]) -> None:
    frontal = face_at(100, 60)
    assert turn(frontal) == pytest.approx(0)
    right_eye, left_eye, _, *mouth = frontal.landmarks
    turned = replace(frontal, landmarks=(right_eye, left_eye, (left_eye[0] + 40, 120.0), *mouth))
    assert turn(turned) == pytest.approx(1.5)
    assert Doubt.TURNED_AWAY in doubts(textured, turned, LIMITS)


def test_eyes_that_meet_are_a_profile() -> None:
    frontal = face_at(0, 0)
    eye = frontal.landmarks[0]
    assert turn(replace(frontal, landmarks=(eye, eye, *frontal.landmarks[2:]))) == float("inf")


def test_the_share_inside_the_frame() -> None:
    assert share_inside(Box(0, 0, 10, 10), 100, 100) == 1
    assert share_inside(Box(-5, 0, 10, 10), 100, 100) == 0.5
    assert share_inside(Box(200, 0, 10, 10), 100, 100) == 0
    assert share_inside(Box(0, 0, 0, 0), 100, 100) == 0
