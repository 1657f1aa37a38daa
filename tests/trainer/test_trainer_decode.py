# SPDX-License-Identifier: Apache-2.0
"""Pictures that are none, and boxes that lie in none: each is told by the file's name, before it is cut or scaled."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from trainer_pictures import picture

from edge.look import Box
from trainer.data.check import check, contact_sheet
from trainer.data.decode import read_picture
from trainer.data.manifest import Sample, box_of
from trainer.data.overview import measure
from trainer.errors import TrainerError
from trainer.faces.pictures import Picture, Pixels, Truth
from trainer.judge import judge

FACE = Sample(path="a.jpg", box=None, label="mask", source="web", group="anna")


def test_a_picture_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    for content in ("no picture", ""):
        (tmp_path / "a.jpg").write_text(content)
        with pytest.raises(TrainerError, match=r"a\.jpg: cannot be decoded"):
            read_picture(tmp_path / "a.jpg")
    with pytest.raises(TrainerError, match=r"b\.jpg: no such file"):
        read_picture(tmp_path / "b.jpg")
    with pytest.raises(TrainerError, match="cannot be read"):
        read_picture(tmp_path)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@pytest.mark.parametrize("kept", [0.5, 0.9, 0.999])
def test_a_picture_that_is_cut_short_is_told(tmp_path: Path, name: str, kept: float) -> None:
    whole = picture(tmp_path / name, 200, 200).read_bytes()
    (tmp_path / name).write_bytes(whole[:int(kept * len(whole))])
    with pytest.raises(TrainerError, match=f"{name}: cut short"):
        read_picture(tmp_path / name)
    assert "cut short" in check([Sample(path=name, box=None, label="mask", source="web", group="g")], tmp_path, show=False).unreadable[0]


def test_a_jpeg_is_cut_even_if_the_small_one_inside_it_is_whole(tmp_path: Path) -> None:
    small = picture(tmp_path / "small.jpg", 16, 16).read_bytes()
    large = picture(tmp_path / "a.jpg", 200, 200).read_bytes()
    inside = b"\xff\xe1" + (len(small) + 2).to_bytes(2, "big") + small
    (tmp_path / "a.jpg").write_bytes(large[:2] + inside + large[2:] + b"\0\0 what a camera writes after the end")
    assert read_picture(tmp_path / "a.jpg").shape == (200, 200, 3)
    (tmp_path / "a.jpg").write_bytes(large[:2] + inside + large[2:-300])
    with pytest.raises(TrainerError, match="cut short"):
        read_picture(tmp_path / "a.jpg")


@pytest.mark.parametrize("how", [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]], ids=["plain", "progressive", "restarts"])
def test_what_a_telephone_puts_behind_a_jpeg_is_no_part_of_it(tmp_path: Path, how: list[int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    jpeg = cv2.imencode(".jpg", noise, how)[1].tobytes()
    film = b"\0\0\0\x18ftypmp42 \xff\xda and so on"
    (tmp_path / "a.jpg").write_bytes(jpeg + film)
    assert read_picture(tmp_path / "a.jpg").shape == (64, 64, 3)
    (tmp_path / "a.jpg").write_bytes(jpeg[:-40] + film)
    with pytest.raises(TrainerError, match="cut short"):
        read_picture(tmp_path / "a.jpg")


SCENE = cv2.resize(np.random.default_rng(3).integers(0, 255, (9, 9, 3), np.uint8), (100, 75), interpolation=cv2.INTER_CUBIC)
ONE_SCAN = pytest.mark.parametrize("how", [[], [cv2.IMWRITE_JPEG_RST_INTERVAL, 4], [cv2.IMWRITE_JPEG_RST_INTERVAL, 1], [cv2.IMWRITE_JPEG_OPTIMIZE, 1]], ids=["plain", "restarts", "many restarts", "own tables"])


@ONE_SCAN
@pytest.mark.parametrize("behind", [b"", b"\xff", bytes(700)], ids=["nothing", "half a mark", "zeros"])
def test_a_jpeg_that_lacks_only_its_end_mark_is_read_as_if_it_had_one(tmp_path: Path, capfd: pytest.CaptureFixture[str], how: list[int], behind: bytes) -> None:
    jpeg = cv2.imencode(".jpg", SCENE, how)[1].tobytes()
    (tmp_path / "a.jpg").write_bytes(jpeg[:-2] + behind)  # as many webcams write them
    assert (read_picture(tmp_path / "a.jpg") == cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)).all()
    assert capfd.readouterr() == ("", "")


@ONE_SCAN
@pytest.mark.parametrize("behind", [b"", bytes(4000), b"\0\0\0\x18ftypmp42" + bytes(range(1, 255)) * 40], ids=["nothing", "zeros", "a film"])
def test_a_jpeg_that_lacks_one_byte_of_its_rows_or_more_is_cut(tmp_path: Path, how: list[int], behind: bytes) -> None:
    jpeg = cv2.imencode(".jpg", SCENE, how)[1].tobytes()
    rows = len(jpeg) - jpeg.rindex(b"\xff\xda")
    for gone in (*range(3, 150), *range(150, rows - 20, 97)):
        (tmp_path / "a.jpg").write_bytes(jpeg[:-gone] + behind)
        with pytest.raises(TrainerError, match="cut short"):
            read_picture(tmp_path / "a.jpg")


@pytest.mark.parametrize("scene", [SCENE, SCENE[..., 0]], ids=["colour", "grey"])
def test_a_progressive_jpeg_without_its_end_may_lack_a_scan_and_is_cut(tmp_path: Path, scene: np.ndarray) -> None:
    (tmp_path / "a.jpg").write_bytes(cv2.imencode(".jpg", scene, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()[:-2])
    with pytest.raises(TrainerError, match="cut short"):
        read_picture(tmp_path / "a.jpg")


def test_a_decoder_says_nothing_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = picture(tmp_path / "a.bmp", 200, 200).read_bytes()
    (tmp_path / "a.bmp").write_bytes(whole[:-9000])
    with pytest.raises(TrainerError, match=r"a\.bmp: cannot be decoded"):
        read_picture(tmp_path / "a.bmp")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 40), (300, 1), (10, 201)])
def test_a_picture_too_small_or_thin_to_show_a_face_is_told(tmp_path: Path, width: int, height: int) -> None:
    picture(tmp_path / "a.jpg", width, height)
    with pytest.raises(TrainerError, match=rf"a\.jpg: the picture is {width} by {height} pixels, expected sides of 8"):
        read_picture(tmp_path / "a.jpg")
    assert len(check([FACE], tmp_path, show=False).unreadable) == 1
    with pytest.raises(TrainerError, match=r"a\.jpg: the picture is"):
        Pixels([Picture(path=tmp_path / "a.jpg", source="web", label="mask")], tmp_path / "cache")


def test_the_contact_sheet_says_which_picture_it_leaves_black(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "a.jpg", 300, 1)
    contact_sheet([FACE], tmp_path, across=3, tile=32)
    assert capsys.readouterr().out.count("a.jpg: the picture is 300 by 1 pixels") == 1


@pytest.mark.parametrize("number", ["1e30", "-1e30", "inf", "nan", "1048577"])
@pytest.mark.parametrize("place", range(4))
def test_a_box_that_no_picture_has_is_refused_where_it_is_read(number: str, place: int) -> None:
    with pytest.raises(TrainerError, match=r"labels\.csv, line 2: the box is .* expected four numbers x, y, w, h of a picture"):
        box_of([number if i == place else "5" for i in range(4)], "labels.csv, line 2")


@pytest.mark.parametrize("box", [Box(300, 2, 5, 5), Box(-9000, -9000, 18040, 18040), Box(0, 0, 81, 9)])
def test_a_box_that_lies_in_no_picture_is_told_before_anything_is_cut(tmp_path: Path, box: Box) -> None:
    picture(tmp_path / "a.jpg")
    sample = Sample(path="a.jpg", box=box, label="mask", source="web", group="g")
    said = r"a\.jpg: the box .* lies outside the picture of 40 by 40 pixels"
    with pytest.raises(TrainerError, match=said):
        contact_sheet([sample], tmp_path, across=1, tile=32)
    with pytest.raises(TrainerError, match=said):
        measure([sample], tmp_path, show=False)
    with pytest.raises(TrainerError, match=said):
        judge([sample], tmp_path, lambda image, boxes: [], show=False)
    with pytest.raises(TrainerError, match=said):
        Pixels([Picture(path=tmp_path / "a.jpg", source="web", truths=(Truth(box, "mask"),))], tmp_path / "cache")
    assert len(check([sample], tmp_path, show=False).outside) == 1


def test_prepared_pictures_of_before_are_looked_at_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "a.jpg", 300, 1)
    thin = [Picture(path=tmp_path / "a.jpg", source="web", label="mask")]
    with monkeypatch.context() as before:
        before.setattr("trainer.faces.pictures.read_picture", lambda path: np.asarray(cv2.imread(str(path))))
        before.setattr("trainer.faces.pictures.require_shape", lambda *_: None)
        assert len(Pixels(thin, tmp_path / "cache")) == 1
    with pytest.raises(TrainerError, match="300 by 1 pixels"):
        Pixels(thin, tmp_path / "cache")
