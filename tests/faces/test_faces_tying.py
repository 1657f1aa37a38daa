# SPDX-License-Identifier: Apache-2.0
"""A network that is tied says the same of a picture and of its mirror image."""

from __future__ import annotations

from pathlib import Path

import pytest
from faces_keras import run

pytestmark = pytest.mark.slow

APART = """
import tensorflow as tf
from trainer.faces.symmetry import mirror_answers, mirror_pictures
from trainer.faces.plan import STRIDES
from trainer.faces.tying import Tie, best_pairs, evened, families, partners_of, pull_at
def answers(plan, weights, width=1600):
    network = build(plan); put_weights(network, plan, weights)
    picture = tf.constant(np.random.default_rng(1).random((1, 64, width, 3), np.float32))
    return network(picture), network(mirror_pictures(picture))
def apart(plan, weights):
    # In the middle, where the frame's ends are not seen: there zeros stand beside the picture, on one side only before the first convolution.
    both = zip(*answers(plan, weights), STRIDES)
    return max(float(np.abs(straight - mirror_answers(mirrored, stride))[0, :, straight.shape[2] // 2].max()) for straight, mirrored, stride in both)
def random_partners(plan, seed):
    rng, found = np.random.default_rng(seed), {}
    for family in set(families(plan).values()) - {"input"}:
        width = next(layer.outputs for layer in plan.layers() if families(plan)[layer.name] == family)
        order, partner = rng.permutation(width), np.arange(width)
        for first, second in zip(order[:width // 3], order[width // 3:2 * (width // 3)]):
            partner[first], partner[second] = second, first
        if not family.startswith("head"):
            found[family] = partner
    return found
def tied(plan, weights, partners, pull=1.0):
    network = build(plan); put_weights(network, plan, weights)
    Tie(network, plan, partners).draw(pull)
    return take_weights(network, plan)
"""


def test_answers_turned_back_twice_are_as_before_and_sides_are_swapped() -> None:
    run(APART + """
maps = tf.constant(np.random.default_rng(1).random((2, 3, 4, 16), np.float32))
for stride in STRIDES:
    turned = mirror_answers(maps, stride)
    assert np.allclose(mirror_answers(turned, stride), maps, atol=1e-6) and not np.allclose(turned, maps)
    # The right eye of a face at column 0 is the left one of the face at the last column, as far from the other end.
    x = lambda part, column, channel: (column + float(part[0, 0, column, channel])) * stride
    assert abs(x(turned, 3, 6) - (4 * stride - 2 - x(maps, 0, 8))) < 1e-4
pictures = np.arange(8.0).reshape(1, 1, 8, 1)
assert np.array_equal(np.asarray(mirror_pictures(tf.constant(pictures))).ravel(), [6, 5, 4, 3, 2, 1, 0, 0]), "even columns come from even ones"
""")


@pytest.mark.parametrize("down", [False, True])
def test_a_tied_network_says_the_same_of_a_mirror_image_whatever_its_partners_are(down: bool) -> None:
    run(APART + """
from dataclasses import replace
plan = replace(TINY, shared=(1, 1, 2), down=sys.argv[1] == "True")
weights = random_weights(plan, 3)
weights = {name: (kernel, bias + np.float32(0.01)) for name, (kernel, bias) in weights.items()}
partners = random_partners(plan, 4)
assert apart(plan, weights) > 0.01
assert apart(plan, tied(plan, weights, partners)) < 1e-4
half = tied(plan, weights, partners, 0.5)
assert all(np.allclose(half[name][k], (weights[name][k] + tied(plan, weights, partners)[name][k]) / 2, atol=1e-6) for name in weights for k in (0, 1))
""", str(down))


