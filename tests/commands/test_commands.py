# SPDX-License-Identifier: Apache-2.0
"""The commands as a user types them."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest

from edge.commands.demo import write_sheet
from edge.commands.main import main
from edge.commands.parser import COMMANDS, parser
from edge.demo import CLIP
from edge.errors import SettingsError
from edge.report.schemas import schemas
from edge.vision import MODELS
from edge.vision.bundle import View, load_bundle, write_bundle


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    from skimage.data import astronaut

    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR))
    return path


def test_a_contact_sheet_onto_a_full_disk_leaves_the_one_of_before(tmp_path: Path) -> None:
    path, limits = tmp_path / "demo.png", resource.getrlimit(resource.RLIMIT_FSIZE)
    path.write_text("of before")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(SettingsError, match=r"demo\.png: cannot be written \(File too large\)"):
            write_sheet(path, [np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [(there.name, there.read_text()) for there in tmp_path.iterdir()] == [("demo.png", "of before")]


def test_help_names_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in COMMANDS)
    assert "exit codes" in said


def test_check_json_fits_its_schema_and_boxes_are_in_pixels_of_the_picture(portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(portrait), str(CLIP), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for line in lines:
        jsonschema.validate(line, schemas()["check.schema.json"])
    still, *frames = lines
    assert still["t"] is None
    face, = still["faces"]
    x, y, w, h = face["box"]
    assert x < 224 < x + w
    assert y < 118 < y + h
    assert face["label"] == "no_mask"
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=0.001)
    assert [frame["t"] for frame in frames] == sorted(frame["t"] for frame in frames)
    assert any(frame["faces"] for frame in frames)


def test_a_name_that_is_no_utf_8_is_judged_all_the_same(portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = portrait.rename(portrait.with_name("b\udcff.png"))
    assert main(["check", str(odd), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["source"].endswith("b?.png")
    assert main(["check", str(odd)]) == 0
    assert "b?.png: no_mask" in capsys.readouterr().out


def test_check_in_words_is_one_line_a_picture(portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(portrait)]) == 0
    assert capsys.readouterr().out.startswith(f"{portrait}: no_mask ")


def test_check_crops_judges_the_whole_picture(portrait: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crop = tmp_path / "face.png"
    cv2.imwrite(str(crop), np.asarray(cv2.imread(str(portrait)))[45:185, 160:290])
    assert main(["check", "--crops", "--json", str(crop)]) == 0
    face, = json.loads(capsys.readouterr().out)["faces"]
    assert face["box"] == [0, 0, 130, 140]
    assert face["label"] == "no_mask"


def test_model_show_tells_what_the_unit_must_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "show"]) == 0
    assert "mask, incorrect, no_mask" in capsys.readouterr().out
    assert main(["model", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"] == ["mask", "incorrect", "no_mask"]


def test_model_show_tells_how_often_a_face_is_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shipped = load_bundle(MODELS / "mask.tflite")
    views = (View(margin=0.05), View(margin=0.25, mirrored=True))
    write_bundle(tmp_path / "m.tflite", shipped.model, replace(shipped.description, views=views))
    assert main(["model", "show", str(tmp_path / "m.tflite")]) == 0
    assert "margin 0.05, then at margin 0.25 mirrored" in capsys.readouterr().out


def test_config_show_prints_what_is_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "unit.toml"
    settings.write_text("[door]\nhold_s = 1.5\n")
    assert main(["config", "show", "--config", str(settings)]) == 0
    said = capsys.readouterr().out
    assert "hold_s = 1.5" in said
    assert "looks_min = 3" in said


def test_score_prints_a_row_a_clip(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = (project / "edge" / "demo" / "truth.csv").read_text(encoding="utf-8")
    (tmp_path / "TRUTH.csv").write_text(truth, encoding="utf-8")
    (tmp_path / CLIP.name).write_bytes(CLIP.read_bytes())
    assert main(["score", str(tmp_path), "--json"]) == 0
    score = json.loads(capsys.readouterr().out)
    assert score["right"] > 0.95
    assert score["wrongly_green"] == 0


def start(tmp_path: Path, *more: str) -> subprocess.Popen[str]:
    """The daemon on the demo clip at its own pace, in a process of its own, once it decides."""
    (tmp_path / "unit.toml").write_text("")
    process = subprocess.Popen(
        [sys.executable, "-m", "edge", "run", "--config", str(tmp_path / "unit.toml"), "--source", str(CLIP), "--panel", "mock",
         "--pins", str(tmp_path / "pins.jsonl"), *more], stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stderr is not None
    for line in process.stderr:
        if "state=checking" in line:
            return process
    raise AssertionError("it never saw anybody")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_it_within_a_second_with_0_and_every_output_off(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path)
    time.sleep(1.5)                                     # red by now
    asked = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    assert time.monotonic() - asked < 2                 # one second, and the load of a busy test machine
    assert process.stderr is not None
    process.stderr.close()
    changes = [json.loads(line) for line in (tmp_path / "pins.jsonl").read_text().splitlines()]
    assert any(change["value"] for change in changes)
    assert not any({change["pin"]: change["value"] for change in changes}.values())
