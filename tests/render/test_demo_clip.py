# SPDX-License-Identifier: Apache-2.0
"""The demo's clip: it is there, decodes, and shows what its table says."""

from __future__ import annotations

import csv
import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.demo import CLIP, TRUTH
from trainer import demo_clip
from trainer.render.corridor import corridor


@pytest.fixture(scope="module")
def clip() -> tuple[list[NDArray[np.uint8]], float]:
    """Every frame, and frames a second."""
    reader = cv2.VideoCapture(str(CLIP))
    frames: list[NDArray[np.uint8]] = []
    while True:
        found, frame = reader.read()
        if not found:
            break
        frames.append(np.asarray(frame, np.uint8))
    rate = reader.get(cv2.CAP_PROP_FPS)
    reader.release()
    return frames, rate


def test_the_clip_decodes_in_full_and_is_small(clip: tuple[list[NDArray[np.uint8]], float]) -> None:
    frames, rate = clip
    assert rate == pytest.approx(demo_clip.FPS)
    assert len(frames) == round(demo_clip.END * demo_clip.FPS)
    assert {frame.shape for frame in frames} == {(480, 640, 3)}
    assert CLIP.stat().st_size < 1_500_000


def test_the_truth_covers_the_clip_without_gap_and_is_what_the_script_says() -> None:
    with TRUTH.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["clip", "t_start", "t_end", "faces", "verdict", "note"]
    assert {row["clip"] for row in rows} == {CLIP.name}
    assert [(float(row["t_start"]), float(row["t_end"]), int(row["faces"]), row["verdict"], row["note"]) for row in rows] == list(demo_clip.TRUTH)
    assert float(rows[0]["t_start"]) == 0
    assert float(rows[-1]["t_end"]) == demo_clip.END
    assert all(before["t_end"] == after["t_start"] for before, after in itertools.pairwise(rows))


def test_the_corridor_is_empty_where_the_truth_says_so(clip: tuple[list[NDArray[np.uint8]], float]) -> None:
    frames, rate = clip
    empty = corridor().astype(np.int16)
    away = [float(np.abs(frame.astype(np.int16) - empty).mean()) for frame in frames]
    for start, end, faces, _, _ in demo_clip.TRUTH:
        inside = away[int(start * rate) + 1:int(end * rate) - 1]
        assert max(inside) < 4 if not faces else max(inside) > 4


def test_nobody_is_out_of_sight_while_the_truth_counts_a_face() -> None:
    for number in range(round(demo_clip.END * demo_clip.FPS)):
        t = number / demo_clip.FPS
        faces = next(faces for start, end, faces, _, _ in demo_clip.TRUTH if start <= t < end)
        assert (demo_clip.stand_at(t) is not None) == bool(faces)


@pytest.mark.shared
def test_the_detector_finds_the_face_in_every_frame_that_is_plainly_in_range(clip: tuple[list[NDArray[np.uint8]], float], shared) -> None:  # type: ignore[no-untyped-def]
    frames, rate = clip
    detector = cv2.FaceDetectorYN.create(str(shared / "weights" / "face_detection_yunet_2023mar.onnx"), "", (320, 240), 0.6)
    for number, frame in enumerate(frames[::3]):
        t = 3 * number / rate
        found = detector.detect(cv2.resize(frame, (320, 240), interpolation=cv2.INTER_AREA))[1]
        count = 0 if found is None else len(found)
        if demo_clip.ARRIVES - 0.8 <= t < demo_clip.LEAVES:
            assert count == 1, t
        elif not demo_clip.APPEARS <= t < demo_clip.GONE:
            assert count == 0, t
