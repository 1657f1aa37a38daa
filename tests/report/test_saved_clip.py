# SPDX-License-Identifier: Apache-2.0
"""The clip that `--save` writes lasts as long as what was seen, and never costs anybody another clip."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.door.state import Decision, DoorState
from edge.errors import SettingsError
from edge.frame import Frame
from edge.report.save import SavedClip

PICTURE = np.full((64, 96, 3), 90, np.uint8)


def save(path: Path, times: list[float]) -> float:
    """Save a frame at each of these times; returns the seconds of the written clip."""
    with SavedClip(path, 15.0) as saved:
        for seq, t in enumerate(times):
            saved(Frame(PICTURE, t, seq), (), Decision(t=t, state=DoorState.IDLE, previous=DoorState.IDLE, people=(), reason="", admits=False))
    clip = cv2.VideoCapture(str(path))
    return clip.get(cv2.CAP_PROP_FRAME_COUNT) / clip.get(cv2.CAP_PROP_FPS)


@pytest.mark.parametrize("rate", [4, 15, 30])
def test_it_lasts_as_long_as_what_was_seen_whatever_the_rate(tmp_path: Path, rate: int) -> None:
    assert save(tmp_path / "seen.mp4", [100 + n / rate for n in range(3 * rate)]) == pytest.approx(3, abs=0.3)


def test_a_long_pause_does_not_fill_the_disk(tmp_path: Path) -> None:
    assert save(tmp_path / "seen.mp4", [0, 0.1, 900, 900.1]) < 3


def test_a_name_of_another_kind_is_told_what_it_is_to_be(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ends in \.mp4") as refused:
        SavedClip(tmp_path / "seen.avi", 15.0)
    assert "--save seen.mp4" in refused.value.hint, "no setting is wrong, so the settings' page is no help"


def test_a_pipe_is_refused_instead_of_waiting_for_its_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "seen.mp4")
    with pytest.raises(SettingsError, match=r"seen\.mp4: this is a device or a pipe"):
        SavedClip(tmp_path / "seen.mp4", 15.0)


def test_a_clip_that_was_not_written_whole_is_said(tmp_path: Path) -> None:
    path = tmp_path / "seen.mp4"
    with pytest.raises(SettingsError, match="not be written whole"), SavedClip(path, 15.0) as saved:  # noqa: PT012
        saved(Frame(PICTURE, 0, 0), (), Decision(t=0, state=DoorState.IDLE, previous=DoorState.IDLE, people=(), reason="", admits=False))
        path.unlink()
