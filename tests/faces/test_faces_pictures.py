# SPDX-License-Identifier: Apache-2.0
"""The pictures that the detector is trained on: what people called the faces in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.errors import TrainerError
from trainer.faces.labelling import scene_faces
from trainer.faces.pictures import crops, scenes


def listed(data: Path, label: str) -> Path:
    """A data folder with one boxed face of this label."""
    (data / "web").mkdir()
    (data / "web/labels.csv").write_text(f"image,x,y,w,h,label,source,group,split\na.jpg,1,2,30,40,{label},web,a,train\n")
    return data


@pytest.mark.parametrize(("label", "meant"), [("mask", "mask"), ("With_Mask", "mask"), ("nose out", "incorrect"), ("unknown", "unknown")])
def test_a_label_means_what_it_means_to_the_mask_model(tmp_path: Path, label: str, meant: str) -> None:
    picture, = scenes(listed(tmp_path, label), sources=("web",))
    assert [truth.label for truth in picture.truths] == [meant]
    assert len(scene_faces(picture, [], (0, 0, 1, 1))) == 1


@pytest.mark.parametrize(("label", "said"), [("beard", "line 2: the label 'beard' is not in the table"), ("", "line 2: the label '' is not"), ("background", "line 2: the label is 'background', expected a face: unknown, mask")])
def test_a_label_that_says_nothing_is_told_with_its_line(tmp_path: Path, label: str, said: str) -> None:
    with pytest.raises(TrainerError, match=said):
        scenes(listed(tmp_path, label), sources=("web",))


def test_so_with_the_folders_of_single_faces(tmp_path: Path) -> None:
    for name in ("With_Mask", "negatives", "beard"):
        (tmp_path / f"crops/web/{name}").mkdir(parents=True)
        (tmp_path / f"crops/web/{name}/a.jpg").touch()
    with pytest.raises(TrainerError, match=r"crops/web/beard: the label 'beard' is not"):
        crops(tmp_path)
    (tmp_path / "crops/web/beard/a.jpg").unlink()
    assert [picture.label for picture in crops(tmp_path)] == ["mask", "not_face"]


def test_crops_that_are_missing_are_told_and_not_found_out_by_the_first_scene(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="crops: no pictures of what is no face"):
        crops(tmp_path)
