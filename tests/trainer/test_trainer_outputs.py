# SPDX-License-Identifier: Apache-2.0
"""Where a command is to write: folders are made, and a place that cannot be is told in two lines before the work."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from trainer_pictures import picture, tiny_faces

from convert.main import main as convert
from edge.errors import ModelError
from edge.vision.bundle import load_bundle, write_bundle
from edge.whole import whole
from trainer.commands.explain import faces_apart
from trainer.data.manifest import Sample, write_manifest
from trainer.data.overview import Measured, overview
from trainer.data.picture_file import write_picture
from trainer.errors import TrainerError, refuse
from trainer.evaluate import write_metrics
from trainer.log import write_log
from trainer.main import main
from trainer.recipe import Recipe
from trainer.report import write_report

FACE = Sample(path="a.jpg", box=None, label="mask", source="web", group="a")


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A data folder with a manifest of two faces."""
    for label in ("mask", "no_mask"):
        picture(tmp_path / f"set/{label}/a.jpg")
    assert main(["data", "build", str(tmp_path / "set"), "--data", str(tmp_path)]) == 0
    return tmp_path


@pytest.mark.parametrize("verb", ["sheet", "overview"])
def test_a_picture_is_written_where_it_is_wanted_and_its_folders_are_made(listed: Path, verb: str) -> None:
    out = listed / "new/deep/out.png"
    assert main(["data", verb, str(out), "--data", str(listed)]) == 0
    assert cv2.imread(str(out)) is not None
    assert [path.name for path in out.parent.iterdir()] == ["out.png"]


def test_without_a_face_apart_explain_says_which_it_wants_and_how_to_get_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = tiny_faces(2)
    monkeypatch.setattr("trainer.commands.explain.cached_faces", lambda *_: replace(faces, rows=[replace(row, split="train") for row in faces.rows]))
    with pytest.raises(TrainerError, match="split train") as refused:
        faces_apart(Recipe(), tmp_path, tmp_path, 2)
    assert "--val" in refused.value.hint


@pytest.mark.parametrize(("out", "said"), [("out.xyz", "expected the name of a picture that ends in .png"), ("folder.png", "expected the name of a picture"), ("a.jpg/out.png", "a.jpg: Not a directory|a.jpg: File exists")])
@pytest.mark.parametrize("verb", ["data sheet", "data overview", "sheet", "explain none.keras"])
def test_a_place_that_cannot_be_is_told_before_the_work(listed: Path, capsys: pytest.CaptureFixture[str], verb: str, out: str, said: str) -> None:
    (listed / "a.jpg").write_bytes(b"")
    (listed / "folder.png").mkdir()
    assert main([*verb.split(), str(listed / out), "--data", str(listed)]) == 1
    told = capsys.readouterr()
    assert any(part in told.err for part in said.split("|"))
    assert len(told.err.splitlines()) == 2
    assert "written" not in told.out


