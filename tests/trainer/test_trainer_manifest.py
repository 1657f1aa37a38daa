# SPDX-License-Identifier: Apache-2.0
"""The list of samples: written, read, split and checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from trainer_pictures import picture

from edge.look import Box
from trainer.data.check import TITLE_PX, check, contact_sheet
from trainer.data.labels import CLASSES
from trainer.data.manifest import Sample, read_manifest, write_manifest
from trainer.data.overview import Measured, measure, overview
from trainer.data.splits import leaks, split_by_group
from trainer.errors import TrainerError
from trainer.lettering import lettered

FACE = Sample(path="a.jpg", box=None, label="mask", source="web", group="anna")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    samples = [FACE, replace(FACE, path="ä, b.jpg", box=Box(1, 2.5, 3, 4), label="no_mask", split="test")]
    write_manifest(tmp_path / "m.csv", samples)
    assert read_manifest(tmp_path / "m.csv") == samples


@pytest.mark.parametrize(("text", "message"), [
    ("path,x\n", "no column y"), ("path,x,y,w,h,label,source,group,split\n", "it is empty"),
    ("path,x,y,w,h,label,source,group,split\na.jpg,,,,,beard,web,a,train\n", "line 2: the label is 'beard'"),
    ("path,x,y,w,h,label,source,group,split\na.jpg,,,,,mask,web,a,later\n", "line 2: the split is 'later'"),
    ("path,x,y,w,h,label,source,group,split\na.jpg,1,2,,4,mask,web,a,train\n", "expected four numbers"),
])
def test_a_manifest_that_does_not_fit_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(TrainerError, match=message):
        read_manifest(tmp_path / "m.csv")


def test_a_manifest_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="no such file"):
        read_manifest(tmp_path / "m.csv")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40)), min_size=1, max_size=80), st.integers(0, 9))
def test_no_group_is_ever_in_two_splits(names: list[tuple[str, int]], seed: int) -> None:
    samples = [replace(FACE, path=f"{i}.jpg", source=source, group=str(group)) for i, (source, group) in enumerate(names)]
    assert not leaks(split_by_group(samples, 0.3, 0.3, seed))


def test_a_set_that_grows_keeps_its_splits() -> None:
    few = [replace(FACE, group=str(i)) for i in range(50)]
    many = [replace(FACE, group=str(i)) for i in range(100)]
    assert split_by_group(many, 0.2, 0.2)[:50] == split_by_group(few, 0.2, 0.2)
    assert {s.split for s in split_by_group(many, 0.2, 0.2)} == {"train", "val", "test"}


def test_shares_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(TrainerError, match="nothing to train on"):
        split_by_group([FACE], 0.5, 0.5)


def test_check_names_everything_that_is_wrong(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", shade=1)
    picture(tmp_path / "same.jpg", shade=1)
    picture(tmp_path / "copy.jpg", shade=1)
    picture(tmp_path / "c.jpg", shade=2)
    (tmp_path / "torn.jpg").write_text("no picture")
    samples = [FACE, replace(FACE, path="same.jpg", label="no_mask", group="b"), replace(FACE, path="copy.jpg", group="c", split="test"),
               replace(FACE, path="torn.jpg", group="d"), replace(FACE, path="c.jpg", group="e", box=Box(100, 100, 9, 9)),
               replace(FACE, path="c.jpg", group="anna", split="val")]
    found = check(samples, tmp_path, show=False)
    assert found.unreadable == [f"{tmp_path}/torn.jpg: cannot be decoded as a picture."]
    assert found.outside == ["c.jpg: (100, 100, 9, 9) in 40 by 40"]
    assert found.classes == []
    assert found.missing[0].startswith("no sample of incorrect: a recipe can have such masks drawn")
    assert found.leaks == ["web, group anna: in train and val"]
    assert "a.jpg is mask, same.jpg is no_mask" in found.conflicts
    assert "a.jpg is in train, copy.jpg in test" in found.crossing
    assert found.wrong


def test_check_counts_pictures_that_repeat_another_and_not_pairs_of_them(tmp_path: Path) -> None:
    for name in "abcd":
        picture(tmp_path / f"{name}.jpg", shade=1)
    assert check([replace(FACE, path=f"{name}.jpg") for name in "abcd"], tmp_path, show=False).copies == 3


def test_a_name_that_is_no_utf_8_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="this name is no UTF-8"):
        write_manifest(tmp_path / "manifest.csv", [FACE, replace(FACE, path="b\udcff.jpg")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore")  # matplotlib's own
def test_the_overview_measures_every_face_and_is_drawn(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", 80, 60)
    picture(tmp_path / "b.jpg", 40, 40)
    samples = [Sample(path="a.jpg", box=Box(2, 2, 30, 20), label="mask", source="web", group="1"),
               Sample(path="a.jpg", box=Box(40, 2, 10, 20), label="no_mask", source="web", group="1"),
               Sample(path="b.jpg", box=None, label="incorrect", source="other", group="2", split="val")]
    found = measure(samples, tmp_path, show=False)
    assert [m.side_px for m in found] == [30, 20, 40]
    assert all(0 < m.light < 255 for m in found)
    overview(samples, found, tmp_path / "out.png")
    assert cv2.imread(str(tmp_path / "out.png")) is not None
    with pytest.raises(TrainerError, match="no overview"):
        measure([], tmp_path)


@pytest.mark.filterwarnings("ignore")  # matplotlib's own
@pytest.mark.parametrize("count", [1, 2, 8, 16, 40])
def test_in_the_overview_no_name_lies_on_another_and_the_legend_on_no_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: drawn.append(figure) or Path(path).touch())
    samples = [replace(FACE, source=f"what somebody called their set of pictures, number {n}", label=label) for n in range(count) for label in CLASSES] * (18_000 // count)
    overview(samples, [Measured(label, side, 100.0, 900.0) for label in CLASSES for side in (40.0, 90.0)], tmp_path / "out.png")
    (figure,) = drawn
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        for texts in (axes.get_xticklabels(which="both"), axes.get_yticklabels()):
            boxes = [text.get_window_extent() for text in texts if text.get_text() and figure.bbox.overlaps(text.get_window_extent())]
            assert not [1 for n, one in enumerate(boxes) for other in boxes[n + 1:] if one.overlaps(other)]
        assert axes.get_legend() is None
        assert not figure.legends[0].get_window_extent().overlaps(axes.get_window_extent())
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert len(set(names)) == count, "names that begin alike are told apart by their ends"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["a$b$c", r"$\foo$", "_mine_", "人の顔", "a" * 250])
def test_a_source_may_be_called_anything_and_the_overview_shows_it_without_a_warning(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "a.jpg")
    samples = [replace(FACE, source=name), replace(FACE, source="web", label="no_mask")]
    overview(samples, measure(samples, tmp_path, show=False), tmp_path / "out.png")
    assert cv2.imread(str(tmp_path / "out.png")) is not None
    assert contact_sheet(samples, tmp_path, across=1, tile=32).shape == (64 + 2 * TITLE_PX, 32, 3)


@pytest.mark.parametrize(("name", "shown"), [("Ärzte_2 (alt)", "Ärzte_2 (alt)"), ("a$b", r"a\$b"), ("_x", " _x"), ("人", r"\u4eba"), ("a" * 21 + "b" * 20, "a" * 19 + "…" + "b" * 20)])
def test_a_name_is_lettered_so_that_a_plot_can_show_it(name: str, shown: str) -> None:
    assert lettered(name) == shown


@pytest.mark.filterwarnings("error")
def test_a_face_that_is_hardly_sharp_is_drawn_with_the_least_ones(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((40, 40, 3), 90, np.uint8))
    overview([replace(FACE, path="a.png")], measure([replace(FACE, path="a.png")], tmp_path, show=False), tmp_path / "out.png")
    assert (tmp_path / "out.png").is_file()


def test_a_contact_sheet_has_a_row_a_source_and_label(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    sheet = contact_sheet([FACE, replace(FACE, label="no_mask", box=Box(2, 2, 20, 20))], tmp_path, across=3, tile=32)
    assert sheet.shape == (64 + 2 * TITLE_PX, 96, 3)
    for top in (0, TITLE_PX + 32):
        title, row = sheet[top:top + TITLE_PX], sheet[top + TITLE_PX:top + TITLE_PX + 32]
        assert np.median(title) == 0 < 240 < title.max(), "white on black: readable beside any skin"
        assert len(np.unique(row[:, :32])) > 1
        assert len(np.unique(row[:, 32:])) == 1, "a face is shown once"


def test_a_manifest_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TrainerError, match=r"m\.csv: this is no CSV file in UTF-8"):
        read_manifest(tmp_path / "m.csv")
