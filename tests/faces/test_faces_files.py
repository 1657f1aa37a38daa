# SPDX-License-Identifier: Apache-2.0
"""The detector as a file: what is written is what OpenCV reads and what is read back."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from edge.errors import ModelError, SettingsError
from edge.look import Box
from trainer.errors import TrainerError
from trainer.faces import select
from trainer.faces.card import BEGIN, END, put_section
from trainer.faces.command import LESSON
from trainer.faces.detector import Detector
from trainer.faces.export import note_sum
from trainer.faces.measure import Outcome, Sighting
from trainer.faces.network import build, put_weights
from trainer.faces.onnx_file import read_onnx, write_onnx
from trainer.faces.pictures import Truth
from trainer.faces.plan import HEADS, STRIDES, Plan
from trainer.faces.recipe import Recipe, load
from trainer.faces.select import Selection, chosen, detector_file
from trainer.faces.training import first_weights
from trainer.faces.weights import Weights, blended, narrow
from trainer.recipe import read_recipe

TINY = Plan(stem=4, stages=((4, 6), (6, 8), (8, 8), (8, 8), (8, 8)), shared=(0, 1, 2))


def random_weights(plan: Plan, seed: int = 1) -> Weights:
    random = np.random.default_rng(seed)
    return {layer.name: (random.normal(0, 0.3, layer.shape).astype(np.float32), random.normal(0, 0.1, layer.outputs).astype(np.float32))
            for layer in plan.layers()}


@pytest.mark.parametrize("written", [TINY, replace(TINY, shared=(0, 1, 11), down=True)], ids=["tiny", "more units than ten"])
def test_a_file_gives_back_plan_and_weights(tmp_path: Path, written: Plan) -> None:
    weights = random_weights(written)
    write_onnx(tmp_path / "a.onnx", written, weights)
    plan, again = read_onnx(tmp_path / "a.onnx")
    assert plan == written
    for name, (kernel, bias) in weights.items():
        assert np.array_equal(again[name][0], kernel)
        assert np.array_equal(again[name][1], bias)


def test_a_blend_lies_between_the_first_weights_and_the_learnt_ones() -> None:
    first, learnt = random_weights(TINY, 1), random_weights(TINY, 2)
    for name, (kernel, bias) in blended(first, learnt, 0.25).items():
        assert np.allclose(kernel, 0.25 * first[name][0] + 0.75 * learnt[name][0], atol=1e-7)
        assert np.allclose(bias, 0.25 * first[name][1] + 0.75 * learnt[name][1], atol=1e-7)
        assert kernel.dtype == np.float32
    assert all(np.array_equal(kernel, learnt[name][0]) for name, (kernel, _) in blended(first, learnt, 0.0).items())


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.onnx", "b.onnx"):
        write_onnx(tmp_path / name, TINY, random_weights(TINY))
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_the_outputs_are_those_that_opencv_asks_for_by_name(tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx", TINY, random_weights(TINY))
    graph = onnx.load(str(tmp_path / "a.onnx")).graph
    shapes = {output.name: tuple(d.dim_value for d in output.type.tensor_type.shape.dim) for output in graph.output}
    assert shapes == {f"{name}_{stride}": (1, (320 // stride) ** 2, channels) for name, channels in HEADS.items() for stride in STRIDES}


@pytest.mark.parametrize("size", [(160, 128), (320, 320), (352, 96), (100, 75)])
def test_opencv_runs_it_at_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    write_onnx(tmp_path / "a.onnx", TINY, random_weights(TINY))
    picture = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    assert Detector(tmp_path / "a.onnx", 0.3).detect(picture).shape[1] == 15


def test_parameters_of_the_published_widths() -> None:
    assert Plan().parameters() == pytest.approx(54_000, rel=0.02)
    assert Plan(stages=((16, 64), (64, 64), (64, 64), (64, 64), (64, 64)), shared=(1, 1, 1)).parameters() == pytest.approx(75_000, rel=0.02)


@pytest.mark.parametrize("bad", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"\x08\x06\x12\x07"])
def test_a_file_that_is_no_network_is_refused_by_name(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / "a.onnx").write_bytes(bad)
    with pytest.raises(ModelError, match=r"a\.onnx"):
        read_onnx(tmp_path / "a.onnx")
    with pytest.raises(ModelError, match=r"a\.onnx"):
        Detector(tmp_path / "a.onnx", 0.5)


def test_weights_of_another_width_are_refused(tmp_path: Path) -> None:
    weights = random_weights(TINY)
    weights["stage2.a.point"] = (np.zeros((6, 5, 1, 1), np.float32), np.zeros(6, np.float32))
    model = tmp_path / "a.onnx"
    write_onnx(model, TINY, weights)
    with pytest.raises(ModelError, match=r"stage2\.a\.point has shape"):
        read_onnx(model)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["face_detection_yunet_2023mar.onnx", "yunet_n_640_640.onnx"])
def test_a_published_yunet_written_by_us_finds_the_very_same_faces(shared: Path, tmp_path: Path, name: str) -> None:
    from skimage.data import astronaut
    picture = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)
    plan, weights = read_onnx(shared / "weights" / name)
    write_onnx(tmp_path / name, plan, weights)
    theirs, ours = (Detector(path / name, 0.3) for path in (shared / "weights", tmp_path))
    for side in (160, 320, 512):
        assert np.abs(theirs.detect(picture, side) - ours.detect(picture, side)).max() < 1e-3


def test_a_recipe_is_read_and_its_mistakes_are_named(tmp_path: Path, project: Path) -> None:
    assert all(load(path).hash for path in (project / "recipes").glob("faces*.toml"))
    for text, message in (("stepz = 3", "stepz is no setting"), ("side = 100", "side"), ("rate = 'fast'", "rate"), ("a = ", "cannot be read"), ("a = " + "[" * 100000, "cannot be read"), ("seed = -1", "seed"),
                          ("stages = [[16, 32], [32, 64]]", "stages"), ("believe = true\nimitate = 0", "`believe` is true"), ("copy = true\nimitate = 0", "`copy` is true"),
                          ("copy = true\nbelieve = true", "both true"), ("copy = true\nimitate = 1.0", "no `advisers`"), ("optimiser = 'sgd'", "optimiser"), ("start = [3]", "start"), ("start = ['a.onnx', 'b.onnx']", "start"), ("steps = 0", "steps"),
                          ("stop = 700", "multiple of `every`"), ("stop = 9000", "at most `steps`"), ("mirror = true\nimitate = 0", "`mirror` is true"),
                          ("stages = [[16, 32], [32, 0], [64, 64], [64, 64], [64, 64]]", "stages")):
        (tmp_path / "r.toml").write_text(text)
        with pytest.raises(SettingsError, match=message):
            load(tmp_path / "r.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_a_recipe_of_the_other_trainer_is_told_with_the_command_it_is_for(project: Path) -> None:
    with pytest.raises(SettingsError) as of_the_mask:
        load(project / "recipes/shipped.toml")
    assert f"maskgate-train fit {project / 'recipes/shipped.toml'}" in of_the_mask.value.hint
    for path in (project / "recipes").glob("faces*.toml"):
        with pytest.raises(SettingsError) as of_the_face:
            read_recipe(path)
        assert f"maskgate-train faces fit {path}" in of_the_face.value.hint


def test_a_narrowed_network_without_its_least_channels_says_the_same_where_these_said_nothing() -> None:
    wide, slim = Plan(), Plan(stages=((16, 28), (32, 56), *Plan().stages[2:]))
    weights = random_weights(wide, 3)
    for name, dead in (("stage1.b", [0, 5, 6, 31]), ("stage2.b", [1, 2, 3, 8, 13, 40, 41, 63])):
        kernel, bias = weights[f"{name}.depth"]
        kernel[dead], bias[dead] = 0, 0     # these channels are nought, so nothing is lost with them
    picture = np.random.default_rng(1).random((1, 64, 64, 3)).astype(np.float32)
    said = []
    for plan, values in ((wide, weights), (slim, narrow(weights, slim))):
        model = build(plan)
        put_weights(model, plan, values)
        said.append(model(picture))
    for theirs, ours in zip(*said, strict=True):
        assert np.abs(np.asarray(theirs) - np.asarray(ours)).max() < 1e-4
    with pytest.raises(SettingsError, match="same width"):
        Plan(stages=((16, 32), (32, 64), (64, 56), (64, 64), (64, 64)))


@pytest.mark.parametrize("stages", [((16, 32), (32, 64), (64, 56), (64, 56), (64, 56)), ((16, 32), (32, 96), (64, 64), (64, 64), (64, 64))])
def test_stages_that_cannot_be_cut_from_those_of_the_start_are_refused(tmp_path: Path, stages: tuple[tuple[int, int], ...]) -> None:
    write_onnx(tmp_path / "start.onnx", Plan(), random_weights(Plan(), 1), "start")
    with pytest.raises(ModelError, match="cannot be cut"):
        first_weights(Recipe(start=str(tmp_path / "start.onnx"), stages=stages))
    plan, weights = first_weights(Recipe(start=str(tmp_path / "start.onnx"), stages=((16, 24), (32, 56), (48, 64), (64, 64), (64, 64))))
    assert all(weights[layer.name][0].shape == layer.shape for layer in plan.layers())


def test_growing_by_units_that_change_nothing_needs_a_relu_before_them() -> None:
    # The identity is only safe behind a ReLU: every `shared` unit follows a neck unit, which ends in one.
    names = [layer.name for layer in replace(Plan(), shared=(1, 1, 1)).layers()]
    assert names.index("neck8.depth") < names.index("shared8.0.point") < names.index("head8.point")


def test_figures_go_between_the_marks_of_the_card(tmp_path: Path) -> None:
    card = tmp_path / "face.md"
    card.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    put_section(card, "new")
    put_section(card, "newer")
    assert card.read_text() == f"before\n{BEGIN}\n\nnewer\n{END}\nafter\n"
    for text in ("no marks", f"{BEGIN}\nold\n{END}\nafter\n{END}\nwhat follows would be lost\n"):
        card.write_text(text)
        with pytest.raises(SettingsError, match="not in it once each"):
            put_section(card, "new")
        assert card.read_text() == text


def test_a_recipe_keeps_its_states_under_its_name() -> None:
    assert Recipe(cache="/somewhere", name="mine").folder == Path("/somewhere/mine")


def test_a_recipe_may_start_from_the_best_step_of_another(tmp_path: Path) -> None:
    first = tmp_path / "first.toml"
    first.write_text(f'cache = "{tmp_path}"\nname = "one"\n')
    with pytest.raises(SettingsError, match="nothing trained yet"):
        detector_file(str(first), tmp_path)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "selection.jsonl").write_text(
        "\n".join(f'{{"step": {n}, "goal": {goal}, "file": "step-{n}.onnx"}}' for n, goal in ((1, 0.9), (2, 0.95), (3, 0.95), (4, 0.94))))
    assert detector_file(str(first), tmp_path) == tmp_path / "one" / "step-3.onnx"
    first.write_text(f'cache = "{tmp_path}"\nname = "one"\nchoose = "last"\n')
    assert detector_file(str(first), tmp_path) == tmp_path / "one" / "step-4.onnx"
    first.write_text(f'cache = "{tmp_path}"\nname = "one"\nevery = 1\nstop = 2\nchoose = "last"\n')  # it went on to 4 before it was told to stop
    assert detector_file(str(first), tmp_path) == tmp_path / "one" / "step-2.onnx"
    (tmp_path / "yunet.onnx").touch()
    assert detector_file("yunet.onnx", tmp_path) == tmp_path / "yunet.onnx"
    with pytest.raises(SettingsError, match=r"yunet_n\.onnx: no such file") as refused:
        detector_file("yunet_n.onnx", tmp_path)
    assert refused.value.hint.endswith("which has: yunet.onnx.")


def test_damaged_figures_of_a_training_are_named_and_an_empty_file_is_a_training_that_has_not_begun(tmp_path: Path) -> None:
    recipe = Recipe(cache=str(tmp_path), name="one")
    recipe.folder.mkdir()
    for text in ('{"step": 1, "goal"', '{"step": 1, "goal": 0.9}', "3", "{}", "\x00"):
        (recipe.folder / "selection.jsonl").write_text(text)
        with pytest.raises(SettingsError, match=r"selection\.jsonl: damaged"):
            chosen(recipe)
    (recipe.folder / "selection.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="damaged"):
        chosen(recipe)
    (recipe.folder / "selection.jsonl").write_text("")
    with pytest.raises(SettingsError, match="nothing trained yet"):
        chosen(recipe)


def test_figures_are_added_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(select, "held_out", lambda data: [])
    monkeypatch.setattr(select, "look", lambda detector, pictures, size: Outcome(faces=[], false_scores=[0.5], pictures=1))
    selection = Selection(tmp_path, tmp_path / "selection.jsonl")
    assert selection.rows() == []
    for step in (0, 500):
        selection.add(step, tmp_path / f"step-{step}.onnx")
    assert [(row["step"], row["file"]) for row in selection.rows()] == [(0, "step-0.onnx"), (500, "step-500.onnx")]
    monkeypatch.setattr(Path, "replace", lambda self, target: (_ for _ in ()).throw(OSError("power cut")))
    with pytest.raises(OSError, match="power cut"):
        selection.add(1000, tmp_path / "step-1000.onnx")
    assert [row["step"] for row in selection.rows()] == [0, 500]


APART = [(np.zeros((100, 100, 3), np.uint8), (Truth(Box(10, 10, 30, 30), "mask"), Truth(Box(50, 50, 9, 9), "no_mask")))]
"""A picture with a near mask, and a bare face that is too far to count."""


def test_the_goal_is_of_the_faces_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(select, "held_out", lambda data: APART)
    found = {"best": 0.9, "worse": 0.0}
    monkeypatch.setattr(select, "look", lambda detector, pictures, size: Outcome(faces=[Sighting(label="mask", share=0.3, score=found[detector.stem])], false_scores=[], pictures=1))
    recipe = Recipe(cache=str(tmp_path), name="one")
    selection = Selection(tmp_path, recipe.folder / "selection.jsonl")
    recipe.folder.mkdir()
    selection.require_goal("best")
    assert selection.missing == ("mask 10-20 %", "no_mask >=20 %", "no_mask 10-20 %")
    for step, name in enumerate(("worse", "best", "worse")):
        selection.add(step, Path(f"{name}.onnx"))
    assert [row["goal"] for row in selection.rows()] == [0.0, 1.0, 0.0]
    assert "NaN" not in (recipe.folder / "selection.jsonl").read_text()
    assert chosen(recipe).name == "best.onnx"


def test_a_training_whose_best_step_nothing_would_tell_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(select, "held_out", lambda data: [(image, truths[1:]) for image, truths in APART])
    selection = Selection(tmp_path, tmp_path / "selection.jsonl")
    selection.require_goal("last")
    with pytest.raises(TrainerError, match="no step could be called the best") as refused:
        selection.require_goal("best")
    assert 'choose = "last"' in refused.value.hint


@pytest.mark.parametrize("goal", ["NaN", "null"])
def test_figures_without_a_goal_choose_nothing_but_the_last(tmp_path: Path, goal: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/selection.jsonl").write_text("".join(f'{{"step": {n}, "goal": {goal}, "file": "step-{n}.onnx"}}\n' for n in (1, 2)))
    with pytest.raises(SettingsError, match=r"no step in .* has a goal"):
        chosen(Recipe(cache=str(tmp_path), name="one", choose="best"))
    assert chosen(Recipe(cache=str(tmp_path), name="one", choose="last")).name == "step-2.onnx"


def test_a_training_may_stop_before_its_rate_has_fallen() -> None:
    assert [Recipe(steps=3000, stop=stop).end for stop in (0, 1000)] == [3000, 1000]


def test_the_lesson_and_the_card_name_the_fits_in_the_order_of_the_recipe(project: Path) -> None:
    order = re.findall(r"faces fit (recipes/\S+)", (project / "recipes" / "faces.toml").read_text())
    assert len(order) == len(list((project / "recipes").glob("faces*.toml")))
    assert order == re.findall(r"faces fit (recipes/\S+)", LESSON) == re.findall(r"faces fit (recipes/\S+)", (project / "edge/models/face.md").read_text())[:len(order)]
    for position, name in enumerate(order):
        recipe = load(project / name)
        assert {named for named in (recipe.start, *recipe.advisers) if named.endswith(".toml")} <= set(order[:position]), name


def test_an_export_notes_its_checksum_where_the_old_one_stood(tmp_path: Path) -> None:
    (tmp_path / "face.onnx").write_bytes(b"new")
    lines = [b"\xef\xbb\xbf" + b"0" * 64 + b"  face.onnx", b"1" * 64 + b"  other.onnx", b"2" * 64 + b" *face.onnx", b"\xff face.onnx"]
    (tmp_path / "SHA256SUMS").write_bytes(b"\n".join(lines) + b"\n")
    note_sum(tmp_path / "face.onnx")
    new = hashlib.sha256(b"new").hexdigest().encode()
    assert (tmp_path / "SHA256SUMS").read_bytes() == b"\n".join([b"\xef\xbb\xbf" + new + b"  face.onnx", lines[1], new + b" *face.onnx", lines[3]]) + b"\n"
