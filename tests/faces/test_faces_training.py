# SPDX-License-Identifier: Apache-2.0
"""The network in Keras: equal to its file, and able to learn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# TensorFlow warns about itself at import and keeps threads; a process of its own leaves the other tests alone.
HEAD = """
import numpy as np, sys
from pathlib import Path
from trainer.faces.plan import Plan
from trainer.faces.network import build, put_weights, take_weights, random_weights, grow
TINY = Plan(stem=4, stages=((4, 6), (6, 8), (8, 8), (8, 8), (8, 8)), shared=(0, 1, 0))
def learn_alike(first, second, batch):
    for _ in range(3):
        first.learn(batch), second.learn(batch)
    ends = [take_weights(training.network, training.plan) for training in (first, second)]
    return all(np.allclose(ends[0][name][part], ends[1][name][part], atol=1e-5) for name in ends[0] for part in (0, 1))
"""


def run(code: str, *arguments: str) -> str:
    """Run code after HEAD; what it printed."""
    done = subprocess.run([sys.executable, "-c", HEAD + code, *arguments], capture_output=True, text=True, timeout=55, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


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


def test_cells_over_a_face_answer_for_it_and_not_for_one_to_be_left_alone() -> None:
    run("""
import tensorflow as tf
from trainer.faces.targets import Batch, choose, flatten, inside
maps = [tf.zeros((1, 128 // s, 128 // s, 16)) for s in (8, 16, 32)]
boxes = np.array([[[16, 16, 64, 64], [80, 80, 120, 120]]], np.float32)
flags = lambda *v: np.array([v], np.float32)
batch = Batch(None, boxes, np.zeros((1, 2, 10), np.float32), flags(1, 0), flags(0, 1), flags(0, 0), flags(0, 0))
cells = flatten(maps)
owner, answers = (x.numpy()[0] for x in choose(cells, batch, inside(cells, batch.boxes)))
assert 1 <= answers.sum() <= 10
assert (owner[answers] == 0).all()
centres = cells.centres.numpy()[answers]
assert (centres > 16).all() and (centres < 64).all()
""")


def test_a_few_steps_learn_one_face() -> None:
    run("""
import tensorflow as tf
from trainer.faces.targets import Batch, losses
network = build(TINY); put_weights(network, TINY, random_weights(TINY, 1))
picture = np.zeros((1, 64, 64, 3), np.float32); picture[:, 16:48, 16:48] = 1
one = np.ones((1, 1), np.float32)
batch = Batch(picture, np.array([[[16, 16, 48, 48]]], np.float32), np.full((1, 1, 10), 32, np.float32), one, 0 * one, one, one)
optimiser = tf.keras.optimizers.Adam(0.01)
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.add_n(list(losses(network(picture), [], batch).values()))
    optimiser.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)
    return loss
seen = [float(step()) for _ in range(40)]
assert seen[-1] < 0.5 * seen[0], seen
""")


def test_teachers_are_heard_where_they_see_the_face_itself_and_not_where_they_are_beside_it() -> None:
    run("""
import tensorflow as tf
from trainer.faces.targets import Batch, losses
one = np.ones((1, 1), np.float32)
batch = Batch(None, np.array([[[48, 48, 80, 80]]], np.float32), np.zeros((1, 1, 10), np.float32), one, 0 * one, 0 * one, one)
def maps(row, column, logit, size=2.0, others=-9.0):
    found = [np.zeros((1, 128 // s, 128 // s, 16), np.float32) for s in (8, 16, 32)]
    for part in found:
        part[..., :2] = others
    found[1][0, row, column, :2] = logit
    found[1][0, :, :, 4:6] = np.log(size)
    return [tf.constant(part) for part in found]
def imitated(own, *teachers):
    return float(losses(own, list(teachers), batch)["imitate"])
teacher = maps(4, 4, 4.0)   # box 48 to 80, the face itself
assert imitated(maps(4, 4, 4.0), teacher) < imitated(maps(4, 4, 0.0), teacher) < imitated(maps(4, 4, -4.0), teacher)
beside = maps(4, 4, 4.0, size=6.0)   # sees a face, but a much larger one: its word on the place does not count
assert abs(imitated(maps(4, 4, 4.0), beside) - imitated(maps(4, 4, -4.0), beside)) < 1e-5
fooled = maps(1, 1, 4.0)    # a face where none is
assert abs(imitated(maps(1, 1, 4.0), fooled) - imitated(maps(1, 1, -4.0), fooled)) < 1e-5
doubtful = maps(1, 1, -1.0)
assert imitated(maps(1, 1, -1.0), doubtful) < imitated(maps(1, 1, -5.0), doubtful)
assert imitated(maps(4, 4, 1.0), maps(4, 4, 4.0), maps(4, 4, -2.0)) < imitated(maps(4, 4, 4.0), maps(4, 4, 4.0), maps(4, 4, -2.0))
# Believed in the labels' place:
def believed(own, *teachers):
    return float(losses(own, list(teachers), batch, True)["imitate"])
# Of two who see the face the surer is believed; who is beside it, however sure, is not.
assert believed(maps(4, 4, 4.0), maps(4, 4, 4.0), maps(4, 4, 0.5)) < believed(maps(4, 4, 2.0), maps(4, 4, 4.0), maps(4, 4, 0.5))
assert believed(maps(4, 4, 1.0), maps(4, 4, 1.0), maps(4, 4, 6.0, size=6.0)) < believed(maps(4, 4, 3.0), maps(4, 4, 1.0), maps(4, 4, 6.0, size=6.0))
# Nor who has a surer box beside it than any on it.
torn = maps(4, 4, 0.5)
torn[1] = tf.tensor_scatter_nd_update(torn[1], [[0, 3, 3, 0], [0, 3, 3, 1]], [4.0, 4.0])
assert abs(believed(maps(4, 4, 4.0), torn) - believed(maps(4, 4, -4.0), torn)) < 1e-5
# Under a face that is believed the labels are silent in the cells that do not answer, and its box is learnt there too.
def with_one(sure):
    own = maps(4, 4, 4.0)
    own[0] = tf.tensor_scatter_nd_update(own[0], [[0, 6, 9, 1]], [sure])
    return own
for adviser, silent in ((teacher, True), (torn, False)):
    low, high = (float(losses(with_one(sure), [adviser], batch, True)["obj"]) for sure in (-9.0, 2.0))
    assert (abs(low - high) < 1e-5) == silent
assert float(losses(maps(4, 4, 4.0), [teacher], batch, True)["box"]) != float(losses(maps(4, 4, 4.0), [torn], batch, True)["box"])
# On the ground it is the mean of what they say, and the labels are silent there.
wary, sure = maps(1, 1, -1.0), maps(1, 1, -3.0)
mean = maps(1, 1, -2.0)
assert abs(believed(maps(1, 1, -1.5), wary, sure) - believed(maps(1, 1, -1.5), mean)) < 1e-5
assert float(losses(maps(1, 1, -1.0), [wary], batch, True)["obj"]) == float(losses(maps(1, 1, 3.0), [wary], batch, True)["obj"])
# Ground that fools them is left to the labels.
assert abs(believed(maps(1, 1, 4.0), fooled) - believed(maps(1, 1, -4.0), fooled)) < 1e-5
assert float(losses(maps(1, 1, -1.0), [fooled], batch, True)["obj"]) < float(losses(maps(1, 1, 3.0), [fooled], batch, True)["obj"])
# So is a cell that lies under another face too, which they do not see.
two = np.ones((1, 2), np.float32)
both = Batch(None, np.array([[[48, 48, 80, 80], [56, 40, 126, 126]]], np.float32), np.zeros((1, 2, 10), np.float32), two, 0 * two, 0 * two, two)
def of_both(own):
    return float(losses(own, [teacher], both, True)["imitate"])
assert abs(of_both(maps(4, 4, 4.0)) - of_both(maps(4, 4, -4.0))) < 1e-5
assert of_both(maps(3, 3, 4.0)) != of_both(maps(3, 3, -4.0))   # under the face that they see, alone
assert "imitate" not in losses(teacher, [], batch)
""")


def test_a_copy_answers_as_its_advisers_do_together() -> None:
    run("""
import tensorflow as tf
from trainer.faces.copying import copy_losses
def maps(logit, size=2.0, at=0.0):
    found = [np.zeros((1, 128 // s, 128 // s, 16), np.float32) for s in (8, 16, 32)]
    for part in found:
        part[..., :2] = -9.0
    found[1][0, 4, 4, :2] = logit
    found[1][0, :, :, 4:6] = np.log(size)
    found[1][..., 6:] = at
    return [tf.constant(part) for part in found]
def lost(own, *advisers, parts=("cls", "obj"), share=0.4):
    return sum(float(copy_losses(own, list(advisers), share)[part]) for part in parts)
def best(*advisers, share=0.4):
    return min(np.arange(-3, 5.1, 0.25), key=lambda logit: lost(maps(logit), *advisers, share=share))
# The first counts for its share, the others for the rest in equal parts; nothing is learnt from labels, for there are none.
assert best(maps(-1.0), maps(4.0)) == 2.0
assert best(maps(4.0), maps(-1.0)) == 1.0
assert best(maps(4.0), maps(-1.0), share=0.6) == 2.0
assert best(maps(-1.0), maps(4.0), maps(1.5)) == 1.25
# Boxes and landmarks are those of the last one, where they see a face.
first, last = maps(3.0, 2.2, at=1.0), maps(3.0, 2.0, at=2.0)
for part in ("box", "points"):
    assert lost(last, first, last, parts=(part,)) < 1e-5 < lost(first, first, last, parts=(part,))
    assert lost(maps(-9.0, 3.0, at=5.0), maps(-9.0), maps(-9.0), parts=(part,)) == 0
""")


def test_an_adviser_shown_a_mirror_image_tells_of_the_picture_itself(project: Path) -> None:
    run("""
import tensorflow as tf
from skimage.data import astronaut
from trainer.faces.copying import look
from trainer.faces.network import decode
from trainer.faces.onnx_file import read_onnx
plan, weights = read_onnx(Path(sys.argv[1]))
adviser = build(plan); put_weights(adviser, plan, weights)
picture = tf.constant(astronaut()[None, :384, 64:384, ::-1].astype(np.float32) / 255)
for stride, straight, turned in zip((8, 16, 32), look(adviser, picture, tf.constant(False)), look(adviser, picture, tf.constant(True))):
    assert np.allclose(straight, adviser(picture)[(8, 16, 32).index(stride)])
    assert not np.allclose(straight, turned, atol=0.1)
    sure = tf.reduce_max(straight[..., 1]) > 2
    if sure:
        row, column = np.unravel_index(np.argmax(straight[0, ..., 1]), straight.shape[1:3])
        assert turned[0, row, column, 1] > 2, "the face is seen in the same place"
        assert np.abs(decode(straight, stride)[0, row, column] - decode(turned, stride)[0, row, column]).max() < 12
        # Right stays right: were the sides not swapped back, eyes and corners of the mouth would be an eye distance off.
        points = [np.asarray(told)[0, row, column, 6:] * stride for told in (straight, turned)]
        assert np.abs(points[0] - points[1]).max() < 0.3 * abs(points[0][2] - points[0][0]), points
        found = stride
assert found
""", str(project / "edge/models/face.onnx"))


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_a_copy_comes_nearer_to_its_advisers_and_goes_on_where_it_stopped(tmp_path: Path, optimiser: str) -> None:
    run("""
from dataclasses import replace
from trainer.faces.fit import WIDER, Training
from trainer.faces.onnx_file import write_onnx
from trainer.faces.recipe import Recipe
from trainer.faces.targets import Batch
folder = Path(sys.argv[1])
plan = Plan(stages=TINY.stages)
for seed, name in enumerate((WIDER, "second.onnx", "first.onnx")):
    write_onnx(folder / name, plan, random_weights(plan, seed))
recipe = Recipe(name="r", cache=sys.argv[1], weights=sys.argv[1], start="first.onnx", stages=plan.stages, shared=(0, 0, 0), imitate=1.0,
                advisers=("second.onnx",), copy=True, mirror=True, optimiser=sys.argv[2], steps=100, warm_up=0, rate=5e-3)
none = np.zeros((2, 1), np.float32)
batch = Batch(np.random.default_rng(1).integers(0, 255, (2, 64, 64, 3), np.uint8), np.zeros((2, 1, 4), np.float32), np.zeros((2, 1, 10), np.float32), none, none, none, none)
training = Training(recipe)
lost = [sum(float(part) for part in training.learn(batch).values()) for _ in range(24)]
assert sum(lost[-4:]) < 0.8 * sum(lost[:4]), lost      # four steps: each adviser straight and mirrored
training.save()
# Nothing learnt, two advisers: four steps show the four combinations of straight and mirrored, or all the same one.
for mirror, kinds in ((True, 4), (False, 1)):
    still = Training(replace(recipe, name=f"still{mirror}", rate=1e-12, mirror=mirror))
    seen = [float(still.learn(batch)["obj"]) for _ in range(8)]
    assert len({f"{loss:.4f}" for loss in seen[:4]}) == kinds and np.allclose(seen[:4], seen[4:], atol=1e-4), seen
again = Training(recipe)
assert again.step == training.step == 24
assert learn_alike(training, again, batch)
""", str(tmp_path), optimiser)


def test_yunet_n_is_heard_before_the_recipes_advisers_and_nobody_where_nothing_is_imitated(tmp_path: Path) -> None:
    run("""
from trainer.faces.fit import WIDER, advisers
from trainer.faces.onnx_file import write_onnx
from trainer.faces.recipe import Recipe
folder = Path(sys.argv[1])
for seed, name in enumerate((WIDER, "second.onnx")):
    write_onnx(folder / name, TINY, random_weights(TINY, seed))
recipe = Recipe(name="r", weights=str(folder), imitate=1.0, advisers=("second.onnx",))
asked = [take_weights(network, TINY)["stem.point"][0] for network in advisers(recipe)]
assert [np.allclose(own, random_weights(TINY, seed)["stem.point"][0]) for seed, own in enumerate(asked)] == [True, True]
assert advisers(Recipe(name="r", weights=str(folder), imitate=0.0, advisers=("second.onnx",))) == []
""", str(tmp_path))


def test_a_training_goes_on_where_it_stopped_and_refuses_the_state_of_another_shape(tmp_path: Path) -> None:
    run("""
import json
from dataclasses import asdict, replace
from trainer.errors import TrainerError
from trainer.faces.onnx_file import write_onnx
from trainer.faces.fit import Training
from trainer.faces.recipe import Recipe
from trainer.faces.targets import Batch
recipe = Recipe(name="r", cache=sys.argv[1], start="", stages=TINY.stages, shared=(0, 0, 0), imitate=0.0, steps=100, warm_up=0, rate=5e-3)
one = np.ones((2, 1), np.float32)
picture = np.random.default_rng(1).integers(0, 255, (2, 64, 64, 3), np.uint8)
batch = Batch(picture, np.array([[[16, 16, 48, 48]]] * 2, np.float32), np.full((2, 1, 10), 32, np.float32), one, 0 * one, one, 0 * one)
training = Training(recipe)
for _ in range(3):
    training.learn(batch)
training.save()
again = Training(recipe)
assert again.step == training.step == 3
assert learn_alike(training, again, batch)
state = next(Path(sys.argv[1]).glob("r/states/*data*"))
(Path(sys.argv[1]) / "r/recipe.json").write_text(json.dumps(asdict(recipe)))
other = Path(sys.argv[1]) / "other.onnx"
write_onnx(other, training.plan, random_weights(training.plan, 5))
for changed, damage in ((replace(recipe, down=True), False), (replace(recipe, start=str(other)), False), (replace(recipe, shared=(0, 2, 0)), False),
                        (replace(recipe, stages=((4, 6), (6, 6), *TINY.stages[2:])), False), (recipe, True)):
    if damage:
        state.write_bytes(state.read_bytes()[:1000])
    try:
        Training(changed)
        raise SystemExit(f"taken: {changed}")
    except TrainerError as error:
        assert "does not fit the recipe, or is damaged" in str(error) and "another `name`" in error.hint, error
for text in (b"", b"\\xff\\xfe"):
    (Path(sys.argv[1]) / "r/states/checkpoint").write_bytes(text)
    try:
        Training(recipe)
        raise SystemExit(f"taken: {text}")
    except TrainerError:
        pass
""", str(tmp_path))


def test_a_fit_stops_where_it_is_told_measures_what_was_not_and_takes_a_mean_anew(tmp_path: Path) -> None:
    run("""
import json
from types import SimpleNamespace
from trainer.faces import fit as fitting, select
from trainer.faces.measure import Outcome
from trainer.faces.onnx_file import read_onnx, write_onnx
from trainer.faces.recipe import Recipe
from trainer.faces.targets import Batch
folder = Path(sys.argv[1])
select.held_out = lambda data: []
select.look = lambda detector, pictures, size: Outcome(faces=[], false_scores=[0.5], pictures=1)
fitting.load_store = lambda recipe: SimpleNamespace(usable=lambda: [])
one = np.ones((1, 1), np.float32)
batch = Batch(np.zeros((1, 64, 64, 3), np.uint8), np.array([[[16, 16, 48, 48]]], np.float32), np.full((1, 1, 10), 32, np.float32), one, 0 * one, one, 0 * one)
def batches(store, recipe, start):
    while True:
        yield batch
fitting.batches = batches
shape = dict(cache=sys.argv[1], weights=sys.argv[1], stages=TINY.stages, shared=(0, 0, 0), imitate=0.0, choose="last")
recipe = Recipe(name="short", start="", steps=4, stop=2, every=1, warm_up=0, **shape)
figures = folder / "short/selection.jsonl"
steps = lambda: [json.loads(line)["step"] for line in figures.read_text().splitlines()]
assert fitting.fit(recipe).name == "step-000002.onnx" and steps() == [0, 1, 2]
figures.write_text("".join(figures.read_text().splitlines(True)[:2]))   # stopped between saving and measuring
assert fitting.fit(recipe).name == "step-000002.onnx" and steps() == [0, 1, 2]
plan = Plan(stages=TINY.stages)
mean = Recipe(name="mean", start=("a.onnx", "b.onnx"), steps=0, **shape)
for seeds in ((1, 2), (1, 3)):
    for name, seed in zip("ab", seeds):
        write_onnx(folder / f"{name}.onnx", plan, random_weights(plan, seed))
    found = read_onnx(fitting.fit(mean))[1]
    first, second = (random_weights(plan, seed) for seed in seeds)
    assert all(np.allclose(found[name][0], (first[name][0] + second[name][0]) / 2, atol=1e-6) for name in found), seeds
""", str(tmp_path))


def test_shifting_obj_moves_all_scores_one_way_and_no_box() -> None:
    run("""
from trainer.faces.export import shifted
weights = random_weights(TINY, 1)
lower = shifted(weights, -1.5)
picture = np.random.default_rng(1).random((1, 64, 64, 3), np.float32)
network = build(TINY); put_weights(network, TINY, weights); before = [np.array(m) for m in network(picture)]
put_weights(network, TINY, lower); after = [np.array(m) for m in network(picture)]
for first, second in zip(before, after):
    assert np.allclose(second[..., 1], first[..., 1] - 1.5, atol=1e-5)
    assert np.array_equal(np.delete(second, 1, -1), np.delete(first, 1, -1))
""")


def test_an_export_notes_its_checksum_where_the_old_one_stood(tmp_path: Path) -> None:
    run("""
import hashlib
from trainer.faces.export import note_sum
folder = Path(sys.argv[1])
(folder / "face.onnx").write_bytes(b"new")
lines = [b"\\xef\\xbb\\xbf" + b"0" * 64 + b"  face.onnx", b"1" * 64 + b"  other.onnx", b"2" * 64 + b" *face.onnx", b"\\xff face.onnx"]
(folder / "SHA256SUMS").write_bytes(b"\\n".join(lines) + b"\\n")
note_sum(folder / "face.onnx")
new = hashlib.sha256(b"new").hexdigest().encode()
assert (folder / "SHA256SUMS").read_bytes() == b"\\n".join([b"\\xef\\xbb\\xbf" + new + b"  face.onnx", lines[1], new + b" *face.onnx", lines[3]]) + b"\\n"
""", str(tmp_path))
