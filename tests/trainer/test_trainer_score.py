# SPDX-License-Identifier: Apache-2.0
"""The door's question in numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from trainer.score import (
    I,
    M,
    auc,
    balanced,
    ece,
    interval,
    score,
    softmax,
    tells_apart,
    temperature,
    three_of,
    thresholds,
)


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=60))
def test_auc_is_that_of_scikit_learn_ties_and_all(pairs: list[tuple[int, bool]]) -> None:
    values, positive = np.array([v for v, _ in pairs], float), np.array([p for _, p in pairs])
    if positive.all() or not positive.any():
        assert np.isnan(auc(values, positive))
    else:
        assert auc(values, positive) == pytest.approx(roc_auc_score(positive, values))


def test_the_threshold_lets_95_of_100_masks_pass() -> None:
    p = np.linspace(0.01, 0.99, 100)
    logits = np.log(np.stack([p, (1 - p) / 2, (1 - p) / 2], 1))
    found = score(logits, np.zeros(100, np.int64))
    assert (softmax(logits)[:, 0] >= found.threshold).mean() >= 0.95
    assert (softmax(logits)[:, 0] > found.threshold).mean() < 0.96


def test_who_is_stopped_is_counted_at_that_threshold() -> None:
    logits = np.array([[4, 0, 0]] * 20 + [[0, 4, 0]] * 3 + [[9, 0, 0]] + [[0, 0, 4]] * 4, float)
    truth = np.array([0] * 20 + [1] * 4 + [2] * 4)
    found = score(logits, truth)
    assert (found.stops_incorrect, found.stops_no_mask, found.balanced) == (0.75, 1.0, 1.0)


def test_masks_alone_say_nothing_and_end_no_training() -> None:
    found = score(np.array([[4.0, 0, 0], [0, 4, 0]]), np.array([0, 0]))
    assert np.isnan(found.auc)
    assert found.worth == 0.0


def test_thresholds_let_no_more_pass_than_was_stated() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 900)
    passing = np.clip(np.where(truth == M, 0.8, 0.2) + rng.normal(0, 0.2, 900), 0.001, 0.999)
    p = np.stack([passing, (1 - passing) / 2, (1 - passing) / 2], axis=1)
    for name, row in thresholds(p, truth).items():
        assert row["others that pass"] <= float(name.rstrip("%")) / 100
        assert row["masks below it"] <= float(name.rstrip("%")) / 100
        assert (p[truth != M, M] >= row["pass_min"]).mean() == row["others that pass"]
    assert thresholds(p[truth == M], truth[truth == M]) == {}


def test_two_answers_are_three_of_which_one_is_never_said() -> None:
    three = three_of(np.array([[2.0, -1.0], [0.0, 3.0]]))
    assert softmax(three)[:, I] == pytest.approx(0, abs=1e-9)
    assert softmax(three)[0, M] == pytest.approx(1 / (1 + np.exp(-3)))
    assert (three_of(three) == three).all()


def test_balanced_asks_mask_or_bare_and_leaves_incorrect_aside() -> None:
    p = np.array([[0.3, 0.6, 0.1], [0.1, 0.6, 0.3], [0.2, 0.1, 0.7]])
    assert balanced(p, np.array([0, 2, 2])) == 1.0


def test_an_overconfident_model_is_given_its_temperature_back() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 3))
    truth = np.array([rng.choice(3, p=row) for row in softmax(logits)])
    assert temperature(logits * 3, truth) == pytest.approx(3, rel=0.1)
    assert ece(softmax(logits * 3, 3), truth) < 0.03 < ece(softmax(logits * 3), truth)


def test_the_bootstrap_interval_of_a_share_is_that_of_the_textbook() -> None:
    hits = np.arange(400) < 300
    low, high = interval(lambda chosen: float(hits[chosen].mean()), [f"{i}.jpg" for i in range(400)])
    assert (low, high) == pytest.approx((0.7076, 0.7924), abs=0.01)


@pytest.mark.parametrize("faces", [1, 4, 10])
def test_faces_that_are_right_or_wrong_with_their_picture_are_no_more_than_one(faces: int) -> None:
    hits = np.repeat(np.arange(100) < 75, faces)
    pictures = [f"{i // faces}.jpg" for i in range(len(hits))]
    low, high = interval(lambda chosen: float(hits[chosen].mean()), pictures)
    assert (low, high) == pytest.approx((0.665, 0.835), abs=0.012)  # 0.75 +- 1.96 sqrt(0.75 x 0.25 / 100)
    shuffled = np.random.default_rng(0).permutation(len(hits))
    assert interval(lambda chosen: float(hits[shuffled][chosen].mean()), [pictures[i] for i in shuffled]) == (low, high)


def test_no_faces_have_no_interval() -> None:
    assert np.isnan(interval(lambda chosen: 1.0, [])).all()


def test_a_class_that_no_face_is_of_is_left_out_of_the_choice_and_said_in_words() -> None:
    found = score(np.array([[4.0, 0, 0]] * 3 + [[0, 0, 4]] * 2), np.array([M, M, M, 2, 2]))
    assert found.worth == 1.0
    assert "incorrect not measured" in str(found)
    assert "nan" not in str(found)


@pytest.mark.parametrize(("truth", "tells"), [([], False), ([M], False), ([I, 2], False), ([M, 2], True), ([M, I], True)])
def test_faces_tell_apart_who_passes_only_if_some_do_and_some_do_not(truth: list[int], tells: bool) -> None:
    assert tells_apart(np.array(truth, np.int64)) is tells
