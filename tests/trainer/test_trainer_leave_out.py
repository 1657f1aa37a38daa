# SPDX-License-Identifier: Apache-2.0
"""The leave-one-source-out table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from trainer_pictures import tiny_faces

from trainer.claim import claim
from trainer.data.cache import Faces
from trainer.errors import TrainerError
from trainer.leave_out import leave_out, sources_of
from trainer.recipe import Fit, Model, Recipe

RECIPE = Recipe(model=Model(architecture="small", input_px=32, weights="none"),
                fit=Fit(batch=16, head_steps=2, steps=6, warm_up=2, watch_every=8, average=0.5))


def _two_sources() -> Faces:
    one = tiny_faces(4)
    return Faces(np.concatenate([one.pictures] * 2), one.rows + [replace(row, source="door") for row in one.rows])


def test_sources_of_one_class_are_left_alone_and_unknown_ones_refused() -> None:
    faces = _two_sources()
    bare = replace(faces.rows[8], source="bare only", label="no_mask")
    more = Faces(np.concatenate([faces.pictures, faces.pictures[8:9]]), [*faces.rows, bare])
    assert sources_of(more.rows, []) == ["door", "web"]
    assert sources_of(more.rows, ["bare only"]) == ["bare only"]
    with pytest.raises(TrainerError, match="No source attic"):
        sources_of(faces.rows, ["attic"])
    with pytest.raises(TrainerError, match="more than one class"):
        sources_of([bare], [])


def test_a_run_of_another_recipe_is_neither_read_nor_gone_on_with(tmp_path: Path) -> None:
    claim(tmp_path / "run", RECIPE, tiny_faces(4))
    (tmp_path / "run/last.npz").touch()
    claim(tmp_path / "run", RECIPE, tiny_faces(4))
    longer = msgspec.structs.replace(RECIPE, fit=msgspec.structs.replace(RECIPE.fit, steps=7))
    held = msgspec.structs.replace(RECIPE, data=msgspec.structs.replace(RECIPE.data, hold_out=("web",)))
    for recipe, faces in ((longer, tiny_faces(4)), (held, tiny_faces(4)), (RECIPE, tiny_faces(3))):
        with pytest.raises(TrainerError, match="holds a run of another recipe, or of other faces"):
            claim(tmp_path / "run", recipe, faces)
    (tmp_path / "older").mkdir()
    (tmp_path / "older/log.csv").touch()
    with pytest.raises(TrainerError, match="holds a run of another recipe"):
        claim(tmp_path / "older", RECIPE, tiny_faces(4))


def _measured(run: Path, recipe: Recipe, faces: Faces, source: str, auc: float) -> None:
    """A run without this source, as a training leaves it."""
    claim(run, msgspec.structs.replace(recipe, data=msgspec.structs.replace(recipe.data, hold_out=(source,))), faces)
    (run / "log.csv").write_text(f"step,loss,worth,auc,stops_no_mask,stops_incorrect,balanced\n8,0.5,0.5,{auc},0.5,0.5,0.5\n")
    (run / "training_plot.png").touch()


def test_a_source_measured_before_stays_in_the_table_unless_another_recipe_or_other_faces_measured_it(tmp_path: Path) -> None:
    faces = _two_sources()
    for source, auc in (("web", 0.7), ("door", 0.8)):
        _measured(tmp_path / source, RECIPE, faces, source, auc)
    table = leave_out(faces, RECIPE, ["web"], Path(), tmp_path, say=lambda text: None)
    assert {source: row["auc"] for source, row in table.items()} == {"door": 0.8, "web": 0.7}
    assert set(json.loads((tmp_path / "leave_out.json").read_text())) == {"door", "web"}
    (tmp_path / "door/log.csv").unlink()
    (tmp_path / "door/run.json").unlink()
    longer = msgspec.structs.replace(RECIPE, fit=msgspec.structs.replace(RECIPE.fit, steps=7))
    _measured(tmp_path / "door", longer, faces, "door", 0.9)
    assert set(leave_out(faces, RECIPE, ["web"], Path(), tmp_path, say=lambda text: None)) == {"web"}
    assert set(json.loads((tmp_path / "leave_out.json").read_text())) == {"web"}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")  # TensorFlow's own
def test_each_source_is_measured_by_a_model_that_never_saw_it(tmp_path: Path) -> None:
    said: list[str] = []
    table = leave_out(_two_sources(), RECIPE, ["web", "door"], Path(), tmp_path, say=said.append)
    assert [row["faces"] for row in table.values()] == [9, 9]        # the split val is not looked at
    assert any("12 faces to draw from, 9 to watch" in text for text in said)
    assert set(json.loads((tmp_path / "leave_out.json").read_text())) == {"web", "door"}
    again = leave_out(_two_sources(), RECIPE, ["web", "door"], Path(), tmp_path, say=said.append)
    assert again == table
    assert sum("to draw from" in text for text in said) == 2          # the second time nothing was trained
