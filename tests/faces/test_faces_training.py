# SPDX-License-Identifier: Apache-2.0
"""Trainings: what they begin with, go on with and end with."""

from __future__ import annotations

from pathlib import Path

import pytest
from faces_keras import run

pytestmark = pytest.mark.slow

LEARN_ALIKE = """
def learn_alike(first, second, batch):
    for _ in range(3):
        first.learn(batch), second.learn(batch)
    ends = [take_weights(training.network, training.plan) for training in (first, second)]
    return all(np.allclose(ends[0][name][part], ends[1][name][part], atol=1e-5) for name in ends[0] for part in (0, 1))
"""


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_a_copy_comes_nearer_to_its_advisers_and_goes_on_where_it_stopped(tmp_path: Path, optimiser: str) -> None:
    run(LEARN_ALIKE + """
from dataclasses import replace
from trainer.faces.training import WIDER, Training
from trainer.faces.onnx_file import write_onnx
from trainer.faces.recipe import Recipe
from trainer.faces.labels import Batch
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
from trainer.faces.training import WIDER, advisers
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
    run(LEARN_ALIKE + """
import json
from dataclasses import asdict, replace
from trainer.errors import TrainerError
from trainer.faces.onnx_file import write_onnx
from trainer.faces.training import Training
from trainer.faces.recipe import Recipe
from trainer.faces.labels import Batch
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
for changed, said in ((replace(recipe, down=True), "began with down = false"), (replace(recipe, start=str(other)), "began with start ="), (replace(recipe, shared=(0, 2, 0)), "began with shared ="),
                      (replace(recipe, rate=1e-3), "began with rate = 0.005, and the recipe says 0.001"), (replace(recipe, stages=((4, 6), (6, 6), *TINY.stages[2:])), "began with stages ="),
                      (recipe, "does not fit the recipe, or is damaged")):
    if changed is recipe:
        state.write_bytes(state.read_bytes()[:1000])
    try:
        Training(changed)
        raise SystemExit(f"taken: {changed}")
    except TrainerError as error:
        assert said in str(error) and "another `name`" in error.hint, error
for text in (b"", b"\\xff\\xfe"):
    (Path(sys.argv[1]) / "r/states/checkpoint").write_bytes(text)
    try:
        Training(recipe)
        raise SystemExit(f"taken: {text}")
    except TrainerError:
        pass
""", str(tmp_path))


def test_a_fit_stops_where_it_is_told_and_measures_what_was_not(tmp_path: Path) -> None:
    run("""
import json
from types import SimpleNamespace
from trainer.faces import fit as fitting, select
from trainer.faces.measure import Outcome
from trainer.faces.recipe import Recipe
from trainer.faces.labels import Batch
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
recipe = Recipe(name="short", cache=sys.argv[1], weights=sys.argv[1], start="", stages=TINY.stages, shared=(0, 0, 0), imitate=0.0,
                steps=4, stop=2, every=1, warm_up=0, choose="last")
def lost(recipe):
    # The mean of obj's loss as it is told after each stretch.
    import contextlib, io, re
    with contextlib.redirect_stdout(io.StringIO()) as said:
        fitting.fit(recipe)
    return [float(mean) for mean in re.findall(r"'obj': ([0-9.]+)", said.getvalue())]
from dataclasses import replace
three, one_more = lost(replace(recipe, name="uneven", stop=0, every=3, rate=1e-12))   # the last stretch is one step long
assert three > 0 and abs(one_more - three) < 0.01 * three, (three, one_more)
figures = folder / "short/selection.jsonl"
steps = lambda: [json.loads(line)["step"] for line in figures.read_text().splitlines()]
assert fitting.fit(recipe).name == "step-000002.onnx" and steps() == [0, 1, 2]
from trainer.alone import alone
from trainer.errors import TrainerError
with alone(recipe.folder):
    try:
        fitting.fit(recipe)
        raise SystemExit("a second one at the same time")
    except TrainerError as error:
        assert "another training is going on" in str(error)
figures.write_text("".join(figures.read_text().splitlines(True)[:2]))   # stopped between saving and measuring
assert fitting.fit(recipe).name == "step-000002.onnx" and steps() == [0, 1, 2]
""", str(tmp_path))


def test_what_keeps_scenes_from_being_made_ends_the_fit_instead_of_waiting_for_ever() -> None:
    run("""
from trainer.errors import TrainerError
from trainer.faces import batches as making
from trainer.faces.recipe import Recipe

class Broken:
    def __init__(self, *_):
        pass
    def make(self):
        raise TrainerError("no scene today")

making.Scenes = Broken
try:
    next(making.batches(None, Recipe(name="r"), 0))
except TrainerError as error:
    assert str(error) == "no scene today"
else:
    raise AssertionError
""")


def test_errors_are_mined_with_the_detector_saved_last_but_one_also_where_states_are_kept_at_another_pace_than_before(tmp_path: Path) -> None:
    run("""
from types import SimpleNamespace
from trainer.faces import batches as making
from trainer.faces.recipe import Recipe
from trainer.faces.select import saved_by, step_file
recipe = Recipe(name="r", cache=sys.argv[1], mine=True, every=500)
recipe.folder.mkdir()
for step in (0, 500, 1000):
    step_file(recipe, step).touch()
assert [saved_by(recipe, step).stem for step in (0, 499, 500, 1000)] == ["step-000000", "step-000000", "step-000500", "step-001000"]
asked = []
making.mine = lambda store, detector: asked.append(detector.name)
making.Scenes = lambda *_: SimpleNamespace(make=lambda: [(np.zeros((64, 64, 3), np.uint8), np.zeros((0, 16), np.float32))] * 2)
for every in (500, 300):   # 300: from step 1000 on, whose stretch began at 900; 600 was never saved
    made = making.batches(None, Recipe(name="r", cache=sys.argv[1], mine=True, every=every), 1000)
    next(made)
    made.close()
assert asked == ["step-000500.onnx", "step-000500.onnx"], asked
""", str(tmp_path))
