# SPDX-License-Identifier: Apache-2.0
"""Which box is which face, and the figures that follow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.look import Box
from trainer.data.match import matches
from trainer.faces.measure import Outcome, Sighting, assign, outcome
from trainer.faces.pictures import Truth
from trainer.faces.select import score_at


def rows(*faces: tuple[float, float, float, float, float]) -> np.ndarray:
    """Found faces as a detector gives them: x, y, w, h, score."""
    found = np.zeros((len(faces), 15), np.float32)
    for row, (x, y, w, h, score) in zip(found, faces, strict=True):
        row[:4], row[14] = (x, y, w, h), score
    return found


def face(label: str, share: float, score: float) -> Sighting:
    return Sighting(label=label, share=share, score=score)


@pytest.mark.parametrize(("found", "same"), [
    (Box(0, 0, 100, 100), True),
    (Box(0, 0, 100, 41), True),        # overlap .41
    (Box(20, 20, 52, 52), True),       # overlap .27, but the centre is inside and the area over a quarter
    (Box(30, 30, 40, 40), False),      # the area is under a quarter
    (Box(90, 90, 60, 60), False),      # the centre is outside
    (Box(-50, -50, 199, 199), True),   # overlap .25, area just under four times
    (Box(-55, -55, 210, 210), False),
])
def test_a_box_is_a_face_by_overlap_or_by_its_centre_and_area(found: Box, same: bool) -> None:
    assert matches(found, Box(0, 0, 100, 100)) is same


def test_the_better_box_gets_the_face_and_the_second_one_is_false() -> None:
    found = rows((2, 2, 100, 100, 0.7), (0, 0, 100, 100, 0.9))
    assert list(assign(found, [Truth(Box(0, 0, 100, 100), "mask")])) == [-1, 0]


def test_boxes_on_a_face_nobody_could_label_are_neither_found_nor_false() -> None:
    result = outcome([(rows((0, 0, 90, 90, 0.9), (5, 5, 90, 90, 0.8)), [Truth(Box(0, 0, 100, 100), "unknown")], 400)])
    assert result.faces == []
    assert result.false_scores == []


def test_a_known_face_is_preferred_to_an_unknown_one_beside_it() -> None:
    truths = [Truth(Box(0, 0, 100, 100), "unknown"), Truth(Box(20, 0, 100, 100), "mask")]
    assert list(assign(rows((5, 0, 100, 100, 0.9)), truths)) == [1]


def test_recall_counts_by_label_height_and_score() -> None:
    result = Outcome(pictures=2, false_scores=[0.55, 0.8], faces=[
        face("mask", 0.2, 0.7), face("mask", 0.3, 0.5), face("mask", 0.19, 0.9), face("no_mask", 0.5, 0.0)])
    assert result.recall(0.6, "mask", ">=20 %") == (0.5, 2)
    assert result.recall(0.6, "mask", "10-20 %") == (1.0, 1)
    assert result.recall(0.6, "no_mask") == (0.0, 1)
    assert np.isnan(result.recall(0.6, "incorrect")[0])
    assert result.false_per_picture(0.6) == 0.5


def test_a_height_of_exactly_a_fifth_is_near_in_spite_of_rounding() -> None:
    near = outcome([(rows(), [Truth(Box(0, 0, 10, 0.2 * 267.0 - 1e-9), "mask")], 267)])
    assert near.recall(0.5, "mask", ">=20 %")[1] == 1


def test_average_precision_of_a_textbook_case() -> None:
    # In order of score: hit, false, hit, and one of four faces missed, one more hit at the end.
    result = Outcome(pictures=1, false_scores=[0.8], faces=[face("mask", 1, s) for s in (0.9, 0.7, 0.6, 0.0)])
    assert result.average_precision() == pytest.approx((1 + 3 / 4 + 3 / 4) / 4)


def test_nothing_found_is_a_precision_of_zero_and_no_faces_is_unknown() -> None:
    assert Outcome(pictures=1, false_scores=[0.9], faces=[face("mask", 1, 0.0)]).average_precision() == 0
    assert np.isnan(Outcome(pictures=1, false_scores=[0.9], faces=[]).average_precision())


@pytest.mark.parametrize("false", [61, 62, 124, 130])
def test_as_many_false_boxes_are_allowed_as_another_detector_has(false: int) -> None:
    theirs, ours = (Outcome(pictures=904, false_scores=scores, faces=[]) for scores in ([0.9] * false, [0.9] * false + [0.5]))
    assert 0.5 < score_at(ours, theirs.false_per_picture(0.6)) < 0.9


@given(st.lists(st.floats(0.3, 0.99), max_size=30), st.integers(1, 50), st.floats(0, 2))
def test_the_score_for_a_share_of_false_boxes_keeps_to_it(false: list[float], pictures: int, allowed: float) -> None:
    result = Outcome(pictures=pictures, false_scores=false, faces=[])
    assert result.false_per_picture(score_at(result, allowed)) <= allowed
