# SPDX-License-Identifier: Apache-2.0
"""`maskgate-train data build`: what it adds to a manifest, what it takes out of it, and what it leaves alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from trainer_pictures import picture

from trainer.commands.data import MOST_LINES
from trainer.data.manifest import Sample, read_manifest, write_manifest
from trainer.errors import TrainerError
from trainer.main import main

Build = Callable[..., int]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    for name in ("first/mask/a.jpg", "first/no_mask/b.jpg", "second/incorrect/c.jpg"):
        picture(tmp_path / name)
    return lambda root, *more: main(["data", "build", str(root), "--data", str(tmp_path), *more])


def _lines(data: Path) -> list[tuple[str, str]]:
    return [(s.path, s.source) for s in read_manifest(data / "manifest.csv")]


FIRST = [("first/mask/a.jpg", "first"), ("first/no_mask/b.jpg", "first")]
SECOND = [("second/incorrect/c.jpg", "second")]


def test_a_second_folder_is_added_to_the_first(tmp_path: Path, build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(tmp_path / "first") == 0
    assert "It lists 2 faces of first: 1 mask, 0 incorrect, 1 no_mask." in capsys.readouterr().out
    assert build(tmp_path / "second") == 0
    assert _lines(tmp_path) == [*FIRST, *SECOND]
    assert "It lists 3 faces of first, second: 1 mask, 1 incorrect, 1 no_mask." in capsys.readouterr().out


def test_a_folder_that_is_built_again_is_listed_anew_and_no_picture_twice(tmp_path: Path, build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    build(tmp_path / "second")
    build(tmp_path / "first")
    (tmp_path / "first/mask/a.jpg").rename(tmp_path / "first/mask/z.jpg")
    assert build(tmp_path / "first") == 0
    assert _lines(tmp_path) == [*SECOND, ("first/mask/z.jpg", "first"), FIRST[1]]
    assert "in place of 2:" in capsys.readouterr().out
    assert build(tmp_path / "first", "--source", "other") == 0
    assert _lines(tmp_path) == [*SECOND, ("first/mask/z.jpg", "other"), (FIRST[1][0], "other")]


def test_two_folders_may_be_one_source(tmp_path: Path, build: Build) -> None:
    build(tmp_path / "first", "--source", "door")
    build(tmp_path / "second", "--source", "door")
    assert [source for _, source in _lines(tmp_path)] == ["door"] * 3


def test_a_manifest_that_cannot_be_read_is_left_as_it_is(tmp_path: Path, build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.csv").write_text("mine\n")
    assert build(tmp_path / "first") == 1
    said = capsys.readouterr().err
    assert "no column path" in said
    assert "delete" in said
    assert (tmp_path / "manifest.csv").read_text() == "mine\n"


def test_the_first_manifest_of_a_folder_with_crops_says_that_it_hides_them(tmp_path: Path, build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "crops/web/mask/d.jpg")
    build(tmp_path / "first")
    assert "--layout shared" in capsys.readouterr().out
    assert main(["data", "build", str(tmp_path), "--layout", "shared", "--data", str(tmp_path)]) == 0
    assert _lines(tmp_path) == [*FIRST, ("crops/web/mask/d.jpg", "web")]


def test_a_root_may_be_written_in_any_way(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    for root in ("first", "./first", "second/../first", tmp_path / "first", link / "first"):
        assert build(root) == 0
        assert _lines(tmp_path) == FIRST
    monkeypatch.chdir(tmp_path / "first")
    assert build(".") == 0
    assert _lines(tmp_path) == FIRST


def test_a_linked_folder_lies_in_the_data_folder_under_its_own_name(tmp_path: Path, build: Build) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mine").symlink_to(tmp_path / "first")
    assert main(["data", "build", str(tmp_path / "data/mine"), "--data", str(tmp_path / "data")]) == 0
    assert _lines(tmp_path / "data") == [("mine/mask/a.jpg", "mine"), ("mine/no_mask/b.jpg", "mine")]


def test_a_root_elsewhere_is_told(tmp_path: Path, build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "build", str(tmp_path / "first"), "--data", str(tmp_path / "second")]) == 1
    assert "first: lies outside the data folder" in capsys.readouterr().err
    assert build(tmp_path / "third") == 1
    assert "third: no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["..", ".", "../up", "a/b", "a\\b", "a,b", " a", "a\nb", "a\udcff"])
def test_a_source_that_cannot_be_called_so_is_refused(tmp_path: Path, build: Build, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert build(tmp_path / "first", "--source", name) == 1
    assert "expected a name without slashes" in capsys.readouterr().err
    assert not (tmp_path / "manifest.csv").exists()
    with pytest.raises(TrainerError, match="expected a name without slashes"):
        write_manifest(tmp_path / "m.csv", [Sample(path="a.jpg", box=None, label="mask", source=name, group="g")])


def test_a_source_of_a_manifest_that_cannot_be_called_so_is_told_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,x,y,w,h,label,source,group,split\na.jpg,,,,,mask,../x,a,train\n")
    with pytest.raises(TrainerError, match=r"m\.csv, line 2: the source is called '\.\./x'"):
        read_manifest(tmp_path / "m.csv")


def test_a_folder_without_a_list_is_told_how_to_make_one(tmp_path: Path, build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", "--data", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "neither manifest.csv nor crops/" in said
    assert "data build" in said


def test_a_folder_whose_name_is_no_utf_8_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "b.jpg")
    folder = tmp_path / "crops/a\udcff/mask"
    folder.mkdir(parents=True)
    (tmp_path / "b.jpg").rename(folder / "b.jpg")
    assert main(["data", "list", "--data", str(tmp_path)]) == 1
    assert "this name is no UTF-8" in capsys.readouterr().err


def test_a_name_that_the_terminal_cannot_show_ends_nothing(tmp_path: Path, project: Path) -> None:
    picture(tmp_path / "crops/人/mask/a.jpg")
    done = subprocess.run([sys.executable, "-c", "import sys; from trainer.main import main; sys.exit(main())", "data", "list", "--data", str(tmp_path)],
                          env={**os.environ, "PYTHONIOENCODING": "latin-1"}, cwd=project, capture_output=True, check=False)
    assert (done.returncode, done.stdout.split()[:3]) == (0, [b"?", b"1", b"mask;"])


def test_pictures_that_are_all_alike_hide_no_other_fault_and_what_to_do_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label in ("mask", "no_mask"):
        for n in range(12):
            picture(tmp_path / f"set/{label}/{n}.jpg")
    (tmp_path / "set/mask/cut.jpg").write_bytes((tmp_path / "set/mask/1.jpg").read_bytes()[:200])
    assert main(["data", "build", str(tmp_path / "set"), "--data", str(tmp_path)]) == 0
    assert main(["data", "check", "--data", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "Unreadable: " in said.out
    assert said.out.count("One picture, two labels: set/") == MOST_LINES
    assert f"One picture, two labels: and {144 - MOST_LINES} more" in said.out
    assert "one group" in said.err


def test_how_many_are_set_apart_is_said_and_a_split_that_got_no_group_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label in ("mask", "no_mask"):
        picture(tmp_path / f"set/{label}/anna/1.jpg")
    asked = ["data", "build", str(tmp_path / "set"), "--data", str(tmp_path)]
    assert main([*asked, "--test", "0.99"]) == 0
    assert main([*asked, "--val", "0.001"]) == 0
    assert main(["data", "list", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "2 faces of set listed: 0 train, 0 val, 2 test.\n" in said
    assert "2 faces of set listed in place of 2: 2 train, 0 val, 0 test.\nNo face is for val: there are 1 groups" in said
    assert re.search(r"^set +1 mask, 1 no_mask; 2 train, 0 val, 0 test$", said, re.M)
