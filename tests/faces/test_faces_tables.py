# SPDX-License-Identifier: Apache-2.0
"""Lists of boxes that are none: told by file, line and column, with no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.main import main

HEAD = b"image,x,y,w,h,label,split,group\n"


@pytest.mark.parametrize(("text", "said"), [
    (b"\xff\xfe\x00", "labels.csv: this is no CSV file in UTF-8"),
    (b"picture,left\n", "labels.csv: no column image, x, y, w, h, label, split, group"),
    (HEAD + b"a.jpg,1,2,wide,4,mask,test,c\n", "labels.csv, line 2: the box is 1, 2, wide, 4, expected four numbers"),
    (HEAD + b"a.jpg,1,2,0,4,mask,test,c\n", "labels.csv, line 2: the box is 0 by 4 pixels"),
    (HEAD + b"a.jpg,1,nan,3,4,mask,test,c\n", "labels.csv, line 2: the box is 1, nan, 3, 4, expected four numbers"),
    (HEAD + b"a.jpg,1,2,inf,4,mask,test,c\n", "labels.csv, line 2: the box is 1, 2, inf, 4, expected four numbers"),
    (HEAD + b"a.jpg,,,,,mask,test,c\n", "labels.csv, line 2: no box"),
    (HEAD + b"a.jpg,1,2,3,4,mask,train,c\n", "webphotos has no test split")])
def test_a_list_of_boxes_that_is_none_is_told_by_line(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes, said: str) -> None:
    (tmp_path / "webphotos").mkdir()
    (tmp_path / "webphotos/labels.csv").write_bytes(text)
    assert main(["faces", "evaluate", str(project / "edge/models/face.onnx"), "--data", str(tmp_path)]) == 1
    assert said in capsys.readouterr().err


def test_clips_and_a_card_that_are_missing_are_told_before_pictures_are_measured(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "webphotos").mkdir()
    (tmp_path / "webphotos/labels.csv").write_bytes(HEAD + b"a.jpg,1,2,3,4,mask,test,c\n")  # a.jpg is not there: measuring would end here
    words = ["faces", "evaluate", str(project / "edge/models/face.onnx"), "--data", str(tmp_path), "--videos", str(tmp_path), "--to", str(tmp_path / "out")]
    assert main(words) == 1
    assert "TRUTH.csv: no such file" in capsys.readouterr().err
    (tmp_path / "TRUTH.csv").write_text("clip,t_start,t_end,faces,verdict\n")
    assert main([*words, "--card", str(tmp_path / "card.md")]) == 2
    said = capsys.readouterr().err
    assert "card.md: the lines" in said
    assert "--card" in said
    assert main(words) == 1
    assert "a.jpg: not a picture" in capsys.readouterr().err
