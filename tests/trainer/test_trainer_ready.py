# SPDX-License-Identifier: Apache-2.0
"""What a recipe or a command asks for in vain is told before a picture is decoded."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from trainer_pictures import picture

from edge.look import Box
from trainer.data.manifest import Sample, write_manifest
from trainer.errors import TrainerError
from trainer.main import main
from trainer.model import tensorflow
from trainer.ready import drawn, idle_weights, missing_text, require_classes
from trainer.recipe import Data, Model, Recipe, Render, Sampling

FACE = Sample(path="a.jpg", box=None, label="mask", source="web", group="anna")
ALL = [FACE, replace(FACE, label="no_mask"), replace(FACE, label="incorrect", source="door")]


@pytest.fixture(autouse=True)
def no_picture_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: object, **__: object) -> None:
        raise AssertionError("pictures were prepared first")

    monkeypatch.setattr("trainer.shelf.open_cache", decoded)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A manifest of all classes in two sources, whose pictures are not there."""
    write_manifest(tmp_path / "manifest.csv", ALL)
    return tmp_path


def _recipe(folder: Path, text: str) -> str:
    (folder / "r.toml").write_text(text)
    return str(folder / "r.toml")


@pytest.mark.parametrize(("samples", "said"), [
    (ALL[:2], "no face of incorrect to draw from .1 mask, 1 no_mask.; a training needs some of each of mask, incorrect, no_mask"),
    (ALL[:1], "no face of incorrect or no_mask to draw from .1 mask."), ([replace(FACE, label="unknown")], "nothing else either"),
    ([*ALL[:2], replace(ALL[2], split="test")], "no face of incorrect"), ([*ALL[:2], replace(ALL[2], box=Box(0, 0, 17, 90))], "no face of incorrect")])
def test_a_class_without_faces_is_told_with_what_there_is_and_what_is_needed(samples: list[Sample], said: str) -> None:
    require_classes(ALL, Recipe(), "here")
    with pytest.raises(TrainerError, match=said) as told:
        require_classes(samples, Recipe(), "here")
    assert "data build" in told.value.hint


DRAWN = Render(share={"mask": 0.2, "incorrect": 0.2, "no_mask": 0.2})


@pytest.mark.parametrize("recipe", [Recipe(render=DRAWN), Recipe(render=Render(transplant={"incorrect": 0.1})),
                                    Recipe(model=Model(classes=2), sampling=Sampling(classes={"mask": 0.5, "no_mask": 0.5}))])
def test_masks_worn_wrongly_may_all_be_drawn_or_never_asked_about(recipe: Recipe) -> None:
    require_classes(ALL[:2], recipe, "here")
    for one in ALL[:2]:
        with pytest.raises(TrainerError, match=r"here: no face of (mask|no_mask) to draw from"):
            require_classes([one, ALL[2]], recipe, "here")


def test_who_has_no_masks_worn_wrongly_is_told_which_setting_draws_them() -> None:
    with pytest.raises(TrainerError) as told:
        require_classes(ALL[:2], Recipe(model=Model(classes=2)), "here")  # two answers, but `incorrect` has its share of the draws
    assert "[render.share] incorrect = 0.3" in told.value.hint
    with pytest.raises(TrainerError) as told:
        require_classes(ALL[:1], Recipe(), "here")
    assert "[render.share]" not in told.value.hint
    assert "no face of incorrect to draw from" not in missing_text(ALL, Recipe(render=DRAWN))
    assert missing_text(ALL[:2], Recipe(render=DRAWN)).startswith("No face of incorrect to draw from: training sees only such as are drawn")


def test_only_what_a_recipe_may_draw_counts() -> None:
    assert drawn(ALL, Recipe(data=Data(hold_out=("door",)))) == ALL[:2]
    assert drawn(ALL, Recipe(sampling=Sampling(sources={"web": 0.0, "web/mask": 1.0}))) == [ALL[0], ALL[2]]


def test_weights_of_sources_that_are_not_there_are_named() -> None:
    assert idle_weights(Sampling(sources={"web": 2.0, "door/incorrect": 3.0, "web/not_face": 1.0}), ALL) == ""
    said = idle_weights(Sampling(sources={"wbe": 2.0, "web/maks": 2.0, "attic/mask": 1.0, "door": 1.0}), ALL)
    assert "no source wbe, web/maks, attic/mask here" in said
    assert "There are door, web," in said


