# SPDX-License-Identifier: Apache-2.0
"""Clips: faces found, gaps and false boxes are counted as the page says."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest

from trainer.errors import TrainerError
from trainer.faces.clips import Stretch, must_be_clips, read_truth, watch
from trainer.faces.detector import Detector


class Bright:
    """Stands in for a detector: one box when the frame is bright, none when it is dark."""

    def detect(self, image: np.ndarray, long_side: int | None = None) -> np.ndarray:
        found = np.zeros((int(image.mean() > 128), 15), np.float32)
        found[:, 14] = 0.9
        return found


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Four seconds at 10 frames a second: bright, dark from 1.0 to 1.8 s, bright again."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for number in range(40):
        writer.write(np.full((48, 64, 3), 0 if 10 <= number < 18 else 255, np.uint8))
    writer.release()
    return path


def test_a_gap_lasts_until_the_face_is_found_again(film: Path) -> None:
    tally = watch(film, [Stretch(0, 4, 1, "mask")], [cast(Detector, Bright())], 320, 0.6)[0]
    assert (tally.faces, tally.found) == (40, 32)
    assert tally.longest_gap_s == pytest.approx(0.8)


def test_a_face_that_is_missed_from_its_first_frame_on_is_missed_as_long_as_one_that_is_lost(film: Path) -> None:
    tally = watch(film, [Stretch(0, 1, 0, "nobody"), Stretch(1, 4, 1, "mask")], [cast(Detector, Bright())], 320, 0.6)[0]
    assert tally.longest_gap_s == pytest.approx(0.8)


@pytest.mark.parametrize("between", [Stretch(1.2, 1.5, 2, "mixed"), Stretch(1.2, 1.5, 0, "unclear"), Stretch(1.2, 1.5, 0, "nobody")])
def test_a_gap_ends_where_one_face_is_no_longer_to_be_seen(film: Path, between: Stretch) -> None:
    tally = watch(film, [Stretch(0, 1.2, 1, "mask"), between, Stretch(1.5, 4, 1, "mask")], [cast(Detector, Bright())], 320, 0.6)[0]
    assert tally.longest_gap_s == pytest.approx(0.3)


def test_boxes_where_nobody_is_are_false_and_unclear_stretches_do_not_count(film: Path) -> None:
    stretches = [Stretch(0, 1, 1, "mask"), Stretch(2, 3, 0, "nobody"), Stretch(3, 4, 0, "unclear")]
    tally = watch(film, stretches, [cast(Detector, Bright())], 320, 0.6)[0]
    assert (tally.faces, tally.found, tally.empty, tally.false) == (10, 10, 10, 10)


def test_truth_is_read_by_clip_and_a_missing_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "TRUTH.csv").write_text('clip,t_start,t_end,faces,verdict,note\na.mp4,0,1.5,1,mask,"x, y"\na.mp4,1.5,2,0,nobody,\n')
    assert read_truth(tmp_path / "TRUTH.csv") == {"a.mp4": [Stretch(0, 1.5, 1, "mask"), Stretch(1.5, 2, 0, "nobody")]}
    with pytest.raises(TrainerError, match=r"TRUTH\.csv: no such file"):
        read_truth(tmp_path / "other" / "TRUTH.csv")


@pytest.mark.parametrize(("text", "said"), [
    (b"clip,t_start,t_end,faces,verdict\na.mp4,0,soon,1,mask\n", "TRUTH.csv, line 2: expected numbers .* 'soon'"),
    (b"clip,t_start,t_end,faces,verdict\na.mp4,0,1,-1,mask\n", "TRUTH.csv, line 2: -1 faces, expected 0 or more"),
    (b"clip,t_start,t_end,faces,verdict\na.mp4,0,1,nan,mask\n", "TRUTH.csv, line 2: expected numbers .* 'nan'"),
    (b"clip,t_start,t_end,faces,verdict\na.mp4,0,1,1,mask\na.mp4,nan,2,1,mask\n", "TRUTH.csv, line 3: it goes from nan to 2"),
    (b"clip,t_start,t_end,faces,verdict\na.mp4,0,inf,1,mask\n", "TRUTH.csv, line 2: it goes from 0 to inf"),
    (b"clip,t_start,t_end,faces,verdict\na.mp4,-1,2,1,mask\n", "TRUTH.csv, line 2: it goes from -1 to 2"),
    (b"clip,t_start,t_end,faces,verdict\na.mp4,2,2,1,mask\n", "TRUTH.csv, line 2: it goes from 2 to 2"),
    (b"clip,t_start,t_end,faces,verdict\na.mp4,0,2,0,nobdy\n", "TRUTH.csv, line 2: the verdict is 'nobdy', expected one of .*nobody"),
    (b"clip,from,to\n", "TRUTH.csv: no column t_start, t_end, faces, verdict; expected clip"),
    (b"\xff\xfe\x00", "TRUTH.csv: this is no CSV file in UTF-8")])
def test_a_list_of_clips_that_is_none_is_named(tmp_path: Path, text: bytes, said: str) -> None:
    (tmp_path / "TRUTH.csv").write_bytes(text)
    with pytest.raises(TrainerError, match=said):
        read_truth(tmp_path / "TRUTH.csv")


def test_a_clip_that_is_missing_or_torn_is_told_before_anything_is_measured(film: Path) -> None:
    must_be_clips(film.parent, [film.name])
    (film.parent / "torn.avi").write_bytes(film.read_bytes()[:40])
    for name in ("missing.avi", "torn.avi"):
        with pytest.raises(TrainerError, match=f"{name}: there is no such clip, or it cannot be decoded"):
            must_be_clips(film.parent, [film.name, name])
