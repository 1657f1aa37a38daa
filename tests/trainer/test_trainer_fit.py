# SPDX-License-Identifier: Apache-2.0
"""A whole training, in seconds: four coloured classes and a small network."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from trainer_pictures import tiny_faces

from trainer.data.cache import Faces
from trainer.errors import TrainerError
from trainer.log import read_worths
from trainer.recipe import Data, Fit, Model, Recipe, Render

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore")]  # TensorFlow's own warnings are its own

RECIPE = Recipe(model=Model(architecture="small", input_px=32, weights="none", dropout=0.0), data=Data(),
                fit=Fit(batch=16, head_steps=4, head_rate=1e-2, steps=20, rate=5e-3, warm_up=2, watch_every=8, average=0.5))


def _fit(home: Path, recipe: Recipe = RECIPE) -> Path:
    from trainer.fit import fit

    return fit(tiny_faces(6), recipe, Path(), home, say=lambda text: None)


def _log(home: Path) -> list[dict[str, str]]:
    with (home / "log.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_training_ends_with_a_model_and_a_log(tmp_path: Path) -> None:
    model = _fit(tmp_path / "run")
    assert model.is_file()
    assert (tmp_path / "run/training_plot.png").is_file()
    assert list((tmp_path / "run/tensorboard").glob("events.*"))
    assert [row["step"] for row in _log(tmp_path / "run")] == ["8", "16", "24"]


def test_without_a_face_to_watch_it_says_so_and_no_figure_is_none(tmp_path: Path) -> None:
    from trainer.fit import fit

    faces = tiny_faces(6)
    drawn = replace(faces, rows=[replace(row, split="train") for row in faces.rows])
    said: list[str] = []
    fit(drawn, RECIPE, Path(), tmp_path, say=said.append)
    assert any("--val" in text for text in said)
    assert not any("None" in text for text in said)


def test_a_training_that_was_cut_off_ends_where_an_uncut_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import trainer.fit as module

    _fit(tmp_path / "whole")
    real = module._keep

    def cut(run: object, home: Path, step: int, *rest: object) -> float:
        worth = real(run, home, step, *rest)  # type: ignore[arg-type]
        if step == 16:
            raise KeyboardInterrupt
        return worth

    monkeypatch.setattr(module, "_keep", cut)
    with pytest.raises(KeyboardInterrupt):
        _fit(tmp_path / "cut")
    monkeypatch.setattr(module, "_keep", real)
    _fit(tmp_path / "cut")
    assert float(_log(tmp_path / "cut")[-1]["loss"]) == pytest.approx(float(_log(tmp_path / "whole")[-1]["loss"]), rel=0.02)


def _settings(**changes: object) -> Recipe:
    return msgspec.structs.replace(RECIPE, fit=msgspec.structs.replace(RECIPE.fit, **changes))


@pytest.mark.parametrize("changes", [{"head_batches": 2}, {"top_steps": 8, "top_layer": 1}, {"optimizer": "rmsprop", "schedule": "constant"},
                                     {"optimizer": "adam", "schedule": "plateau", "patience": 1}])
def test_every_way_to_fit_learns_what_is_plain(tmp_path: Path, changes: dict[str, object]) -> None:
    _fit(tmp_path, _settings(**changes))
    losses = [float(row["loss"]) for row in _log(tmp_path)]
    assert losses[-1] < losses[0]


def test_a_head_on_cached_features_ends_where_an_uncut_one_does(tmp_path: Path) -> None:
    recipe = _settings(head_batches=2, steps=0, watch_every=4)
    _fit(tmp_path, recipe)
    assert [row["step"] for row in _log(tmp_path)] == ["4"]


def test_a_training_ends_early_when_looks_bring_nothing_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.fit.should_stop", lambda worths, looks: len(worths) == 2)
    _fit(tmp_path)
    assert [row["step"] for row in _log(tmp_path)] == ["8", "16"]


def test_a_training_that_has_ended_early_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainer.fit import fit

    said: list[str] = []
    monkeypatch.setattr("trainer.fit.should_stop", lambda worths, looks: len(worths) == 2)
    _fit(tmp_path)
    (tmp_path / "training_plot.png").unlink()
    assert fit(tiny_faces(6), RECIPE, Path(), tmp_path, say=said.append).is_file()
    assert [row["step"] for row in _log(tmp_path)] == ["8", "16"]
    assert said == [f"{tmp_path}: this training has ended, at step 16 of 24, which is early: no better look for 0."]
    assert (tmp_path / "training_plot.png").is_file()


def test_a_network_of_two_answers_is_trained_and_watched(tmp_path: Path) -> None:
    from trainer.model import load_keras

    model = msgspec.structs.replace(RECIPE.model, classes=2)
    path = _fit(tmp_path, msgspec.structs.replace(RECIPE, model=model))
    assert load_keras(path).output_shape == (None, 2)
    assert float(_log(tmp_path)[-1]["auc"]) > 0.5


def _faces(*labels: str, watched: tuple[str, ...]) -> Faces:
    """Faces of these labels, found by the detector, of which those of `watched` are watched, too."""
    faces = tiny_faces(6, found=True)
    rows = [i for i, row in enumerate(faces.rows) if row.label in labels and (row.split == "train" or row.label in watched)]
    return Faces(faces.pictures[rows], [faces.rows[i] for i in rows])


def test_a_training_without_masks_worn_wrongly_draws_them_and_measures_the_rest(tmp_path: Path) -> None:
    from trainer.fit import fit
    from trainer.model import load_keras

    said: list[str] = []
    recipe = msgspec.structs.replace(_settings(keep="best"), render=Render(share={"incorrect": 0.3}, bank=8))
    path = fit(_faces("mask", "no_mask", watched=("mask", "no_mask")), recipe, Path(), tmp_path, say=said.append)
    assert load_keras(path).output_shape == (None, 3)
    assert said[0].startswith("Watched is no face of incorrect")
    assert all("incorrect not measured" in line for line in said if line.startswith("step"))
    rows = _log(tmp_path)
    assert [row["stops_incorrect"] for row in rows] == [""] * 3
    assert float(rows[-1]["worth"]) == pytest.approx((2 * float(rows[-1]["auc"]) + float(rows[-1]["stops_no_mask"]) + float(rows[-1]["balanced"])) / 4, abs=2e-4)
    assert (tmp_path / "training_plot.png").is_file()


@pytest.mark.parametrize("watched", [(), ("mask",), ("incorrect", "no_mask")])
def test_watched_faces_that_choose_nothing_stop_no_training_and_the_last_step_is_kept(tmp_path: Path, watched: tuple[str, ...]) -> None:
    from trainer.fit import fit

    said: list[str] = []
    fit(_faces("mask", "incorrect", "no_mask", watched=watched), _settings(stop_after=1, keep="best"), Path(), tmp_path, say=said.append)
    assert [row["worth"] for row in _log(tmp_path)] == ["8.0000", "16.0000", "24.0000"]
    assert "nothing is measured on the way, and the last step is kept" in said[0]
    assert "None" not in "".join(said)


@pytest.mark.parametrize("architecture", ["MobileNetV2", "ResNet50V2", "ResNet50", "small"])
def test_every_architecture_takes_pictures_and_gives_logits(architecture: str) -> None:
    from trainer.model import build

    network = build(Model(architecture=architecture, input_px=32, weights="none"), Path())  # type: ignore[arg-type]
    logits = np.asarray(network(np.full((1, 32, 32, 3), 128, np.float32)))
    assert logits.shape == (1, 3)
    assert np.isfinite(logits).all()
    assert {"dropout", "logits"} <= {layer.name for layer in network.layers}


def test_a_checkpoint_of_another_network_is_refused_and_kept(tmp_path: Path) -> None:
    _fit(tmp_path)
    before = (tmp_path / "last.npz").read_bytes()
    other = msgspec.structs.replace(RECIPE, model=Model(architecture="MobileNetV2", input_px=32, weights="none"))
    with pytest.raises(TrainerError, match="checkpoint is of another network"):
        _fit(tmp_path, other)
    assert (tmp_path / "last.npz").read_bytes() == before


def test_a_training_that_is_done_and_has_lost_its_model_writes_it_again(tmp_path: Path) -> None:
    from trainer.model import load_keras

    _fit(tmp_path).unlink()
    assert load_keras(_fit(tmp_path)).output_shape == (None, 3)


@pytest.mark.parametrize("left", [0, 100, -30])
def test_a_damaged_checkpoint_is_refused_and_kept(tmp_path: Path, left: int) -> None:
    _fit(tmp_path)
    damaged = (tmp_path / "last.npz").read_bytes()[:left]
    (tmp_path / "last.npz").write_bytes(damaged)
    with pytest.raises(TrainerError, match=r"last\.npz: the checkpoint is damaged"):
        _fit(tmp_path)
    assert (tmp_path / "last.npz").read_bytes() == damaged


def test_a_log_that_is_damaged_is_told_by_line(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,loss,worth,auc,stops_no_mask,stops_incorrect,balanced\n2,0.5,0.5,,,,\n4\n")
    with pytest.raises(TrainerError, match=r"log\.csv, line 3: this is no look"):
        read_worths(tmp_path / "log.csv", 4)


def test_a_look_that_is_made_again_counts_once_and_what_was_not_saved_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,loss,worth,auc,stops_no_mask,stops_incorrect,balanced\n2,0.5,0.1,,,,\n4,0.5,0.2,,,,\n4,0.5,0.3,,,,\n6,0.5,0.4,,,,\n")
    assert read_worths(tmp_path / "log.csv", 4) == [0.1, 0.3]


def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    longer = msgspec.structs.replace(RECIPE, fit=msgspec.structs.replace(RECIPE.fit, steps=28))
    _fit(tmp_path)
    before = (tmp_path / "last.npz").read_bytes()

    def full(path: Path, **arrays: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(TrainerError, match="No space left on device"):
        _fit(tmp_path, longer)
    assert (tmp_path / "last.npz").read_bytes() == before
    assert not (tmp_path / "last.part.npz").exists()


@pytest.mark.shared
def test_weights_of_another_width_are_refused_with_both_names(shared: Path) -> None:
    from trainer.model import build

    file = "weights/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"
    build(Model(alpha=0.35, input_px=96, weights=file), shared / "data")
    with pytest.raises(TrainerError, match=r"do not fit MobileNetV2 1:"):
        build(Model(alpha=1.0, input_px=96, weights=file), shared / "data")
    with pytest.raises(TrainerError, match=r"do not fit ResNet50V2"):
        build(Model(architecture="ResNet50V2", input_px=96, weights=file), shared / "data")


def test_weights_that_are_nowhere_are_named(tmp_path: Path) -> None:
    from trainer.model import build

    with pytest.raises(TrainerError, match=r"nowhere\.h5': no such file"):
        build(Model(input_px=96, weights="nowhere.h5"), tmp_path)


@pytest.mark.parametrize("then", ["", "import trainer.faces.fit, trainer.faces.export"])
def test_tensorflow_is_loaded_without_a_word_and_keeps_its_numbers(project: Path, then: str) -> None:
    code = f"from trainer.model import tensorflow\ntf = tensorflow()\nimport sys, os\n{then}\nprint(os.environ.get('TF_ENABLE_ONEDNN_OPTS'), file=sys.stdout)\nprint('heard', file=sys.stderr)"
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=250, cwd=project, env=quiet)
    assert (done.stdout, done.stderr) == ("None\n", "heard\n")
