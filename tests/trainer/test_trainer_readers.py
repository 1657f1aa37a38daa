# SPDX-License-Identifier: Apache-2.0
"""Each layout is read, and each fault in it is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from trainer_pictures import picture

from edge.look import Box
from trainer.data import readers
from trainer.data.manifest import Sample
from trainer.data.splits import leaks, split_by_group
from trainer.data.yolo_names import class_names
from trainer.errors import TrainerError


def test_class_folders_give_one_sample_a_picture(tmp_path: Path) -> None:
    picture(tmp_path / "set/WithMask/a.jpg")
    picture(tmp_path / "set/without_mask/b.png")
    samples = readers.class_folders(tmp_path / "set", tmp_path, "mine")
    assert [(s.path, s.label, s.box, s.source) for s in samples] == [
        ("set/WithMask/a.jpg", "mask", None, "mine"), ("set/without_mask/b.png", "no_mask", None, "mine")]


def test_folders_in_a_class_are_groups_that_no_split_parts(tmp_path: Path) -> None:
    for name in ("with_mask/anna/1", "with_mask/anna/2", "without_mask/anna/1", "with_mask/ben/1", "without_mask/3"):
        picture(tmp_path / f"set/{name}.jpg")
    samples = readers.class_folders(tmp_path / "set", tmp_path, "mine")
    assert [(s.group, s.label) for s in samples] == [("anna", "mask"), ("anna", "mask"), ("ben", "mask"), ("3", "no_mask"), ("anna", "no_mask")]
    assert not leaks(split_by_group(samples, 0.3, 0.3))


@pytest.mark.parametrize("layout", [readers.split_tree, readers.yolo, readers.voc])
def test_parts_that_number_their_pictures_anew_share_no_group(tmp_path: Path, layout: Callable[[Path, Path, str], list[Sample]]) -> None:
    (tmp_path / "classes.txt").write_text("with_mask\n")
    for part in ("train", "test"):
        picture(tmp_path / f"{part}/mask/0001.jpg")
        (tmp_path / f"{part}/mask/0001.txt").write_text("0 0.5 0.5 0.5 0.5\n")
        (tmp_path / f"{part}/mask/0001.xml").write_text(VOC.format(name="with_mask", right=14).replace("a.jpg", "0001.jpg"))
    samples = layout(tmp_path, tmp_path, "mine")
    assert {s.split for s in samples} == {"train", "test"}
    assert not leaks(samples)


def test_an_empty_class_is_named(tmp_path: Path) -> None:
    picture(tmp_path / "mask/a.jpg")
    (tmp_path / "no_mask").mkdir()
    with pytest.raises(TrainerError, match="no_mask: the class is empty"):
        readers.class_folders(tmp_path, tmp_path, "mine")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="nowhere: no such folder"):
        readers.class_folders(tmp_path / "nowhere", tmp_path, "mine")


def test_a_split_tree_keeps_its_splits(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        picture(tmp_path / split / "mask/a.jpg")
    assert [s.split for s in readers.split_tree(tmp_path, tmp_path, "mine")] == ["test", "train", "val"]


def test_a_split_tree_with_another_folder_is_an_error(tmp_path: Path) -> None:
    picture(tmp_path / "extra/mask/a.jpg")
    with pytest.raises(TrainerError, match="found extra, expected some of train"):
        readers.split_tree(tmp_path, tmp_path, "mine")


VOC = """<annotation><filename>a.jpg</filename><object><name>{name}</name><bndbox><xmin>4</xmin><ymin>6</ymin>
<xmax>{right}</xmax><ymax>26</ymax></bndbox></object></annotation>"""


def test_voc_boxes_become_left_top_width_height(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.jpg")
    (tmp_path / "a.xml").write_text(VOC.format(name="mask_weared_incorrect", right=14))
    (sample,) = readers.voc(tmp_path, tmp_path, "mine")
    assert (sample.box, sample.label) == (Box(4, 6, 10, 20), "incorrect")


def test_a_voc_box_without_area_is_an_error(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.jpg")
    (tmp_path / "a.xml").write_text(VOC.format(name="mask", right=4))
    with pytest.raises(TrainerError, match="a box of 0 by 20, expected a pixel"):
        readers.voc(tmp_path, tmp_path, "mine")


def test_voc_pictures_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in "ab":
        picture(tmp_path / folder / "a.jpg")
        (tmp_path / folder / "a.xml").write_text(VOC.format(name="mask", right=14))
    assert [sample.path for sample in readers.voc(tmp_path, tmp_path, "x")] == ["a/a.jpg", "b/a.jpg"]
    (tmp_path / "a/a.xml").rename(tmp_path / "a.xml")
    with pytest.raises(TrainerError, match="is there 2 times below"):
        readers.voc(tmp_path, tmp_path, "x")


def test_a_voc_note_without_its_picture_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(VOC.format(name="mask", right=14))
    with pytest.raises(TrainerError, match=r"its picture a\.jpg is nowhere"):
        readers.voc(tmp_path, tmp_path, "mine")


def test_voc_boxes_in_shares_of_the_picture_are_told(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    (tmp_path / "a.xml").write_text(VOC.format(name="mask", right=14).replace(">4<", ">0.1<").replace(">14<", ">0.4<"))
    with pytest.raises(TrainerError, match=r"a\.xml: a box of 0.3 by 20, expected a pixel") as told:
        readers.voc(tmp_path, tmp_path, "mine")
    assert "--layout yolo" in told.value.hint


def test_yolo_boxes_are_scaled_to_the_picture(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.jpg", width=80, height=40)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("\n1 0.5 0.5 0.25 0.5\n \n")  # empty lines say nothing
    (tmp_path / "classes.txt").write_text("mask\nno_mask\n")
    (sample,) = readers.yolo(tmp_path, tmp_path, "mine")
    assert (sample.box, sample.label) == (Box(30, 10, 20, 20), "no_mask")


@pytest.mark.parametrize(("line", "said"), [
    ("0 1e308 0.5 0.2 0.2", "the box "), ("0 0.5 0.5 20 0.2", "the box "), ("0 120 60 20 20", "the box "),
    ("2 .5 .5 .2 .2", "found"), ("mask .5 .5 .2 .2", "found"), ("0 .5 .5", "found")])
def test_a_yolo_line_that_does_not_fit_and_a_box_that_is_no_share_of_the_picture_are_told(tmp_path: Path, line: str, said: str) -> None:
    picture(tmp_path / "a.jpg")
    (tmp_path / "a.txt").write_text(line)
    (tmp_path / "classes.txt").write_text("mask\nno_mask")
    with pytest.raises(TrainerError, match=rf"a\.txt, line 1: {said}"):
        readers.yolo(tmp_path, tmp_path, "mine")


def test_a_mark_at_the_beginning_of_a_text_is_no_part_of_it(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    (tmp_path / "a.txt").write_text("0 .5 .5 .2 .2", encoding="utf-8-sig")
    (tmp_path / "classes.txt").write_text("mask\nno_mask", encoding="utf-8-sig")
    (sample,) = readers.yolo(tmp_path, tmp_path, "mine")
    assert sample.label == "mask"


@pytest.mark.parametrize(("sign", "said"), [(";", "parted by semicolons"), ("\t", "parted by tabs")])
def test_columns_that_are_parted_otherwise_are_told(tmp_path: Path, sign: str, said: str) -> None:
    (tmp_path / "labels.csv").write_text(sign.join(readers.BOXED) + "\n" + sign.join(("a.jpg", "1", "2", "3", "4", "mask")) + "\n", encoding="utf-8-sig")
    with pytest.raises(TrainerError, match=rf"labels\.csv: its columns are {said}, expected commas .image,x,y,w,h,label."):
        readers.boxes_csv(tmp_path, tmp_path, "mine")


def test_csv_boxes_carry_split_and_group(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.jpg")
    (tmp_path / "labels.csv").write_text("image,x,y,w,h,label,split,group\na.jpg,1,2,3,4,unknown,test,c2\n")
    (sample,) = readers.boxes_csv(tmp_path, tmp_path, "mine")
    assert (sample.path, sample.box, sample.label, sample.split, sample.group) == ("images/a.jpg", Box(1, 2, 3, 4), "unknown", "test", "c2")


@pytest.mark.parametrize(("row", "message"), [
    ("a.jpg,1,2,3,4,moustache,test,c2", "'moustache' is not in the table"),
    ("a.jpg,1,2,0,4,mask,test,c2", "0 by 4 pixels"),
    ("a.jpg,1,two,3,4,mask,test,c2", "expected four numbers"),
    ("a.jpg,1,2,3,4,mask,holiday,c2", "the split is 'holiday'"),
    ("a.jpg,1,2,3,4,,test,c2", "no label"),
    ("a.jpg,0.4,0.3,0.2,0.25,mask,test,c2", "a box of 0.2 by 0.25, expected a pixel of the picture and more"),
    ("b.jpg,1,2,3,4,mask,test,c2", "images/b.jpg is not there"),
])
def test_a_csv_row_that_does_not_fit_is_named_by_its_line(tmp_path: Path, row: str, message: str) -> None:
    picture(tmp_path / "images/a.jpg")
    (tmp_path / "labels.csv").write_text(f"image,x,y,w,h,label,split,group\n{row}\n")
    with pytest.raises(TrainerError, match="line 2") as caught:
        readers.boxes_csv(tmp_path, tmp_path, "mine")
    assert message in str(caught.value)


def test_maskedface_net_labels_stand_in_the_name(tmp_path: Path) -> None:
    for name in ("001_Mask", "002_Mask_Mouth_Chin", "003_Mask_Chin", "004_Mask_Nose_Mouth"):
        picture(tmp_path / f"{name}.jpg")
    assert [(s.group, s.label) for s in readers.maskedface_net(tmp_path, tmp_path, "mfn")] == [
        ("001", "mask"), ("002", "incorrect"), ("003", "incorrect")]


def test_people_stay_together_where_names_tell() -> None:
    assert readers.group_of("rmfd_part2", "00535_005") == readers.group_of("rmfd_part2", "00535_006") == "00535"
    assert readers.group_of("yawdd_drivers", "yawn_94") == readers.group_of("yawdd_drivers", "no_yawn_3")
    assert readers.group_of("somebody", "a1") != readers.group_of("somebody", "a2")


def test_names_of_classes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    (tmp_path / "classes.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(TrainerError, match=r"classes\.txt: this is no text in UTF-8"):
        readers.yolo(tmp_path, tmp_path, "own")


@pytest.mark.parametrize(("name", "text"), [
    ("classes.txt", "with_mask\nwithout_mask\n"), ("obj.names", "with_mask\nwithout_mask"),
    ("data.yaml", "train: ../train/images\nnc: 2\nnames: ['with_mask', \"without_mask\"]\n"),
    ("data.yaml", "names: [with_mask,\n  without_mask]  # both\nroboflow:\n  license: MIT\n"),
    ("data.yaml", "names:\n- with_mask\n- without_mask\nnc: 2\n"), ("data.yml", "names:\n  0: with_mask\n  1: 'without_mask'\n\nnc: 2\n"),
    ("data.yaml", "names: {0: with_mask, 1: without_mask}\n"), ("data.yaml", "names:\n  1: without_mask\n  0: with_mask\n")])
def test_the_names_of_a_yolo_set_are_read_from_whatever_it_brings(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / name).write_text(text)
    assert class_names(tmp_path) == ["with_mask", "without_mask"]


@pytest.mark.parametrize("text", ["nc: 2\n", "names:\nnc: 2\n", "names: []", "names: {0: a, 2: b}", "names:\n  - [a, b]\n", "names: [a, {b: c}]",
                                  "names: 2", "names: [a, ''", "names: [a, ~]", "- names", ""])
def test_names_that_are_not_understood_are_never_guessed(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(TrainerError, match=r"data\.yaml: ") as told:
        class_names(tmp_path)
    assert "classes.txt" in told.value.hint


@pytest.mark.parametrize("layout", [readers.yolo, readers.voc])
def test_a_boxed_set_that_comes_in_parts_keeps_them_apart(tmp_path: Path, layout: Callable[[Path, Path, str], list[Sample]]) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/data.yaml").write_text("names: [with_mask]")
    for part in ("train", "valid", "test"):
        picture(tmp_path / f"set/{part}/images/{part}.jpg")
        (tmp_path / f"set/{part}/labels").mkdir()
        (tmp_path / f"set/{part}/labels/{part}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
        (tmp_path / f"set/{part}/labels/{part}.xml").write_text(VOC.format(name="with_mask", right=14).replace("a.jpg", f"{part}.jpg"))
    assert {(s.group, s.split) for s in layout(tmp_path / "set", tmp_path, "mine")} == {("train/train", "train"), ("valid/valid", "val"), ("test/test", "test")}


def test_what_a_system_leaves_beside_the_pictures_is_no_class_and_no_picture(tmp_path: Path) -> None:
    picture(tmp_path / "set/mask/a.jpg")
    (tmp_path / "set/mask/._a.jpg").write_bytes(b"\0\5\x16\7")
    for left in (".ipynb_checkpoints", "__MACOSX/mask"):
        (tmp_path / "set" / left).mkdir(parents=True)
    assert [s.path for s in readers.class_folders(tmp_path / "set", tmp_path, "mine")] == ["set/mask/a.jpg"]
    hidden = tmp_path / ".data/set"  # what lies above the set is nobody's leftover
    picture(hidden / "mask/b.jfif.jpg").rename(hidden / "mask/b.jfif")
    assert [s.path for s in readers.class_folders(hidden, tmp_path, "mine")] == [".data/set/mask/b.jfif"]


def test_pictures_that_are_not_read_are_counted(tmp_path: Path) -> None:
    picture(tmp_path / "mask/a.jpg")
    assert readers.passed_over(tmp_path) == ""
    for name in ("a.HEIC", "b.heic", "c.tif", "._d.tif"):
        (tmp_path / "mask" / name).touch()
    assert readers.passed_over(tmp_path).startswith("Passed over: 2 .heic, 1 .tif; what is read are .bmp, ")


@pytest.mark.parametrize(("layout", "folder", "said"), [(readers.class_folders, "train/mask", "--layout tree"), (readers.split_tree, "mask", "--layout folders"), (readers.class_folders, "", "--help")])
def test_another_layout_than_was_named_is_told_by_its_name(tmp_path: Path, layout: Callable[[Path, Path, str], list[Sample]], folder: str, said: str) -> None:
    picture(tmp_path / folder / "a.jpg")
    with pytest.raises(TrainerError) as told:
        layout(tmp_path, tmp_path, "mine")
    assert said in told.value.hint
