# SPDX-License-Identifier: Apache-2.0
"""A bundle is described anew without its graph being touched."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from convert.main import main
from edge.vision.bundle import Description, View, load_bundle, write_bundle

GRAPH = b"\0\0\0\0TFL3 and the rest"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "m.tflite"
    write_bundle(path, GRAPH, Description(name="t", input_px=96, margin=0.15, sha256=hashlib.sha256(GRAPH).hexdigest()))
    return path


def test_temperature_and_figures_are_put_in_and_the_graph_stays(bundle: Path, tmp_path: Path) -> None:
    figure = {"value": 0.98765, "low": 0.9, "high": 1.0}
    (tmp_path / "metrics.json").write_text(json.dumps({"results": [{"name": "large faces", "figures": {"auc": figure}}]}))
    assert main([str(bundle), "--out", str(tmp_path / "n.tflite"), "--temperature", "0.8", "--metrics", str(tmp_path / "metrics.json")]) == 0
    found = load_bundle(tmp_path / "n.tflite")
    assert found.model == GRAPH
    assert found.description.temperature == 0.8
    assert found.description.figures == {"large faces": {"auc": [0.9877, 0.9, 1.0]}}


def test_described_anew_a_face_is_looked_at_as_before(bundle: Path, tmp_path: Path) -> None:
    shipped = load_bundle(bundle)
    write_bundle(bundle, GRAPH, replace(shipped.description, views=(View(margin=0.05), View(margin=0.25, mirrored=True))))
    assert main([str(bundle), "--out", str(tmp_path / "n.tflite"), "--temperature", "0.8"]) == 0
    assert load_bundle(tmp_path / "n.tflite").description.views == (View(margin=0.05), View(margin=0.25, mirrored=True))


def test_a_description_without_views_is_read_as_before_there_were_any(bundle: Path) -> None:
    said = msgspec.json.decode(msgspec.json.encode(load_bundle(bundle).description))
    assert said.pop("views") == []
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("maskgate.json", json.dumps(said))
    bundle.write_bytes(GRAPH + bundle.read_bytes())
    assert load_bundle(bundle).description.views == ()


@pytest.mark.parametrize(("arguments", "message", "hint"), [
    (["--temperature", "0"], "expected more than 0", "`maskgate-convert --help`"), (["--metrics", "{}"], "cannot be read", "`maskgate-train evaluate` writes"),
    (["--metrics", "{text}"], "this is no metrics.json", "`maskgate-train evaluate` writes"), (["--out", "/dev/null"], "a folder or a device", "Name a file"),
])
def test_what_does_not_fit_is_refused_and_the_bundle_stays(
        bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str, hint: str) -> None:
    (tmp_path / "text").write_text("[]")
    before = bundle.read_bytes()
    filled = [argument.format(text=tmp_path / "text") if "{" in argument and argument != "{}" else argument for argument in arguments]
    assert main([str(bundle), "--out", str(bundle), *filled]) == 1
    said, advice = capsys.readouterr().err.splitlines()
    assert message in said
    assert advice.startswith(hint)
    assert bundle.read_bytes() == before


def test_a_text_file_as_bundle_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.tflite").write_text("hello, this is text")
    assert main([str(tmp_path / "m.tflite"), "--out", str(tmp_path / "o.tflite")]) == 4
    assert "no TFLite file" in capsys.readouterr().err
