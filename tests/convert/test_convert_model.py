# SPDX-License-Identifier: Apache-2.0
"""From a Keras model to the unit's file, and proof that both say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.command import compared
from convert.convert import require_int8
from convert.main import main
from edge.vision.bundle import load_bundle
from trainer.data.cache import SIDE_PX, Faces, Row
from trainer.data.labels import CLASSES
from trainer.errors import TrainerError
from trainer.model import load_keras
from trainer.recipe import NamedRecipe, Recipe

slow = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore")]


def _pictures(count: int = 40) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.clip(rng.normal(128, 30, (count, 1, 1, 3)) + rng.normal(0, 25, (count, 32, 32, 3)), 0, 255).astype(np.uint8)


def _network(classes: int = 3) -> Any:
    from trainer.model import tensorflow

    keras = tensorflow().keras
    keras.utils.set_random_seed(2)
    return keras.Sequential([
        keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 127.5, offset=-1.0),
        keras.layers.Conv2D(8, 3, strides=2, activation="relu"), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(classes)])


class TestWithTensorFlow:
    pytestmark = slow

    def test_the_graph_is_int8_and_says_what_its_parent_says(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        import hashlib

        from convert.convert import to_int8
        from convert.parity import parity
        from edge.vision.bundle import Description, load_bundle, write_bundle
        from edge.vision.masks import Masks

        network, pictures = _network(), _pictures()
        capfd.readouterr()
        graph = to_int8(network, pictures[..., ::-1])
        assert capfd.readouterr().err == "", "how TensorFlow converts is nobody's business"
        write_bundle(tmp_path / "m.tflite", graph, Description(name="t", input_px=32, margin=0.1, sha256=hashlib.sha256(graph).hexdigest()))
        found = parity(network, Masks(load_bundle(tmp_path / "m.tflite")), pictures, np.arange(40) % 3)
        assert found.agree >= 0.95
        assert found.worst < 0.05
        assert "same answer" in str(found)

    def test_a_float_graph_is_refused(self) -> None:
        from trainer.model import tensorflow

        tf = tensorflow()
        graph = tf.lite.TFLiteConverter.from_keras_model(_network()).convert()
        with pytest.raises(TrainerError, match="not int8 throughout"):
            require_int8(graph)

    def test_representative_pictures_of_another_size_are_refused(self) -> None:
        from convert.convert import to_int8

        with pytest.raises(TrainerError, match=r"expected uint8 \(n, 32, 32, 3\)"):
            to_int8(_network(), np.zeros((4, 16, 16, 3), np.uint8))

    def test_a_model_with_another_number_of_answers_is_refused(self, tmp_path: Path) -> None:
        _network(classes=4).save(tmp_path / "four.keras")
        with pytest.raises(TrainerError, match="expected square RGB pictures in and 3 logits"):
            load_keras(tmp_path / "four.keras")

    def test_a_network_of_two_answers_never_says_incorrect(self, tmp_path: Path) -> None:
        import hashlib

        from convert.convert import to_int8
        from convert.parity import parity
        from edge.vision.bundle import TWO_LABELS, Description, load_bundle, write_bundle
        from edge.vision.masks import Masks

        network, pictures = _network(classes=2), _pictures()
        graph = to_int8(network, pictures[..., ::-1])
        write_bundle(tmp_path / "m.tflite", graph, Description(name="t", labels=TWO_LABELS, input_px=32, margin=0.1, sha256=hashlib.sha256(graph).hexdigest()))
        masks = Masks(load_bundle(tmp_path / "m.tflite"))
        said = masks.judge_crops(list(pictures))
        assert {p.incorrect for p in said} == {0.0}
        assert all(abs(sum(p) - 1) < 1e-9 for p in said)
        assert parity(network, masks, pictures).agree >= 0.95

    def test_a_text_file_is_no_model(self, tmp_path: Path) -> None:
        (tmp_path / "m.keras").write_text("hello")
        with pytest.raises(TrainerError, match="Keras cannot read it"):
            load_keras(tmp_path / "m.keras")


def test_a_model_that_is_not_there_is_named_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.keras"), "--out", str(tmp_path / "out.tflite")]) == 1
    assert "none.keras: no such file" in capsys.readouterr().err
    assert not (tmp_path / "out.tflite").exists()


@pytest.mark.parametrize("split", ["val", "train"])
def test_faces_that_a_model_was_fitted_on_are_compared_only_where_there_are_no_others_and_said_to_be(split: str) -> None:
    labels = {"mask": "train", "incorrect": split, "no_mask": "train"}
    rows = [Row(path=f"{label}.jpg", label=label, source="web", group=label, split=of, found=False, face_px=80.0, landmarks=()) for label, of in labels.items()]
    faces = Faces(np.zeros((3, SIDE_PX, SIDE_PX, 3), np.uint8), rows)
    crops, _, fitted = compared(faces, NamedRecipe(Recipe(), "door", ""), 32)
    assert (len(crops), fitted) == ((1, False) if split == "val" else (3, True))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")
def test_a_bundle_names_its_run_and_not_the_copy_of_its_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from convert.command import convert

    run = tmp_path / "front-door"
    run.mkdir()
    _network().save(run / "best.keras")
    (run / "recipe.toml").write_text('[model]\ninput_px = 32\n')
    rows = [Row(path=f"{label}.jpg", label=label, source="web", group=label, split="train", found=False, face_px=80.0, landmarks=()) for label in CLASSES]
    monkeypatch.setattr("convert.command.cached_faces", lambda *_: Faces(np.zeros((3, SIDE_PX, SIDE_PX, 3), np.uint8), rows))
    convert(run / "best.keras", tmp_path / "out.tflite", tmp_path, None, 1.0, tmp_path)
    assert "recipe front-door (" in load_bundle(tmp_path / "out.tflite").description.made
