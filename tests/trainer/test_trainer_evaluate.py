# SPDX-License-Identifier: Apache-2.0
"""The evaluation asks as the unit asks, and counts as it says."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from trainer_pictures import picture, tiny_faces

from edge.look import Box, Probabilities
from edge.vision.bundle import Description
from edge.vision.crop import crop_face
from edge.vision.figures import MEANINGS
from trainer import plots
from trainer.augment import plain
from trainer.commands.evaluate import asked_for, calibration_text
from trainer.data.cache import SIDE_PX
from trainer.data.labels import CLASSES
from trainer.data.manifest import Sample
from trainer.degrade import changes, degradation, degraded
from trainer.errors import TrainerError
from trainer.evaluate import (
    at_threshold,
    by_size,
    by_source,
    calibration,
    evaluate,
    gallery,
    slices,
    unmeasured,
    worst,
    write_metrics,
)
from trainer.judge import Judged, Said, judge, judge_prepared
from trainer.main import main
from trainer.report import write_report


def _sample(label: str, height: float, path: str = "a.jpg") -> Sample:
    return Sample(path=path, box=Box(2, 2, 20, height), label=label, source="web", group="g", split="test")


def _judged(label: str, p: tuple[float, float, float] | None, height: float = 60, shade: int = 100) -> Judged:
    crop = None if p is None else np.random.default_rng(shade).integers(0, shade, (32, 32, 3), dtype=np.uint8)
    return Judged(_sample(label, height), height, p is not None, None if p is None else Probabilities(*p), crop)


GOOD = [_judged("mask", (0.9, 0.05, 0.05), shade=50 + i) for i in range(20)] + [
    _judged("incorrect", (0.2, 0.7, 0.1)), _judged("incorrect", (0.95, 0.03, 0.02)), _judged("incorrect", None),
    _judged("no_mask", (0.01, 0.09, 0.9)), _judged("no_mask", (0.02, 0.8, 0.18))]


def test_faces_that_nothing_was_said_about_count_as_not_found_and_in_no_figure() -> None:
    found = evaluate("t", GOOD)
    assert found.counts == {"mask": 20, "incorrect": 3, "no_mask": 2}
    assert found.found["incorrect"] == pytest.approx(2 / 3)
    assert found.figures["stops_incorrect"].value == 0.5
    assert found.figures["stops_no_mask"].value == 1.0
    assert found.confusion == [[20, 0, 0], [1, 1, 0], [0, 1, 1]]


def test_every_figure_lies_in_its_interval() -> None:
    for figure in evaluate("t", GOOD).figures.values():
        assert figure.low <= figure.value <= figure.high


def test_a_fixed_threshold_is_kept() -> None:
    found = evaluate("t", GOOD, threshold=0.96)
    assert found.threshold == 0.96
    assert found.figures["stops_incorrect"].value == 1.0
    assert found.figures["passes_mask"].value == 0.0


def test_small_faces_are_reported_apart_and_tiny_ones_not_at_all() -> None:
    large, small = by_size([_judged("mask", (1, 0, 0), height) for height in (10, 24, 47.9, 48, 300)])
    assert ([j.face_px for j in large], [j.face_px for j in small]) == ([48, 300], [24, 47.9])


def test_absent_classes_are_not_a_number() -> None:
    row = at_threshold(np.zeros((2, 3)), np.array([0, 0]), 0.3)
    assert row["passes_mask"] == 1.0
    assert np.isnan(row["stops_incorrect"])


def test_degrading_keeps_the_size_and_loses_the_detail() -> None:
    crop = np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    seen = degraded(24, grey=True)(crop)
    assert seen.shape == crop.shape
    assert seen.std() < crop.std() / 2
    assert (seen[..., 0] == seen[..., 2]).all()


def test_the_worst_error_comes_first_in_the_gallery() -> None:
    first = worst(GOOD)[0]
    assert first.sample.label == "incorrect"
    assert gallery(worst(GOOD), across=5, tile=32).shape[1] == 160


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8])
def test_each_face_lies_in_one_third_of_the_light_and_of_the_sharpness(count: int) -> None:
    rows = slices([_judged("mask", (0.9, 0.05, 0.05), shade=50 + 10 * i) for i in range(count)], 0.5)
    for name in ("light", "sharpness"):
        faces = [row["faces"] for third, row in rows.items() if third.startswith(name)]
        assert sum(faces) == count
        assert count < 3 or (len(faces) == 3 and min(faces) >= count // 3)


def test_unknown_faces_take_part_in_the_matching_and_in_nothing_else(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    asked = []

    def scripted(image: np.ndarray, boxes: Sequence[Box]) -> list[Said]:
        asked.append(len(boxes))
        return [Said(True, Probabilities(1, 0, 0)) for _ in boxes]

    judged = judge([_sample("mask", 30), _sample("unknown", 20)], tmp_path, scripted, show=False)
    assert asked == [2]
    assert [j.sample.label for j in judged] == ["mask"]


class _Masks:
    description = Description(name="t", input_px=32, margin=0.15, sha256="0" * 64)

    def judge(self, image: np.ndarray, boxes: Sequence[Box]) -> list[Probabilities]:
        """By colour, as tiny_faces paints them: mask blue, incorrect green, no_mask red."""
        means = [crop_face(image, box, 0.15, 32).reshape(-1, 3).mean(axis=0) for box in boxes]
        return [Probabilities(*(m / m.sum())) for m in means]


def test_figures_by_source_come_from_the_split_that_is_not_drawn() -> None:
    rows = by_source(tiny_faces(), _Masks(), 0.5)  # type: ignore[arg-type]
    assert rows == {"web": {"faces": 3.0, "passes_mask": 1.0, "stops_no_mask": 1.0, "stops_incorrect": 1.0, "balanced": 1.0}}


def test_a_face_is_cropped_tighter_and_wider_than_the_model_asks() -> None:
    faces = tiny_faces(2)
    judged = [Judged(_sample(row.label, 60), 60, True, Probabilities(1, 0, 0), plain(picture, 0.15, 32), picture)
              for picture, row in zip(faces.pictures, faces.rows, strict=True) if row.label in CLASSES]
    rows = degradation(judged, _Masks(), 0.5)  # type: ignore[arg-type]
    assert set(rows) == {*changes(), "cropped tight", "cropped wide"}
    assert rows["cropped wide"]["balanced"] == 1.0
    assert rows["32 px grey"]["balanced from"] <= rows["32 px grey"]["balanced"] <= rows["32 px grey"]["balanced to"]


@pytest.mark.filterwarnings("ignore")  # matplotlib's own
def test_the_report_is_one_page_with_every_figure(tmp_path: Path) -> None:
    results = [evaluate("large", GOOD)]
    row = dict.fromkeys(("balanced", "passes_mask", "stops_no_mask", "stops_incorrect"), 0.5)
    more = {"calibration": calibration(GOOD), "slices": slices(GOOD, 0.5), "degradation": dict.fromkeys(changes(), row)}
    write_metrics(tmp_path / "metrics.json", results, more)
    write_report(tmp_path / "report.html", results, GOOD, more, {"Training & more": b"png"})
    page = (tmp_path / "report.html").read_text()
    assert all(name in page and html.escape(MEANINGS[name]) in page for name in results[0].figures)
    assert "Training &amp; more" in page
    assert page.count("<img") == 4      # curves, degradation, the worst, the one added
    assert all(f"is {label}" in page for label in CLASSES)
    assert "src=\"http" not in page
    assert json.loads((tmp_path / "metrics.json").read_text())["results"][0]["figures"]["auc"]["value"] == results[0].figures["auc"].value


def _crowd(pictures: int, faces: int) -> list[Judged]:
    """Pictures of so many faces each, all said right or all said wrong: every fourth picture is wrong."""
    answers = {True: (Probabilities(0.9, 0.05, 0.05), (230, 40, 40)), False: (Probabilities(0.1, 0.1, 0.8), (40, 40, 230))}
    crowd = []
    for label in ("mask", "no_mask"):
        for i in range(pictures):
            said, colour = answers[(i % 4 > 0) == (label == "mask")]
            crowd += [Judged(_sample(label, 60, f"{label}-{i}.jpg"), 60, True, said, context=np.full((SIDE_PX, SIDE_PX, 3), colour, np.uint8))] * faces
    return crowd


def test_many_faces_of_a_picture_make_no_figure_surer() -> None:
    once, often = (evaluate("t", _crowd(40, faces), threshold=0.5).figures for faces in (1, 4))
    few, many = (degradation(_crowd(20, faces), _Masks(), 0.5)["as it is"] for faces in (1, 4))  # type: ignore[arg-type]
    for name in ("stops_no_mask", "passes_mask", "balanced"):
        assert often[name] == once[name]
        assert often[name].high - often[name].low > 0.15
    assert (few["balanced from"], few["balanced to"]) == (many["balanced from"], many["balanced to"])
    assert many["balanced to"] - many["balanced from"] > 0.15


TWO = [j for j in GOOD if j.sample.label != "incorrect"]


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_class_that_no_face_is_of_is_said_in_words_and_written_as_nothing(tmp_path: Path) -> None:
    found = evaluate("two", TWO)
    row = {**dict.fromkeys(("balanced", "passes_mask", "stops_no_mask"), 0.5), "stops_incorrect": float("nan")}
    more = {"calibration": calibration(TWO), "slices": slices(TWO, 0.5), "degradation": dict.fromkeys(changes(), row), "notes": unmeasured(TWO, ("incorrect",))}
    write_metrics(tmp_path / "metrics.json", [found], more)
    write_report(tmp_path / "report.html", [found], TWO, more)
    page = re.sub("<img[^>]*>", "", (tmp_path / "report.html").read_text())
    assert "stops_incorrect  not measured" in str(found)
    assert "Of incorrect the model knows drawn faces only, and nothing is measured" in page
    assert "no incorrect" in page
    assert not re.search(r"\bnan\b|nan%", page + str(found))
    assert json.loads((tmp_path / "metrics.json").read_text())["results"][0]["figures"]["stops_incorrect"] == {"value": None, "low": None, "high": None}


NO_MASKS = [j for j in GOOD if j.sample.label != "mask"]


@pytest.mark.filterwarnings("ignore:Glyph")
def test_without_a_mask_there_is_no_threshold_and_nobody_counts_as_stopped_or_let_pass(tmp_path: Path) -> None:
    found = evaluate("bare", NO_MASKS)
    row = degradation([replace(j, context=np.full((SIDE_PX, SIDE_PX, 3), 90, np.uint8)) for j in NO_MASKS], _Masks(), found.threshold)["as it is"]  # type: ignore[arg-type]
    for figures in ({name: figure.value for name, figure in found.figures.items()}, row):
        assert all(np.isnan(figures[name]) for name in ("stops_no_mask", "stops_incorrect", "passes_mask"))
    assert "so who is stopped is not measured either" in unmeasured(NO_MASKS, ())[-1]
    small = evaluate("small ones of a set whose large ones lack masks", GOOD, threshold=float("nan"))
    assert np.isnan(small.figures["stops_no_mask"].value)


def test_a_size_of_which_no_face_is_takes_one_line() -> None:
    assert str(evaluate("faces of 24 to 48 px", [], 0.5)) == "faces of 24 to 48 px: none"


def test_the_calibration_names_the_temperature_as_the_converter_takes_it_or_says_that_there_is_none() -> None:
    assert calibration_text({"ece": 0.05, "temperature": 1.5, "ece_at_temperature": 0.01}, 0.8) == (
        "calibration: ECE 0.050; at a temperature of 1.20 it would be 0.010 (the model has 0.8)")
    right = [j for j in GOOD if j.probabilities and max(j.probabilities) == j.probabilities[CLASSES.index(j.sample.label)]]
    assert "these faces set no temperature" in calibration_text(calibration(right), 1.0)


def _drawn(monkeypatch: pytest.MonkeyPatch, draw: Callable[[], bytes]) -> Figure:
    kept: list[Figure] = []
    monkeypatch.setattr(plots, "png", lambda figure: kept.append(figure) or b"")
    draw()
    return kept[0]


@pytest.mark.parametrize(("judged", "says"), [(GOOD, False), (TWO, False), (NO_MASKS, True), ([j for j in GOOD if j.sample.label == "mask"], True)])
def test_a_curve_that_the_faces_do_not_give_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch, judged: list[Judged], says: bool) -> None:
    roc, precision, _ = _drawn(monkeypatch, lambda: plots.curves(judged)).axes
    for axes in (roc, precision):
        assert bool(axes.lines) != says
        assert [text.get_text().split(":")[0] for text in axes.texts] == ["not measured"] * says


def test_the_curve_of_a_model_that_tells_nothing_apart_is_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [_judged(label, p) for label, p in (("mask", (0.1, 0.1, 0.8)), ("no_mask", (0.9, 0.05, 0.05))) for _ in range(9)]
    roc = _drawn(monkeypatch, lambda: plots.curves(wrong)).axes[0]
    assert roc.get_ylim()[0] <= 0
    assert roc.get_xlim()[1] >= 1


def test_under_a_bad_camera_each_figure_keeps_its_line_whichever_others_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def lines(**absent: float) -> dict[str, tuple[str, str, str]]:
        row = {**dict.fromkeys(("balanced", "passes_mask", "stops_no_mask", "stops_incorrect"), 1.0), **absent}
        left = _drawn(monkeypatch, lambda: plots.degradation_plot(dict.fromkeys(changes(), row))).axes[0]
        assert left.get_ylim()[1] < 1.02, "no share is more than 1"
        return {line.get_label(): (line.get_color(), line.get_marker(), line.get_linestyle()) for line in left.lines}

    nan, whole = float("nan"), lines()
    assert len(set(whole.values())) == 4
    assert lines(balanced=nan, passes_mask=nan) == {name: whole[name] for name in ("stops_no_mask", "stops_incorrect")}
    assert lines(balanced=nan, passes_mask=nan, stops_no_mask=nan, stops_incorrect=nan) == {}


def test_what_is_not_measured_is_told_by_what_the_model_knows_of_it() -> None:
    assert unmeasured(GOOD, ()) == []
    assert unmeasured(TWO, ()) == ["Here is no face of incorrect: how the model does on it is not measured."]
    assert unmeasured(GOOD, ("incorrect",)) == ["Of incorrect the model knows drawn faces only; those that it is measured on here are real."]


def test_pictures_of_one_face_each_are_judged_as_they_were_prepared() -> None:
    faces = tiny_faces()
    rows = [i for i, row in enumerate(faces.rows) if row.label in CLASSES]
    judged = judge_prepared(faces, rows, _Masks())  # type: ignore[arg-type]
    found = evaluate("own", judged)
    assert found.confusion == [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
    assert judged[0].crop is not None
    assert judged[0].crop.shape == (32, 32, 3)
    assert degradation(judged, _Masks(), 0.5)["as it is"]["balanced"] == 1.0  # type: ignore[arg-type]


def test_a_source_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    crop, boxed = Sample(path="c.jpg", box=None, label="mask", source="door", group="c"), _sample("mask", 30)
    with pytest.raises(TrainerError, match=r"no face of 'webphotos', split 'test', to measure on. There are 1 of door .train., 1 of web .test."):
        asked_for([crop, boxed], "webphotos", "test", tmp_path)
    assert asked_for([crop, boxed], "door", "train", tmp_path) == [crop]
    assert asked_for([replace(crop, source="web"), boxed], "web", "all", tmp_path) == [boxed]


@pytest.mark.filterwarnings("ignore")  # matplotlib's own
def test_folders_of_two_classes_are_measured_and_what_that_leaves_open_is_told(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label in ("with_mask", "without_mask"):
        for i in range(6):
            picture(tmp_path / f"mine/{label}/{i}.jpg", 90, 90, shade=i)
    asked = ["--data", str(tmp_path), "--cache", str(tmp_path / "cache")]
    assert main(["data", "build", str(tmp_path / "mine"), "--data", str(tmp_path)]) == 0
    assert main(["evaluate", str(project / "edge/models/mask.tflite"), "--source", "mine", "--split", "train", "--out", str(tmp_path / "out"), *asked]) == 0
    said = capsys.readouterr().out
    for note in ("Here is no face of incorrect", "Pictures of mine are one face each", "not trained on them"):
        assert note in said
        assert note in (tmp_path / "out/report.html").read_text()
    assert "mask.tflite on mine (train), faces of 48 px and more: 6 mask (100% found), no incorrect, 6 no_mask" in said
    assert not re.search(r"\bnan\b", said)
    assert main(["evaluate", str(project / "edge/models/mask.tflite"), *asked]) == 1
    assert "There are 12 of mine (train)." in capsys.readouterr().err
