# SPDX-License-Identifier: Apache-2.0
"""A training that is gone on with is the one that its recipe says now."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from trainer.errors import TrainerError
from trainer.faces.going_on import FREE, must_go_on_alike, note
from trainer.faces.recipe import Recipe

OTHER = {"start": "", "shared": (0, 2, 1), "down": True, "stages": ((16, 16), *Recipe().stages[1:]), "keep": 0.3, "mine": True, "dress": 0.2, "imitate": 1.0, "advisers": ("a.onnx",),
         "believe": True, "copy": True, "share": 0.5, "mirror": True, "views": "natural", "side": 160, "batch": 8, "optimiser": "muon", "rate": 1e-3, "warm_up": 10, "average": 0.9, "seed": 2,
         "data": "elsewhere", "weights": "elsewhere", "steps": 9000, "stop": 1000, "every": 250, "choose": "last", "threads": 2, "hash": "abc"}
RECIPE = Recipe(name="one")


def test_every_setting_is_either_free_or_compared(tmp_path: Path) -> None:
    began = replace(RECIPE, cache=str(tmp_path))
    began.folder.mkdir()
    note(began)
    must_go_on_alike(began)
    assert set(OTHER) | {"cache", "name"} == set(asdict(RECIPE))  # those two say which training it is
    refused = set()
    for key, value in OTHER.items():
        try:
            must_go_on_alike(replace(began, **{key: value}))  # type: ignore[arg-type]
        except TrainerError:
            refused.add(key)
    assert refused == set(OTHER) - set(FREE)


def test_what_has_changed_is_told_with_both_values_and_what_to_do(tmp_path: Path) -> None:
    began = replace(RECIPE, cache=str(tmp_path))
    began.folder.mkdir()
    note(began)
    with pytest.raises(TrainerError) as refused:
        must_go_on_alike(replace(began, rate=1e-3, mine=True, steps=1))
    assert str(refused.value) == f"Training {tmp_path / 'one'}: it began with mine = false, and the recipe says true; rate = 0.0007, and the recipe says 0.001."
    assert refused.value.hint == f"Put back what it began with, or give the recipe another `name`; to begin anew, delete {tmp_path / 'one'}."


def test_a_setting_that_an_older_release_did_not_know_and_a_note_that_is_not_there_are_no_difference(tmp_path: Path) -> None:
    began = replace(RECIPE, cache=str(tmp_path))
    must_go_on_alike(began)
    began.folder.mkdir()
    (began.folder / "recipe.json").write_text(json.dumps({key: value for key, value in asdict(began).items() if key != "mirror"}))
    must_go_on_alike(replace(began, mirror=True))


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_damaged_note_is_no_recipe(tmp_path: Path, text: str) -> None:
    began = replace(RECIPE, cache=str(tmp_path))
    began.folder.mkdir()
    (began.folder / "recipe.json").write_text(text)
    with pytest.raises(ValueError):
        must_go_on_alike(began)
