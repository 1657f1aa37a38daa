# SPDX-License-Identifier: Apache-2.0
"""Which found face belongs to which labelled box, and where a cached face comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from trainer_pictures import picture

from edge.look import Box, Face
from edge.vision import MODELS
from trainer.data import cache
from trainer.data.cache import faces_of, open_cache, strays
from trainer.data.find import fit
from trainer.data.manifest import Sample
from trainer.errors import TrainerError

NOWHERE = ((0.0, 0.0),) * 5


def _face(*box: float) -> Face:
    return Face(Box(*box), NOWHERE, 0.9)


def test_each_face_is_given_to_one_box_the_best_overlap_first() -> None:
    near, far = _face(10, 10, 20, 20), _face(100, 10, 20, 20)
    assert fit([Box(12, 12, 20, 20), Box(11, 11, 20, 20), Box(98, 8, 24, 24)], [far, near]) == [None, near, far]


def test_a_tight_box_belongs_to_a_wide_face_around_the_same_middle() -> None:
    wide = _face(0, 0, 40, 40)
    assert fit([Box(10, 10, 21, 21)], [wide]) == [wide]
    assert fit([Box(15, 15, 9, 9)], [wide]) == [None]


class _Nobody:
    def all_faces(self, image: np.ndarray) -> list[Face]:
        return []

    def main_face(self, image: np.ndarray) -> None:
        return None


def test_where_nothing_is_found_the_label_or_the_whole_picture_stands() -> None:
    boxed = Sample(path="a", box=Box(1, 2, 30, 30), label="mask", source="s", group="g")
    whole = Sample(path="a", box=None, label="mask", source="s", group="g")
    image = np.zeros((50, 60, 3), np.uint8)
    found = faces_of([boxed, whole], image, _Nobody(), "a")  # type: ignore[arg-type]
    assert [box for box, _ in found] == [Box(1, 2, 30, 30), Box(0, 0, 60, 50)]


def test_a_box_outside_its_picture_is_an_error() -> None:
    sample = Sample(path="a", box=Box(100, 2, 30, 30), label="mask", source="s", group="g")
    with pytest.raises(TrainerError, match="lies outside the picture of 60 by 50"):
        faces_of([sample], np.zeros((50, 60, 3), np.uint8), _Nobody(), "a")  # type: ignore[arg-type]


def test_a_cache_without_a_detector_names_the_file_it_looked_for(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    with pytest.raises(TrainerError, match=r"nowhere\.onnx: no such file"):
        open_cache([Sample(path="a.jpg", box=None, label="mask", source="s", group="g")], tmp_path, tmp_path / "nowhere.onnx", tmp_path / "cache")


def test_boxes_that_are_no_pixels_are_told(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    share = Sample(path="a.jpg", box=Box(0.5, 0.5, 0.2, 0.2), label="mask", source="s", group="g")
    with pytest.raises(TrainerError, match="no labelled face of 18 px or more; boxes are in pixels"):
        open_cache([share], tmp_path, tmp_path / "nowhere.onnx", tmp_path / "cache")


def test_a_cache_is_made_once_and_anew_when_a_picture_changes(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = project / "edge/models/face.onnx"
    picture(tmp_path / "a.jpg")
    samples = [Sample(path="a.jpg", box=Box(5, 5, 20, 24), label="mask", source="s", group="g")]
    first = open_cache(samples, tmp_path, detector, tmp_path / "cache", workers=1)
    picture(tmp_path / "a.jpg", shade=7)
    changed = open_cache(samples, tmp_path, detector, tmp_path / "cache", workers=1)
    assert (changed.pictures != first.pictures).any()
    picture(tmp_path / "a.jpg")
    monkeypatch.setattr("trainer.data.cache._make", None)
    again = open_cache(samples, tmp_path, detector, tmp_path / "cache", workers=1)
    assert again.rows == first.rows
    assert (again.pictures == first.pictures).all()


def test_a_stray_touches_no_labelled_face_and_is_large_enough_to_be_seen() -> None:
    face = Box(100, 100, 40, 50)
    assert strays([face], [Box(98, 104, 40, 44), Box(110, 120, 20, 24), Box(85, 90, 80, 90)]) == []  # the face, a part of it, all around it
    assert strays([face], [Box(200, 100, 40, 40), Box(205, 100, 40, 40), Box(300, 100, 20, 20)]) == [Box(200, 100, 40, 40)]


class HereAndNow:
    """A pool without processes, so that what a test put in place is there."""

    def __init__(self, *arguments: object, **more: object) -> None: ...

    def shutdown(self, *, cancel_futures: bool) -> None: ...

    def map(self, work: Callable[..., object], jobs: Sequence[object], chunksize: int) -> Iterator[object]:
        return map(work, jobs)


@pytest.mark.shared
@pytest.mark.parametrize(("source", "labels"), [("webphotos", {"no_mask", "not_face"}), ("andrewmvd", {"no_mask"})])
def test_what_the_unit_alone_finds_beside_the_labelled_faces_is_kept_as_no_face_where_all_have_a_label(
        tmp_path: Path, shared: Path, source: str, labels: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from skimage.data import astronaut
    from skimage.io import imsave

    imsave(tmp_path / "a.png", astronaut())
    samples = [Sample(path="a.png", box=Box(179, 63, 90, 112), label="no_mask", source=source, group="g", split="test")]
    detector, unit = shared / "weights/yunet_n_640_640.onnx", MODELS / "face.onnx"
    monkeypatch.setattr(cache, "_found_by_unit", lambda image, model: [Box(180, 60, 90, 110), Box(20, 380, 60, 60)])  # her face, and a flag
    monkeypatch.setattr(cache, "ProcessPoolExecutor", HereAndNow)
    faces = open_cache(samples, tmp_path, detector, tmp_path / "cache", unit=unit)
    assert {row.label for row in faces.rows} == labels
    assert {(row.source, row.split) for row in faces.rows} == {(source, "test")}
    assert len(faces.pictures) == len(faces.rows)


@pytest.mark.shared
def test_a_cache_that_two_programs_make_at_once_is_whole_for_both(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        picture(tmp_path / f"{number}.png", 120, 120, shade=number)
    samples = [Sample(path=f"{number}.png", box=Box(30, 30, 60, 60), label="mask", source="s", group="g") for number in range(3)]
    detector = shared / "weights/yunet_n_640_640.onnx"
    others = []

    class Interrupted(HereAndNow):
        def map(self, work: Callable[..., object], jobs: Sequence[object], chunksize: int) -> Iterator[object]:
            for number, job in enumerate(jobs):
                if number == 2:
                    monkeypatch.setattr(cache, "ProcessPoolExecutor", HereAndNow)
                    others.append(open_cache(samples, tmp_path, detector, tmp_path / "cache").pictures.copy())
                yield work(job)

    monkeypatch.setattr(cache, "ProcessPoolExecutor", Interrupted)
    ours = open_cache(samples, tmp_path, detector, tmp_path / "cache")
    assert (ours.pictures == others[0]).all()
    assert all(square.any() for square in ours.pictures)
    home, = (tmp_path / "cache").iterdir()
    assert {file.name for file in home.iterdir()} == {"faces.bin", "rows.csv"}


@pytest.mark.shared
def test_a_picture_that_is_missing_stops_the_cache_with_its_name(tmp_path: Path, shared: Path) -> None:
    samples = [Sample(path="gone.jpg", box=None, label="mask", source="s", group="g")]
    with pytest.raises(TrainerError, match=r"gone\.jpg: no such file"):
        open_cache(samples, tmp_path, shared / "weights/yunet_n_640_640.onnx", tmp_path / "cache", workers=1)
