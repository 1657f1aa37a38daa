# SPDX-License-Identifier: Apache-2.0
"""Models of one's own: what is wrong with one is told and ends with 4, and `maskgate model show` says what one is."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typed import assert_safe, run

from edge.commands.main import main
from edge.demo import CLIP
from edge.vision import MODELS
from edge.vision.bundle import LABELS, load_bundle, write_bundle
from edge.vision.figures import MEANINGS


def models(folder: Path) -> dict[str, tuple[Path, str]]:
    """Broken mask models, and what is said of each."""
    bundle = load_bundle(MODELS / "mask.tflite")
    text, cut, bare, swapped, wide = (folder / f"{name}.tflite" for name in ("text", "cut", "bare", "swapped", "wide"))
    text.write_text("I am a model")
    data = bundle.path.read_bytes()
    cut.write_bytes(data[:len(data) // 2])
    bare.write_bytes(bundle.model)
    write_bundle(swapped, bundle.model, replace(bundle.description, labels=LABELS[::-1]))
    write_bundle(wide, bundle.model, replace(bundle.description, input_px=64 if bundle.description.input_px != 64 else 96))
    damaged = folder / "damaged.tflite"
    spoilt = bytearray(data)
    spoilt[len(bundle.model) // 2] ^= 0xFF
    damaged.write_bytes(bytes(spoilt))
    return {"text": (text, "no TFLite"), "cut": (cut, "no description inside"), "bare": (bare, "no description inside"),
            "swapped": (swapped, "labels"), "wide": (wide, "its description says"), "damaged": (damaged, "damaged (sha256"),
            "missing": (folder / "missing.tflite", "no such file")}


@pytest.mark.parametrize("which", ["text", "cut", "bare", "swapped", "wide", "damaged", "missing"])
def test_a_model_that_does_not_fit_ends_with_4_and_the_panel_safe(tmp_path: Path, which: str, capfd: pytest.CaptureFixture[str]) -> None:
    path, said_of_it = models(tmp_path)[which]
    settings = tmp_path / "unit.toml"
    settings.write_text(f'[masks]\nmodel = "{path}"\n')
    code, said = run(capfd, "run", "--config", settings, "--source", CLIP, "--panel", "mock", "--pins", tmp_path / "pins.jsonl")
    assert code == 4
    assert said_of_it in said
    assert ("Copy or convert it again if it is your own" in said) == (which == "damaged")
    assert "b'" not in said
    assert_safe(tmp_path / "pins.jsonl")
    assert run(capfd, "model", "show", path)[0] == 4


def test_the_models_figures_are_shown_in_lines_with_their_intervals(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "show", str(MODELS / "mask.tflite")]) == 0
    said = capfd.readouterr().out
    assert re.search(r"^    auc +0\.\d{3}  \[0\.\d{3}, [01]\.\d{3}\]$", said, re.M)
    assert "{" not in said
    figures = load_bundle(MODELS / "mask.tflite").description.figures
    for name in {name for figure in figures.values() for name in figure}:
        assert f"\n    {name:<16} {MEANINGS[name]}\n" in said, "what it says, once, below"


def test_figures_that_are_missing_or_of_another_kind_are_shown_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bundle = load_bundle(MODELS / "mask.tflite")
    write_bundle(tmp_path / "mine.tflite", bundle.model, replace(bundle.description, figures={
        "mine": {"auc": [None, None, None], "odd": "good"}, "small": {"auc": [None, None, None]}, "note": 0.5}))
    assert main(["model", "show", str(tmp_path / "mine.tflite")]) == 0
    shown, explained = capfd.readouterr().out.split("  what they say\n")
    assert [line.split() for line in shown.splitlines()[-6:]] == [["mine"], ["auc", "not", "measured"], ["odd", "good"], ["small:", "nothing", "measured"], ["note"], ["0.5"]]
    assert [line.split()[0] for line in explained.splitlines()] == ["auc", "[from,", "Who"]


def test_a_model_that_nobody_measured_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bundle = load_bundle(MODELS / "mask.tflite")
    write_bundle(tmp_path / "mine.tflite", bundle.model, replace(bundle.description, figures={}))
    assert main(["model", "show", str(tmp_path / "mine.tflite")]) == 0
    assert "  figures      none: " in capfd.readouterr().out


def test_what_training_only_drew_is_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bundle = load_bundle(MODELS / "mask.tflite")
    assert bundle.description.only_drawn == ()  # of what shipped before there was such a word
    write_bundle(tmp_path / "mine.tflite", bundle.model, replace(bundle.description, only_drawn=("incorrect",)))
    assert main(["model", "show", str(tmp_path / "mine.tflite")]) == 0
    assert re.search(r"^  only drawn   incorrect: training saw no real face of it", capfd.readouterr().out, re.M)


def test_a_face_detector_that_is_none_ends_with_4(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "face.onnx"
    shutil.copy(MODELS / "mask.tflite", other)
    (tmp_path / "unit.toml").write_text(f'[faces]\nmodel = "{other}"\n')
    code, said = run(capfd, "run", "--config", tmp_path / "unit.toml", "--source", CLIP, "--panel", "mock", "--pins", tmp_path / "pins.jsonl")
    assert code == 4
    assert "cls, obj, bbox and kps" in said
    assert_safe(tmp_path / "pins.jsonl")
