# SPDX-License-Identifier: Apache-2.0
"""`faces evaluate`: lists of boxes that are none are told by file, line and column, with no traceback; else every table is written."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from trainer.faces import evaluate as evaluating
from trainer.faces.card import BEGIN, END
from trainer.faces.clips import Tally
from trainer.faces.measure import Outcome, Sighting
from trainer.faces.pictures import Picture
from trainer.faces.plots import _recall, plot_scores, plot_time
from trainer.faces.results import Result
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
    assert "a.jpg: no such file" in capsys.readouterr().err


def test_all_tables_are_written_and_put_into_the_card(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "webphotos").mkdir()
    # The second and third picture train; the groups of the second are kept apart from it.
    (tmp_path / "webphotos/labels.csv").write_bytes(HEAD + b"a.jpg,1,2,3,4,mask,test,c\nb.jpg,1,2,3,4,mask,train,c4\nc.jpg,1,2,3,4,mask,train,c1\n")
    (tmp_path / "TRUTH.csv").write_text("clip,t_start,t_end,faces,verdict\n")
    card = tmp_path / "card.md"
    card.write_text(f"before\n{BEGIN}\n{END}\nafter\n")

    def measured(models: list[Path], names: list[str], pictures: list[Picture], sizes: list[int]) -> list[Result]:
        # What is near is found from 320 px on, from 330 px on in the pictures kept apart.
        least = {"a.jpg": 320, "b.jpg": 330}[pictures[0].path.name]
        faces = {size: [Sighting(label="mask", share=0.3, score=0.9 if size >= least else 0.4)] for size in sizes}
        return [Result(model=name, size=size, outcome=Outcome(pictures=len(pictures), faces=faces[size], false_scores=[]), milliseconds=1.0, landmark_error=float("nan"))
                for size in sizes for name in names]

    def by_way(models: list[Path], names: list[str], pictures: list[Picture], size: int) -> list[tuple[str, Outcome]]:
        assert [picture.path.name for picture in pictures] == ["a.jpg"]
        near = [[Sighting(label="mask", share=0.3, score=score)] for score in (0.9, 0.9, 0.4)]
        return [(name, Outcome(pictures=1, faces=faces, false_scores=[0.7] if size == 320 else [])) for faces in near for name in names]

    monkeypatch.setattr(evaluating, "measure_all", measured)
    monkeypatch.setattr(evaluating, "outcomes_by_way", by_way)
    monkeypatch.setattr(evaluating, "watch_all", lambda videos, models, size, score: [[Tally(clip="one")] for _ in models])
    words = ["faces", "evaluate", str(project / "edge/models/face.onnx"), "--data", str(tmp_path), "--videos", str(tmp_path), "--to", str(tmp_path / "out"), "--card", str(card)]
    assert main([*words, "--sizes", "640", "224"]) == 0
    text = (tmp_path / "out/figures.md").read_text()
    assert text.strip() in card.read_text()
    rows = [line for line in text.splitlines() if line.startswith("| face |")]
    assert [row.split(" | ")[1] for row in rows[:2]] == ["640", "224"]
    assert rows[2].startswith("| face | 0.571 (0.000 to 1.000) |")  # four of seven sizes around 320
    assert rows[3].startswith("| face | 0.000 (0.000 to 0.000) |")  # around 160
    assert rows[4].startswith("| face | 0.143 (0.000 to 1.000) |")  # around 320, kept apart
    assert "the 1 pictures of webphotos train that no training saw" in text
    assert rows[5].startswith("| face | 0.667 (0.000 to 1.000) |")  # by way at 320
    assert rows[5].endswith("| 1.000 (1.000 to 1.000) |")
    assert rows[6].endswith("| 0.000 (0.000 to 0.000) |")  # by way at 160
    assert text.count("36 ways to fit a picture into") == 2
    assert rows[7].startswith("| face | 0.40 | 1.000 |")  # over the score at 320, asked for or not
    assert "Clips, long side 320" in text
    written = json.loads((tmp_path / "out/figures.json").read_text(), parse_constant=pytest.fail)  # of numbers that are none: JSON has no such thing
    assert Counter(row["of"] for row in written) == {"webphotos test": 2 + 7 + 7, "webphotos train, held out": 7}
    assert {row["landmark_error"] for row in written} == {None}
    assert len(list((tmp_path / "out").glob("*.png"))) == 3


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", [r"$\foo$", "_best", "顔"])
def test_a_detector_may_be_called_anything_and_the_plots_show_it(tmp_path: Path, name: str) -> None:
    outcome = Outcome(pictures=1, faces=[Sighting(label="mask", share=0.3, score=0.9)], false_scores=[])
    result = Result(model=name, size=320, outcome=outcome, milliseconds=1.0, landmark_error=0.1)
    plot_time([result], 0.6, tmp_path / "time.png")
    plot_scores([result], 320, tmp_path / "scores.png")
    assert {path.name for path in tmp_path.iterdir()} == {"time.png", "scores.png"}


@pytest.mark.parametrize(("shares", "recall"), [([0.3, 0.15, 0.15, 0.15], 0.75), ([0.3, 0.3], 0.5), ([0.15, 0.15], 0.5), ([0.05], None)])
def test_a_curve_is_drawn_also_where_all_faces_are_near_or_all_far(shares: list[float], recall: float | None) -> None:
    faces = [Sighting(label="mask", share=share, score=0.9 if number else 0.4) for number, share in enumerate(shares)]
    result = Result(model="m", size=320, outcome=Outcome(pictures=1, faces=faces, false_scores=[]), milliseconds=1.0, landmark_error=0.1)
    assert _recall(result, 0.6, "mask") == pytest.approx(float("nan") if recall is None else recall, nan_ok=True)
