# SPDX-License-Identifier: Apache-2.0
"""The classifier of a bundle: what it promises, and on which runtime."""

from __future__ import annotations

import sys
import types
import zipfile
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import MaskGateError, ModelError, ModelStopped
from edge.look import Box, Label, Probabilities
from edge.settings import MasksSettings
from edge.vision import MODELS, interpreter, open_masks
from edge.vision.bundle import View, load_bundle, write_bundle
from edge.vision.interpreter import Graph
from edge.vision.masks import Masks


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    from skimage.data import astronaut

    return np.asarray(cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR), np.uint8)


FACE = Box(179, 63, 90, 112)


def test_a_bare_face_is_no_mask_and_the_three_add_up_to_one(portrait: NDArray[np.uint8]) -> None:
    found, = open_masks(MasksSettings()).judge(portrait, [FACE])
    assert found.label is Label.NO_MASK
    assert sum(found) == pytest.approx(1)


def test_faces_are_judged_each_by_itself(portrait: NDArray[np.uint8]) -> None:
    masks = open_masks(MasksSettings())
    wall = Box(20, 400, 80, 80)
    assert masks.judge(portrait, [FACE, wall, FACE]) == [*masks.judge(portrait, [FACE]), *masks.judge(portrait, [wall]), *masks.judge(portrait, [FACE])]
    assert masks.judge(portrait, []) == []


def test_the_number_of_threads_changes_nothing_but_time(portrait: NDArray[np.uint8]) -> None:
    one, two = (open_masks(MasksSettings(threads=n)).judge(portrait, [FACE])[0] for n in (1, 2))
    assert one == pytest.approx(two, abs=0.01)


def test_a_tie_goes_to_the_worse_label() -> None:
    assert Probabilities(0.4, 0.2, 0.4).label is Label.NO_MASK
    assert Probabilities(0.4, 0.4, 0.2).label is Label.INCORRECT
    assert Probabilities(0.4, 0.3, 0.3).label is Label.MASK


def test_an_older_runtime_is_used_where_that_is_what_is_installed(portrait: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_edge_litert import interpreter as litert

    expected = open_masks(MasksSettings()).judge(portrait, [FACE])
    older = types.ModuleType("tflite_runtime.interpreter")
    older.Interpreter = litert.Interpreter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", types.ModuleType("tflite_runtime"))
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", older)
    assert open_masks(MasksSettings()).judge(portrait, [FACE]) == expected


def test_no_runtime_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", None)
    with pytest.raises(ModelError, match="No TFLite runtime"):
        Graph(b"", 1)


def test_the_runtime_adds_nothing_to_the_log_of_a_unit(capfd: pytest.CaptureFixture[str]) -> None:
    open_masks(MasksSettings())
    assert capfd.readouterr().err == ""


def test_a_flatbuffer_that_the_runtime_refuses_is_a_model_error() -> None:
    with pytest.raises(ModelError):
        Graph(b"\x1c\x00\x00\x00TFL3" + bytes(200), 1)


def test_description_and_model_come_back_as_written(tmp_path: Path) -> None:
    shipped = load_bundle(MODELS / "mask.tflite")
    write_bundle(tmp_path / "again.tflite", shipped.model, shipped.description)
    again = load_bundle(tmp_path / "again.tflite")
    assert (again.model, again.description) == (shipped.model, shipped.description)
    assert [file.name for file in tmp_path.iterdir()] == ["again.tflite"]        # no half-written part is left
    assert zipfile.ZipFile(tmp_path / "again.tflite").namelist() == ["maskgate.json"]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    shipped = load_bundle(MODELS / "mask.tflite")
    for name in ("a", "b"):
        write_bundle(tmp_path / name, shipped.model, shipped.description)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(("change", "said"), [
    ({"input_px": 999}, r"its description says uint8 \(1, 999, 999, 3\)"),
    ({"labels": ("mask", "no_mask")}, "gives 3 numbers, its description names 2 labels"),
])
def test_a_model_that_its_description_does_not_fit_is_refused(change: dict[str, Any], said: str) -> None:
    shipped = load_bundle(MODELS / "mask.tflite")
    with pytest.raises(ModelError, match=said):
        Masks(replace(shipped, description=replace(shipped.description, **change)))


def test_the_graph_gets_red_green_blue_where_opencv_has_blue_green_red(portrait: NDArray[np.uint8]) -> None:
    bundle = load_bundle(MODELS / "mask.tflite")
    side = bundle.description.input_px
    crop = np.asarray(cv2.resize(portrait[63:175, 169:281], (side, side)), np.uint8)
    logits = Graph(bundle.model, 1)(np.ascontiguousarray(crop[None, ..., ::-1])) / bundle.description.temperature
    expected = dict(zip(bundle.description.labels, np.exp(logits) / np.exp(logits).sum(), strict=True))
    found, = Masks(bundle).judge_crops([crop])
    assert found._asdict() == pytest.approx(expected, abs=1e-5)
    swapped, = Masks(bundle).judge_crops([np.ascontiguousarray(crop[..., ::-1])])
    assert swapped != pytest.approx(found, abs=1e-4), "a blue face is not the same"


def test_a_face_is_looked_at_as_often_as_the_description_says_and_the_mean_of_the_logits_counts(portrait: NDArray[np.uint8]) -> None:
    bundle = load_bundle(MODELS / "mask.tflite")

    def said(*views: View) -> NDArray[np.float64]:
        found, = Masks(replace(bundle, description=replace(bundle.description, views=views))).judge(portrait, [FACE])
        return np.log(np.array(found))

    near, far = View(margin=0.02), View(margin=0.4, mirrored=True)
    both = (said(near) + said(far)) / 2
    assert np.exp(said(near, far)) == pytest.approx(np.exp(both) / np.exp(both).sum(), abs=1e-6)
    assert said() == pytest.approx(said(View(margin=bundle.description.margin))), "no views: once, at the model's own margin"
    assert said(far) != pytest.approx(said(View(margin=0.4)), abs=1e-3), "the mirrored face is another picture"


def test_no_single_byte_of_the_description_can_be_damaged_into_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load_bundle(MODELS / "mask.tflite")
    write_bundle(tmp_path / "m.tflite", b"\x1c\0\0\0TFL3", replace(shipped.description, figures={}))
    good, refused = (tmp_path / "m.tflite").read_bytes(), 0
    for place, flip in product(range(8, len(good)), (0x01, 0x08, 0xFF)):
        data = bytearray(good)
        data[place] ^= flip
        monkeypatch.setattr("edge.vision.bundle.read_model_file", lambda path, what, data=bytes(data): data)
        try:
            load_bundle(tmp_path / "m.tflite")
        except ModelError:
            refused += 1
    assert refused > len(good)


def test_a_misspelt_view_is_refused(tmp_path: Path) -> None:
    shipped = load_bundle(MODELS / "mask.tflite")
    path = tmp_path / "m.tflite"
    write_bundle(path, shipped.model, replace(shipped.description, views=(View(margin=0.25, mirrored=True),)))
    assert load_bundle(path).description.views == (View(margin=0.25, mirrored=True),)
    path.write_bytes(path.read_bytes().replace(b'"mirrored"', b'"mirorred"'))
    with pytest.raises(ModelError):
        load_bundle(path)


def test_more_views_than_a_unit_has_time_for_are_refused(tmp_path: Path) -> None:
    shipped = load_bundle(MODELS / "mask.tflite")
    write_bundle(tmp_path / "m.tflite", shipped.model, replace(shipped.description, views=(View(margin=0.1),) * 9))
    with pytest.raises(ModelError, match="length <= 8"):
        load_bundle(tmp_path / "m.tflite")


def no_number(graph: Graph, picture: NDArray[Any]) -> NDArray[np.float32]:
    return np.full(3, np.nan, np.float32)


def test_a_model_whose_answer_is_no_number_is_refused_when_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Graph, "__call__", no_number)
    with pytest.raises(ModelError, match=r"mask\.tflite: its answer is not a number"):
        open_masks(MasksSettings())


