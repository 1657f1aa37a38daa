# SPDX-License-Identifier: Apache-2.0
"""`maskgate-train faces` with what is not there: each is told what is missing and what to do, before anything slow begins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from trainer.main import main


@pytest.mark.parametrize("words", [["fit", "recipes/faces.toml"], ["export", "recipes/faces.toml"], ["export", "edge/models/face.onnx"]])
def test_without_the_trainers_packages_it_says_how_to_get_them(project: Path, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("tensorflow", "keras"):
        monkeypatch.setitem(sys.modules, name, None)
    to = ["--to", str(tmp_path / "face.onnx")] if words[0] == "export" else []
    assert main(["faces", words[0], str(project / words[1]), *to]) == 1
    said = capsys.readouterr().err
    assert "TensorFlow is not installed" in said
    assert "pip install" in said


def test_a_file_that_is_no_detector_is_told_before_pictures_are_looked_for(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faces", "evaluate", str(project / "edge/models/mask.tflite"), "--data", str(tmp_path)]) == 4
    assert "mask.tflite" in capsys.readouterr().err


def test_pictures_that_are_not_there_are_asked_for(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faces", "evaluate", str(project / "edge/models/face.onnx"), "--data", str(tmp_path / "none")]) == 1
    said = capsys.readouterr().err
    assert "none/webphotos/labels.csv: no such file" in said
    assert "--data" in said


@pytest.mark.parametrize(("words", "said"), [(["--sizes", "0"], "expected a long side of 32 to 4096 pixels"), (["--sizes", "320", "9999999"], "expected a long side"),
                                             (["--sizes", "wide"], "expected a long side"), (["--score", "0.1"], "expected a score of 0.3 to 1"),
                                             (["--score", "nan"], "expected a score"), (["--score", "high"], "expected a score")])
def test_sizes_and_scores_that_cannot_be_measured_are_refused(project: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["faces", "evaluate", str(project / "edge/models/face.onnx"), *words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