def test_a_detectors_place_that_cannot_be_is_told_as_well(project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    done = subprocess.run([sys.executable, "-m", "trainer.faces", "export", str(project / "edge/models/face.onnx"), "--to", str(tmp_path / "file/face.onnx")],
                          capture_output=True, text=True, check=False, cwd=project)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "trainer.faces: " in done.stderr
    assert str(tmp_path / "file") in done.stderr


def test_a_bundles_place_that_cannot_be_is_told_as_well(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert([str(project / "edge/models/mask.tflite"), "--out", str(tmp_path / "none/mask.tflite")]) == 0
    assert (tmp_path / "none/mask.tflite").is_file()
    (tmp_path / "file").write_bytes(b"")
    assert convert([str(project / "edge/models/mask.tflite"), "--out", str(tmp_path / "file/mask.tflite")]) == 1
    assert "maskgate-convert: " in capsys.readouterr().err


def test_what_a_conversion_cannot_use_is_told_before_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert([str(tmp_path / "best.keras"), "--metrics", "nosuch.json"]) == 1
    assert "--metrics: only a .tflite bundle" in capsys.readouterr().err
    assert convert([str(tmp_path / "best.keras"), "--out", str(tmp_path)]) == 1
    assert "this is a folder or a device; expected a file name" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "words"), [
    (convert, ["best.keras", "--out", "best.keras"]), (convert, ["best.keras", "--recipe", "recipe.toml", "--out", "recipe.toml"]),
    (convert, ["mask.tflite", "--metrics", "metrics.json", "--out", "metrics.json"]), (main, ["explain", "best.keras", "p.png", "--picture", "p.png"]),
    (main, ["faces", "export", "recipe.toml", "--to", "recipe.toml"])], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_what_is_read_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: Callable[[list[str]], int], words: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("best.keras", "recipe.toml", "mask.tflite", "metrics.json", "p.png"):
        (tmp_path / name).write_text(name)
    assert command(words) == 2
    assert "is the same file" in capsys.readouterr().err
    assert all(path.read_text() == path.name for path in tmp_path.iterdir())


def test_a_peer_of_another_kind_is_told_by_what_it_takes_and_gives(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = str(project / "edge/models/mask.tflite")
    assert main(["evaluate", bundle, "--data", str(tmp_path / "none"), "--peer", bundle]) == 4
    assert "expected one picture of 260 x 260 px" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["list", "check"])
def test_a_path_where_none_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    assert main(["data", what, str(tmp_path)]) == 1
    assert "takes no path" in capsys.readouterr().err


def test_ctrl_c_ends_a_conversion_with_130(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("convert.command.describe", stopped)
    assert convert([str(project / "edge/models/mask.tflite"), "--out", str(tmp_path / "m.tflite")]) == 130


@pytest.mark.parametrize("content", [None, b"", b"no model at all"])
def test_a_peer_that_is_no_model_is_told_before_anything_is_judged(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "peer.tflite").write_bytes(content)
    assert main(["evaluate", str(project / "edge/models/mask.tflite"), "--data", str(tmp_path / "none"), "--peer", str(tmp_path / "peer.tflite")]) == 4
    assert "peer.tflite: cannot be opened" in capsys.readouterr().err


def test_a_full_disk_is_told_by_what_the_system_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert refuse("x", OSError(28, "No space left on device")) == 1
    assert capsys.readouterr().err == "x: A file, or the output: No space left on device.\nLook whether it is there, may be read or written, and whether the disk has room.\n"
    assert refuse("x", ModelError("no")) == 4


def test_a_picture_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.png"
    write_picture(out, np.zeros((4, 4, 3), np.uint8))
    before = out.read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_picture(out, np.ones((4, 4, 3), np.uint8))
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


def test_a_picture_that_its_kind_cannot_hold_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="1 by 70000 pixels are more than"):
        write_picture(tmp_path / "long.jpg", np.zeros((70000, 1, 3), np.uint8))
    assert not list(tmp_path.iterdir())


@contextmanager
def full_disk() -> Iterator[None]:
    """Within it no file grows beyond a few bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["mask.tflite", "metrics.json", "report.html", "manifest.csv", "sheet.png", "overview.png", "log.csv"])
def test_what_a_full_disk_cuts_short_is_named_and_nothing_of_it_is_left(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    shipped = load_bundle(project / "edge/models/mask.tflite")
    monkeypatch.setattr("trainer.report.curves", lambda judged: b"curves")
    monkeypatch.setattr("trainer.report.gallery", lambda judged: np.zeros((4, 4, 3), np.uint8))
    write: dict[str, Callable[[Path], None]] = {
        "mask.tflite": lambda path: write_bundle(path, shipped.model, shipped.description),
        "metrics.json": lambda path: write_metrics(path, [], {}), "report.html": lambda path: write_report(path, [], [], {}),
        "log.csv": lambda path: write_log(path, 250, 0.5, None, 0.5),
        "manifest.csv": lambda path: write_manifest(path, [FACE]), "overview.png": lambda path: overview([FACE], [Measured("mask", 40.0, 128.0, 9.0)], path),
        "sheet.png": lambda path: write_picture(path, np.zeros((4, 4, 3), np.uint8))}
    (tmp_path / name).write_text("old")
    with full_disk(), pytest.raises(OSError, match="too large") as refused:
        write[name](tmp_path / name)
    assert refused.value.filename == str(tmp_path / name)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "old")]
    write[name](tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).stat().st_size > 10


def test_a_conversion_onto_a_full_disk_is_told_with_the_files_name(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with full_disk():
        assert convert([str(project / "edge/models/mask.tflite"), "--out", str(tmp_path / "mask.tflite")]) == 1
    assert capsys.readouterr().err.startswith(f"maskgate-convert: {tmp_path / 'mask.tflite'}: File too large.\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("error", "named"), [(KeyboardInterrupt(), None), (OSError(28, "No space left on device"), "a.txt"), (OSError(13, "Permission denied", "b.txt"), "b.txt")])
def test_whatever_ends_the_writing_leaves_no_half_a_file_and_a_refusal_has_a_name(tmp_path: Path, error: BaseException, named: str | None) -> None:
    def write() -> None:
        with whole(tmp_path / "a.txt") as part:
            part.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert Path(getattr(error, "filename", None) or "").name == (named or "")
    assert not list(tmp_path.iterdir())


def test_a_link_stays_and_what_it_names_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "real/there.json")
    with whole(tmp_path / "link.json") as part:
        part.write_text("new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real/there.json").read_text() == "new"
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["there.json"]


def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "device")  # as /dev/null, which must not be tried as root
    with pytest.raises(OSError, match="no ordinary file") as refused, whole(tmp_path / "device") as part:
        part.write_text("new")
    assert refused.value.filename == str(tmp_path / "device")
    assert (tmp_path / "device").is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["device"]