def test_a_model_that_knows_no_answer_to_an_empty_picture_alone_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    working = Graph.__call__
    monkeypatch.setattr(Graph, "__call__", lambda self, picture: working(self, picture) if picture.any() else no_number(self, picture))
    open_masks(MasksSettings())


def test_whoever_measures_a_model_is_told_of_an_answer_that_is_no_number(portrait: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    masks = open_masks(MasksSettings())
    monkeypatch.setattr(Graph, "__call__", no_number)
    with pytest.raises(ModelError, match="not a number"):
        masks.judge(portrait, [FACE])


class Failing:
    """A runtime that runs a graph some times, and then no more."""

    def __init__(self, working: Any, times: int) -> None:
        self._working, self._left = working, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._working, name)

    def invoke(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise RuntimeError("Node number 3 (CONV_2D) failed to invoke.")
        self._working.invoke()


@pytest.mark.parametrize(("change", "said"), [
    ({"shape": np.array([], np.int32)}, r"of the shape \(\)"), ({"shape": np.array([1, 7, 7, 3], np.int32)}, r"of the shape \(1, 7, 7, 3\), expected \(1, labels\)"),
    ({"dtype": np.float16, "quantization_parameters": {"scales": np.array([]), "zero_points": np.array([])}}, "float16 without a scale")])
def test_a_model_that_gives_no_vector_is_refused_when_it_is_loaded(change: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(Failing):
        def get_output_details(self) -> list[dict[str, Any]]:
            return [self._working.get_output_details()[0] | change]

    working = interpreter._runtime()
    monkeypatch.setattr(interpreter, "_runtime", lambda: lambda **how: Other(working(**how), 9))
    with pytest.raises(ModelError, match=said):
        open_masks(MasksSettings())


@pytest.mark.parametrize(("times", "kind", "code"), [(0, ModelError, 4), (1, ModelStopped, 1), (3, ModelStopped, 1)])
def test_a_model_that_never_ran_keeps_the_unit_down_and_one_that_worked_is_tried_again(times: int, kind: type[MaskGateError], code: int, portrait: NDArray[np.uint8],
                                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    working = interpreter._runtime()
    monkeypatch.setattr(interpreter, "_runtime", lambda: lambda **how: Failing(working(**how), times))
    with pytest.raises(kind, match="cannot run the model: Node number 3") as caught:
        open_masks(MasksSettings()).judge(portrait, [FACE] * 2)
    assert caught.value.exit_code == code
