# SPDX-License-Identifier: Apache-2.0
"""The settings of a training, and the command line around it."""

from __future__ import annotations

from pathlib import Path

import pytest
from trainer_pictures import picture, tiny_faces

from edge.errors import SettingsError
from trainer.fit import rows_of
from trainer.main import main
from trainer.recipe import Data, Fit, Recipe, read_recipe
from trainer.schedule import plateaus, rate_at, should_stop


def test_the_shipped_recipe_is_a_recipe(project: Path) -> None:
    named = read_recipe(project / "recipes/shipped.toml")
    assert named.name == "shipped"
    assert "test" not in named.recipe.data.splits


def test_the_cross_source_recipe_keeps_the_yardstick_out(project: Path) -> None:
    recipe = read_recipe(project / "recipes/cross-source.toml").recipe
    assert recipe.data.hold_out == ("webphotos",)
    assert recipe.model == read_recipe(project / "recipes/shipped.toml").recipe.model


@pytest.mark.parametrize(("text", "message"), [
    ("[fit]\nsteps = -1\n", "Expected `int` >= 0"), ("[fit]\nstep = 5\n", "unknown field `step`"), ("[fit\n", "Recipe"),
    ("[model]\narchitecture = \"Inception\"\n", "Invalid enum value 'Inception'"), ("[fit]\nwatch_every = 0\n", "Expected `int` >= 1"),
    ("[fit]\nseed = 99999999999\n", "Expected `int`"), ("[sampling]\nclasses = {}\n", "classes: expected shares of mask, incorrect, no_mask"),
    ("[sampling.classes]\nmask = 0.0\n", "not all of them 0"), ("[sampling.classes]\nmaks = 0.5\n", "classes: expected shares"),
    ("[augment]\nlow_res_px = [0, 10]\n", "low_res_px = .0, 10.: expected"), ("[augment]\nlow_res_px = [90, 10]\n", "low_res_px"),
    ("[fit]\nhead_steps = 0\nsteps = 0\n", "nothing is trained"), ("[model]\nname = \"a/b\"\n", "matching regex"), ("[model]\nalpha = 1e9\n", "<= 2"),
    ("[sampling]\nturned = inf\n", "<= 1"), ("[render]\nbank = 1000000000\n", "<= 1000000"), ("[render.share]\nmaks = 1.0\n", "no class maks; there are mask"),
])
def test_a_recipe_that_does_not_fit_is_refused_by_key(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        read_recipe(tmp_path / "r.toml")


@pytest.mark.parametrize(("text", "said"), [(b"\xff\xfe\x00", "'utf-8' codec can't decode"), (b"a=" + b"[" * 100000, "recursion"), (b"a=" + b"9" * 5000, "digits")])
def test_a_recipe_that_is_no_text_or_has_no_end_is_refused_like_any_other(tmp_path: Path, text: bytes, said: str) -> None:
    (tmp_path / "r.toml").write_bytes(text)
    with pytest.raises(SettingsError, match=rf"r\.toml: .*{said}"):
        read_recipe(tmp_path / "r.toml")


def test_a_recipe_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_recipe(tmp_path / "r.toml")


def test_the_test_split_is_neither_drawn_nor_watched() -> None:
    faces = tiny_faces()
    rows = rows_of(faces, Recipe())
    assert {faces.rows[i].split for i in rows.drawn} == {"train"}
    assert {faces.rows[i].split for i in rows.watched} == {"val"}
    held = rows_of(faces, Recipe(data=Data(hold_out=("web",))))
    assert not held.drawn
    assert {faces.rows[i].split for i in held.watched} == {"train"}


def test_the_rate_rises_and_then_falls_to_a_hundredth() -> None:
    settings = Fit(rate=1.0, warm_up=10, steps=100)
    rates = [rate_at(step, settings) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.02


def test_a_plateau_lowers_the_rate_each_time_that_nothing_better_came() -> None:
    assert [plateaus(worths, 2) for worths in ([], [1, 2, 3], [1, 3, 2], [1, 3, 2, 2], [3, 2, 2, 2, 2], [3, 2, 4, 2])] == [0, 0, 0, 1, 2, 0]
    settings = Fit(rate=1.0, warm_up=0, schedule="plateau", patience=1)
    assert rate_at(50, settings, [0.9]) == 1.0
    assert rate_at(50, settings, [0.9, 0.8]) == pytest.approx(0.3)
    assert rate_at(50, settings, [0.9] + [0.8] * 40) == pytest.approx(0.01)


def test_a_training_stops_early_only_when_it_is_asked_to_and_nothing_better_came() -> None:
    assert not should_stop([0.9, 0.1, 0.1, 0.1], 0)
    assert not should_stop([0.9, 0.1], 2)
    assert should_stop([0.9, 0.1, 0.2], 2)


def test_the_command_line_names_what_is_wrong_and_shows_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", str(tmp_path / "none.toml"), "--data", str(tmp_path)]) == 2
    assert "none.toml: cannot be read" in capsys.readouterr().err
    (tmp_path / "r.toml").write_text("")
    assert main(["fit", str(tmp_path / "r.toml"), "--data", str(tmp_path / "gone")]) == 1
    assert "gone: no such folder" in capsys.readouterr().err


def test_data_check_lists_faults_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "set/mask/a.jpg")
    (tmp_path / "set/mask/torn.jpg").write_text("no picture")
    main(["data", "build", str(tmp_path / "set"), "--data", str(tmp_path)])
    assert main(["data", "check", "--data", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert f"Unreadable: {tmp_path}/set/mask/torn.jpg: cannot be decoded" in said.out
    assert "Classes: no sample of no_mask" in said.out
    assert "Note: no sample of incorrect: a recipe can have such masks drawn on bare faces" in said.out
    assert "The data has faults" in said.err


def test_a_set_of_two_classes_is_no_fault_of_the_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, label in enumerate(("with_mask", "without_mask")):
        picture(tmp_path / f"set/{label}/a.jpg", shade=number)
    main(["data", "build", str(tmp_path / "set"), "--data", str(tmp_path)])
    assert main(["data", "check", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Note: no sample of incorrect" in said
    assert "Classes:" not in said
