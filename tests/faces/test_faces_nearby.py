# SPDX-License-Identifier: Apache-2.0
"""Figures over the sizes around one: how faces fall on the cells cancels out."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.faces.measure import Outcome, Sighting
from trainer.faces.results import Result, names_of, nearby
from trainer.faces.tables import nearby_table


def result(model: str, size: int, score: float, false: int) -> Result:
    faces = [Sighting(label="mask", share=0.3, score=score), Sighting(label="mask", share=0.3, score=0.9)]
    return Result(model=model, size=size, milliseconds=1.0, landmark_error=0.1, outcome=Outcome(pictures=4, faces=faces, false_scores=[0.7] * false))


@pytest.mark.parametrize("size", [160, 320])
def test_sizes_lie_evenly_around_the_one_meant(size: int) -> None:
    sizes = nearby(size)
    assert sizes[3] == size
    assert len(set(sizes)) == 7
    assert sum(sizes) == 7 * size
    assert max(abs(near / size - 1) for near in sizes) < 0.035


def test_each_detector_has_the_mean_of_its_own_sizes_and_its_worst_and_best() -> None:
    results = [result("ours", 100, 0.7, 1), result("theirs", 100, 0.5, 2), result("ours", 104, 0.5, 4), result("theirs", 104, 0.5, 2)]
    table = nearby_table(results, 0.6, "these")
    assert "2 long sides from 100 to 104 px, least and greatest, score >= 0.6, these:" in table
    ours, theirs = table.splitlines()[-2:]
    assert ours.startswith("| ours | 0.750 (0.500 to 1.000) |")
    assert ours.endswith("| 0.625 (0.250 to 1.000) |")
    assert theirs.startswith("| theirs | 0.500 (0.500 to 0.500) |")
    assert theirs.endswith("| 0.500 (0.500 to 0.500) |")


@pytest.mark.parametrize(("models", "names"), [
    (["a/face.onnx", "b/yunet.onnx"], ["face", "yunet"]),
    (["a/face.onnx", "b/face.onnx", "b/yunet.onnx"], ["a/face", "b/face", "yunet"]),
    (["/one/edge/models/face.onnx", "/two/edge/models/face.onnx"], ["one/edge/models/face", "two/edge/models/face"]),
    (["models/face.onnx", "/one/models/face.onnx"], ["models/face.onnx", "one/models/face"])])
def test_no_two_detectors_share_a_name_under_which_their_figures_would_be_one(models: list[str], names: list[str]) -> None:
    assert names_of([Path(model) for model in models]) == names