def test_partners_are_found_again_and_made_alike_without_changing_what_the_network_says() -> None:
    run(APART + """
partners = random_partners(TINY, 5)
weights = tied(TINY, random_weights(TINY, 6), partners)
rng = np.random.default_rng(7)
# Channels are scaled where they are made and scaled back where they are read, so that what is symmetric does not look so.
factor = rng.uniform(0.5, 2, 4).astype(np.float32)
(kernel, bias), (reads, offset) = weights["stem.conv"], weights["stem.point"]
uneven = weights | {"stem.conv": (kernel * factor[:, None, None, None], bias * factor), "stem.point": (reads / factor[None, :, None, None], offset)}
images = [rng.integers(0, 255, (90, 320, 3), np.uint8) for _ in range(2)]
found, spreads = partners_of(TINY, uneven, images)
alive = {family: spreads[family] > 1e-3 for family in found}
assert set(found) == set(partners) and any(part.any() for part in alive.values())
for family, live in alive.items():
    assert np.array_equal(found[family][live], partners[family][live]), family
even = evened(TINY, uneven, found, spreads)
for one, other in zip(answers(TINY, uneven, 320)[0], answers(TINY, even, 320)[0]):
    assert np.allclose(one, other, atol=1e-4)
assert np.allclose(even["stem.conv"][0][alive["stem.conv.relu"]], even["stem.conv"][0][partners["stem.conv.relu"]][..., ::-1][alive["stem.conv.relu"]], rtol=0.05)
""")


def test_pairs_are_those_that_agree_best_all_together() -> None:
    run(APART + """
likeness = np.eye(5) * 0.2
likeness[0, 1] = likeness[1, 0] = 0.8           # 0 and 1 agree well, but then 2 and 3 are left with little
likeness[0, 2] = likeness[1, 3] = 0.7
likeness[2, 0] = likeness[3, 1] = 0.7
assert best_pairs(likeness).tolist() == [2, 3, 0, 1, 4]
assert [round(pull_at(step, 10), 4) for step in (0, 10, 20)] == [0.001, 1, 1] and pull_at(4, 10) < pull_at(5, 10)
""")


def test_a_training_ends_tied_and_learns_small_scenes_by_turns(tmp_path: Path) -> None:
    run(APART + """
import cv2
from trainer.faces import training
from trainer.faces.labels import Batch
from trainer.faces.onnx_file import write_onnx
from trainer.faces.recipe import Recipe
folder = Path(sys.argv[1])
plan = Plan(stages=TINY.stages)
for seed, name in enumerate((training.WIDER, "second.onnx")):
    # No channel is dead from the start: next to such a one its partner would be thousands of times as large.
    write_onnx(folder / name, plan, {layer: (kernel, bias + np.float32(0.3)) for layer, (kernel, bias) in random_weights(plan, seed).items()})
rng = np.random.default_rng(1)
training.photographs = lambda data: [rng.integers(0, 255, (64, 64, 3), np.uint8)]
recipe = Recipe(name="r", cache=sys.argv[1], weights=sys.argv[1], start="second.onnx", stages=plan.stages, shared=(0, 0, 0), imitate=1.0,
                advisers=("second.onnx",), copy=True, mirror="both", tie=3, small=3, steps=100, warm_up=0, rate=1e-3, average=0.5)
none = np.zeros((2, 1), np.float32)
batch = Batch(rng.integers(0, 255, (2, 64, 64, 3), np.uint8), np.full((2, 1, 4), 8, np.float32), np.full((2, 1, 10), 8, np.float32), none, none, none, none)
fit = training.Training(recipe)
seen, halved = [], training.halved
training.halved = lambda batch: seen.append(fit.step) or halved(batch)
for _ in range(6):
    fit.learn(batch)
assert seen == [2, 5], seen
small = halved(batch)
assert small.pictures.shape == (2, 32, 32, 3) and small.boxes.max() == small.points.max() == 4
before, after = apart(plan, random_weights(plan, 1)), apart(plan, take_weights(fit.network, plan))
assert after < 1e-4 * before, (before, after)
""", str(tmp_path))