@pytest.mark.parametrize("command", ["fit RECIPE --run run", "leave-out RECIPE --run run", "sheet out.png --recipe RECIPE"])
def test_every_command_that_draws_tells_of_a_missing_class_first(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.chdir(data)
    write_manifest(data / "manifest.csv", ALL[:2])
    assert main([_recipe(data, "") if word == "RECIPE" else word for word in command.split()] + ["--data", str(data)]) == 1
    assert "no face of incorrect to draw from" in capsys.readouterr().err
    assert not (data / "run").exists()


@pytest.mark.parametrize("command", ["fit", "leave-out"])
def test_weights_that_are_nowhere_are_told_first(data: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    write_manifest(data / "manifest.csv", [*ALL, *(replace(s, source="third") for s in ALL)])
    recipe = _recipe(data, '[model]\nweights = "nowhere.h5"\n')
    assert main([command, recipe, "--data", str(data), "--run", str(data / "run")]) == 1
    assert "nowhere.h5': no such file" in capsys.readouterr().err
    assert not (data / "run").exists()


@pytest.mark.parametrize("command", ["fit", "leave-out"])
def test_weights_that_keras_cannot_fetch_are_told_first(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise Exception("URL fetch failure")  # Keras raises no other kind

    monkeypatch.setattr(tensorflow().keras.applications, "MobileNetV2", nowhere)
    write_manifest(data / "manifest.csv", [*ALL, *(replace(s, source="third") for s in ALL)])
    assert main([command, _recipe(data, ""), "--data", str(data), "--run", str(data / "run")]) == 1
    said = capsys.readouterr().err
    assert "ImageNet weights cannot be fetched: URL fetch failure" in said
    assert "~/.keras/models" in said
    assert not (data / "run").exists()


@pytest.mark.parametrize("command", ["fit RECIPE --run run", "sheet out.png --recipe RECIPE"])
def test_a_recipe_with_weights_of_other_sources_says_so_and_goes_on(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.chdir(data)
    with pytest.raises(AssertionError, match="pictures were prepared first"):
        main([_recipe(data, '[model]\nweights = "none"\n[sampling.sources]\nattic = 4.0\n') if word == "RECIPE" else word for word in command.split()] + ["--data", str(data)])
    assert "no source attic here" in capsys.readouterr().out


def test_a_source_that_cannot_be_left_out_is_told_before_the_first_training(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leave-out", _recipe(data, '[model]\nweights = "none"\n'), "--data", str(data), "--run", str(data / "run"), "--sources", "web,door"]) == 1
    said = capsys.readouterr().err
    assert "without web: no face of mask or no_mask" in said
    assert "--sources" in said


def test_a_run_that_is_none_is_told_before_anything_is_judged(project: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", str(project / "edge/models/mask.tflite"), "--data", str(data)]
    assert main([*words, "--run", str(data / "NOPE"), "--out", str(data / "out")]) == 1
    assert "NOPE: no best.keras in it" in capsys.readouterr().err
    assert not (data / "out").exists()
    (data / "NOPE").mkdir()
    (data / "NOPE/best.keras").touch()
    (data / "NOPE/recipe.toml").write_text("[fit]\nstep = 1\n")
    assert main([*words, "--run", str(data / "NOPE"), "--out", str(data / "out")]) == 2
    (data / "NOPE/recipe.toml").write_text('[model]\narchitecture = "small"\n')
    capsys.readouterr()
    assert main([*words, "--run", str(data / "NOPE"), "--out", str(data / "out")]) == 1
    assert "NOPE: its network has no backbone" in capsys.readouterr().err
    assert not (data / "out").exists()
    assert main([*words, "--run", str(data / "NOPE")]) == 1
    assert "--out" in capsys.readouterr().err


def test_a_model_that_is_not_converted_is_told_with_the_command_that_does_it(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "best.keras").write_bytes(b"PK\3\4")
    assert main(["evaluate", str(data / "best.keras"), "--data", str(data)]) == 4
    assert f"maskgate-convert {data}/best.keras" in capsys.readouterr().err


def test_a_detector_that_is_nowhere_is_told_before_the_pictures_are_looked_at(data: Path) -> None:
    from trainer.data.cache import open_cache

    picture(data / "a.jpg")
    with pytest.raises(TrainerError, match=r"nowhere\.onnx: no such file"):
        open_cache(ALL, data, data / "nowhere.onnx", data / "cache")
    assert not (data / "cache").exists()


@pytest.mark.parametrize(("steps", "said"), [("-1", "--steps -1: expected 0 or more"), ("0", "--steps 0: .* so nothing is trained")])
def test_steps_that_train_nothing_are_told(data: Path, capsys: pytest.CaptureFixture[str], steps: str, said: str) -> None:
    assert main(["leave-out", _recipe(data, "[fit]\nhead_steps = 0\n"), "--data", str(data), "--run", str(data / "run"), "--steps", steps]) == 1
    assert re.search(said, capsys.readouterr().err)


def test_a_comma_at_the_end_of_the_sources_held_out_names_none(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", _recipe(data, ""), "--data", str(data), "--run", str(data / "run"), "--hold-out", "attic,"]) == 1
    assert "no source attic;" in capsys.readouterr().err
