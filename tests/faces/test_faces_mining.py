# SPDX-License-Identifier: Apache-2.0
"""What the detector gets wrong on its own pictures is found, and shown more often."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainer.faces import mining
from trainer.faces.labels import LEARN, Lesson
from trainer.faces.pictures import Picture
from trainer.faces.store import Lots, Store


def row(x: float, y: float, side: float, last: float) -> list[float]:
    return [x, y, side, side, *[0.0] * 10, last]


def table(*boxes: tuple[float, float, float]) -> np.ndarray:
    """Faces to learn, under masks: left, top, side."""
    return np.array([[*row(x, y, side, 1.0), 1.0] for x, y, side in boxes], np.float32).reshape(-1, 16)


def store(faces: np.ndarray, group: str = "c0") -> Store:
    picture = Picture(path=Path("w.jpg"), source="webphotos", group=group)
    return Store([picture], [np.zeros((320, 320, 3), np.uint8)], [faces])


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[list[float]]:
    """What the detector says it finds; a test puts boxes into it."""
    rows: list[list[float]] = []

    class Says:
        def __init__(self, path: Path, score_min: float) -> None:
            self.score_min = score_min

        def detect(self, image: np.ndarray, long_side: int | None = None) -> np.ndarray:
            return np.array([r for r in rows if r[14] >= self.score_min], np.float32).reshape(-1, 15)

    monkeypatch.setattr(mining, "Detector", Says)
    return rows


def test_a_box_that_nobody_else_knows_is_an_error(found: list[list[float]]) -> None:
    found += [row(20, 20, 60, 0.9), row(200, 200, 50, 0.5), row(100, 250, 40, 0.4)]
    faces = mining.mine(store(table((20, 20, 60))), Path("d.onnx")).faces[0]
    assert faces is not None
    assert faces[:, LEARN].tolist() == [Lesson.FACE, Lesson.BACKGROUND]  # the third is below the floor
    assert faces[1, :4].tolist() == [200, 200, 50, 50]


def test_a_face_found_with_too_low_a_score_is_missed_and_a_tiny_one_may_be(found: list[list[float]]) -> None:
    found += [row(20, 20, 60, 0.9), row(100, 20, 60, 0.6)]
    mined = mining.mine(store(table((20, 20, 60), (100, 20, 60), (200, 20, 10))), Path("d.onnx"))
    assert mined.misses(0).tolist() == [False, True, False]


def test_held_out_pictures_are_not_searched(found: list[list[float]]) -> None:
    found += [row(200, 200, 50, 0.9)]
    mined = mining.mine(store(table((20, 20, 60)), "c4"), Path("d.onnx"))
    assert mined.faces[0] is not None
    assert len(mined.faces[0]) == 1
    assert not mined.misses(0).any()


def test_pictures_with_a_missed_face_are_shown_more_often() -> None:
    pictures = [Picture(path=Path(f"w{n}.jpg"), source="webphotos", group="c0") for n in range(2)]
    images = [np.full((64, 64, 3), value, np.uint8) for value in (50, 200)]
    images.append(np.zeros((64, 64, 3), np.uint8))
    pictures.append(Picture(path=Path("n.jpg"), source="scene_negatives", label="not_face"))
    missed: list[np.ndarray | None] = [np.array([False]), np.array([True]), None]
    lots = Lots(Store(pictures, images, [table((8, 8, 40))] * 2 + [table()], missed), np.random.default_rng(1))
    shown = [lots.photo() for _ in range(600)]
    assert 340 < shown.count(1) < 460  # two of three
