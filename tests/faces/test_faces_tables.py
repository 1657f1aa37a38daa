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
    (HEAD + b"a.jpg,,,,,mask,test,c\n", "labels.csv, line 2: no box"),
    (HEAD + b"a.jpg,1,2,3,4,mask,train,c\n", "webphotos has no test split")])
def test_a_list_of_boxes_that_is_none_is_told_by_line(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes, said: str) -> None:
    (tmp_path / "webphotos").mkdir()
    (tmp_path / "webphotos/labels.csv").write_bytes(text)
    assert main(["faces", "evaluate", str(project / "edge/models/face.onnx"), "--data", str(tmp_path)]) in (1, 2)
    assert said in capsys.readouterr().err
