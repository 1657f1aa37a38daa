# SPDX-License-Identifier: Apache-2.0
"""The network in Keras: equal to its file, also with units added, handed down, and scores shifted."""

from __future__ import annotations

from pathlib import Path

import pytest
from faces_keras import run

pytestmark = pytest.mark.slow


def test_opencv_and_keras_give_the_same_numbers(tmp_path: Path) -> None:
    code = """
from trainer.faces.export import difference
from trainer.faces.onnx_file import write_onnx
for seed in (1, 2):
    weights = random_weights(TINY, seed)
    write_onnx(Path(sys.argv[1]), TINY, weights)
    for side in (96, 320):
        print(difference(Path(sys.argv[1]), TINY, weights, side))
"""
    assert max(float(line) for line in run(code, str(tmp_path / "a.onnx")).split()) < 1e-4


def test_weights_come_out_of_keras_as_they_went_in_and_grown_units_change_nothing() -> None:
    run("""
from dataclasses import replace
weights = random_weights(TINY, 1)
network = build(TINY); put_weights(network, TINY, weights)
for name, (kernel, bias) in take_weights(network, TINY).items():
    assert np.allclose(kernel, weights[name][0], atol=1e-7) and np.array_equal(bias, weights[name][1]), name
plan = replace(TINY, shared=(1, 2, 1))
larger = build(plan); put_weights(larger, plan, grow(weights, plan))
picture = np.random.default_rng(1).random((1, 64, 96, 3), np.float32)
for first, second in zip(network(picture), larger(picture)):
    assert np.allclose(first, second, atol=1e-5)
""")


def test_units_before_a_head_are_given_on_to_the_finer_strides_where_the_plan_says_so(tmp_path: Path) -> None:
    code = """
from dataclasses import replace
from trainer.faces.export import difference
from trainer.faces.onnx_file import read_onnx, write_onnx
path = Path(sys.argv[1])
for shared in ((0, 1, 0), (0, 0, 1), (1, 2, 1)):
    its = replace(TINY, shared=shared, down=True)
    write_onnx(path, its, random_weights(its, 1))
    assert read_onnx(path)[0] == its, shared
plan = replace(TINY, shared=(0, 1, 2))
weights = random_weights(plan, 1)
picture = np.random.default_rng(1).random((1, 64, 96, 3), np.float32)
fine = []
for down in (False, True):
    its = replace(plan, down=down)
    write_onnx(path, its, weights)
    read, again = read_onnx(path)
    assert read == its and all(np.array_equal(again[name][0], kernel) for name, (kernel, _) in weights.items())
    assert difference(path, its, weights, 96) < 1e-4
    network = build(its); put_weights(network, its, weights)
    fine.append(network(picture))
assert np.array_equal(fine[0][2], fine[1][2]) and not np.allclose(fine[0][1], fine[1][1]) and not np.allclose(fine[0][0], fine[1][0])
"""
    run(code, str(tmp_path / "a.onnx"))


def test_shifting_obj_moves_all_scores_one_way_and_no_box() -> None:
    run("""
from trainer.faces.weights import shifted
weights = random_weights(TINY, 1)
lower = shifted(weights, -1.5)
picture = np.random.default_rng(1).random((1, 64, 64, 3), np.float32)
network = build(TINY); put_weights(network, TINY, weights); before = [np.array(m) for m in network(picture)]
put_weights(network, TINY, lower); after = [np.array(m) for m in network(picture)]
for first, second in zip(before, after):
    assert np.allclose(second[..., 1], first[..., 1] - 1.5, atol=1e-5)
    assert np.array_equal(np.delete(second, 1, -1), np.delete(first, 1, -1))
""")
