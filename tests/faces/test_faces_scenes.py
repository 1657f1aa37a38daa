# SPDX-License-Identifier: Apache-2.0
"""Training scenes: pictures are moved and cut, and their faces with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from trainer.faces.labels import LEARN, Lesson
from trainer.faces.pictures import Picture
from trainer.faces.placing import place, tilt
from trainer.faces.scenes import Scenes
from trainer.faces.spoil import spoil
from trainer.faces.store import Store
from trainer.faces.views import VIEWS


def table(x: float, y: float, w: float, h: float) -> np.ndarray:
    """One face to learn, with eyes, nose and mouth where they belong."""
    points = [x + 0.3 * w, y + 0.4 * h, x + 0.7 * w, y + 0.4 * h, x + 0.5 * w, y + 0.6 * h, x + 0.35 * w, y + 0.8 * h, x + 0.65 * w, y + 0.8 * h]
    return np.array([[x, y, w, h, *points, 1, 3]], np.float32)


def marked(height: int, width: int, face: np.ndarray) -> np.ndarray:
    """A black picture with the face's box in white."""
    image = np.zeros((height, width, 3), np.uint8)
    x, y, w, h = (int(v) for v in face[0, :4])
    image[y:y + h, x:x + w] = 255
    return image


@pytest.mark.parametrize("scale", [(0.5, 0.5), (1.7, 1.6), (0.31, 0.35)])
@pytest.mark.parametrize("at", [(0.0, 0.0), (-40.3, -20.8), (30.0, 55.5)])
def test_a_face_stays_on_its_pixels_when_its_picture_is_moved_and_scaled(scale: tuple[float, float], at: tuple[float, float]) -> None:
    face = table(90, 60, 60, 80)
    image, faces = place(marked(240, 320, face), face, np.zeros((256, 256, 3), np.uint8), scale, at)
    x, y, w, h = faces[0, :4]
    rows, columns = np.nonzero(image[..., 0] > 127)
    assert (columns.min(), rows.min()) == pytest.approx((x, y), abs=1.6)
    assert (columns.max() + 1, rows.max() + 1) == pytest.approx((x + w, y + h), abs=1.6)


def test_landmarks_move_with_the_box() -> None:
    face = table(100, 60, 60, 80)
    _, faces = place(marked(240, 320, face), face, np.zeros((256, 256, 3), np.uint8), (0.5, 0.5), (10, 20))
    assert faces[0, 4:6] == pytest.approx((10 + 0.5 * face[0, 4], 20 + 0.5 * face[0, 5]))


@pytest.mark.parametrize("degrees", [-20.0, 9.0, 90.0])
def test_a_tilted_head_keeps_its_landmarks_and_a_box_that_fits(degrees: float) -> None:
    face = table(100, 60, 60, 80)
    image = np.zeros((256, 256, 3), np.uint8)
    cv2.ellipse(image, ((130.0, 100.0), (60.0, 80.0), 0.0), (255, 255, 255), -1)  # a head: the ellipse in the box
    image[[int(y) for y in face[0, 5:14:2]], [int(x) for x in face[0, 4:14:2]]] = (0, 0, 255)
    turned, faces = tilt(image, face, degrees)
    x, y, w, h = faces[0, :4]
    rows, columns = np.nonzero(turned[..., 2] > 127)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == pytest.approx((x, y, x + w, y + h), abs=2)
    marks = np.argwhere((turned[..., 2] > 127) & (turned[..., 0] < 160))[:, ::-1]
    for point in faces[0, 4:14].reshape(5, 2):
        assert np.abs(marks - point).max(axis=1).min() <= 1.5
    assert face[0, 0] == 100  # what was given is left as it was


def test_a_face_mostly_cut_off_is_left_alone_and_one_outside_is_gone() -> None:
    face = table(100, 60, 60, 80)
    image, ground = marked(240, 320, face), np.zeros((256, 256, 3), np.uint8)
    assert place(image, face, ground, (1, 1), (-140, 0))[1][0, LEARN] == Lesson.NOTHING
    assert len(place(image, face, ground, (1, 1), (-161, 0))[1]) == 0
    assert place(image, face, ground, (1, 1), (-120, 0))[1][0, LEARN] == Lesson.FACE


@pytest.mark.parametrize(("scale", "learn"), [(0.14, Lesson.NOTHING), (0.16, Lesson.FACE)])  # 11.2 and 12.8 px high
def test_a_face_further_off_than_anybody_at_a_door_is_left_alone(scale: float, learn: Lesson) -> None:
    face = table(100, 60, 60, 80)
    assert place(marked(240, 320, face), face, np.zeros((256, 256, 3), np.uint8), (scale, scale), (0, 0))[1][0, LEARN] == learn


@pytest.mark.parametrize(("scale", "learn"), [(0.39, Lesson.BACKGROUND), (0.41, Lesson.NOTHING)])  # 31.2 and 32.8 px high
def test_a_passer_by_is_background_while_small_and_left_alone_when_large(scale: float, learn: Lesson) -> None:
    face = table(100, 60, 60, 80)
    face[0, LEARN] = Lesson.PASSER_BY
    assert place(marked(240, 320, face), face, np.zeros((256, 256, 3), np.uint8), (scale, scale), (0, 0))[1][0, LEARN] == learn


def store() -> Store:
    random = np.random.default_rng(3)
    photos = [Picture(path=Path(f"w{n}.jpg"), source="webphotos", group="c0") for n in range(2)]
    held_out = [Picture(path=Path("w9.jpg"), source="webphotos", group="c4")]
    crops = [Picture(path=Path(f"c{n}.jpg"), source="utkface", label=label) for n, label in enumerate(("no_mask", "mask", "not_face"))]
    images = [random.integers(0, 255, (200, 260, 3), dtype=np.uint8) for _ in photos + held_out]
    images[2][:] = (1, 2, 3)
    images += [random.integers(0, 255, (160, 160, 3), dtype=np.uint8) for _ in crops]
    tables = [table(80, 50, 60, 80)] * 3 + [table(40, 40, 80, 90)] * 2 + [np.zeros((0, 16), np.float32)]
    return Store([*photos, *held_out, *crops], images, tables)


def test_scenes_repeat_from_a_seed_and_hold_their_faces() -> None:
    first, second = Scenes(store(), 128, 7), Scenes(store(), 128, 7)
    for _ in range(25):
        looks = first.make()
        for (image, faces), (again, same) in zip(looks, second.make(), strict=True):
            assert image.shape == (128, 128, 3)
            assert np.array_equal(image, again)
            assert np.array_equal(faces, same, equal_nan=True)
            assert (faces[:, :2] >= 0).all()
            assert (faces[:, :2] + faces[:, 2:4] <= 128.01).all()


def test_natural_views_show_pictures_whole_and_as_they_are_far_more_often() -> None:
    def shown(views: str) -> tuple[int, int]:
        """How many of 120 scenes show a picture's four corners, and how many its very colours."""
        image = np.full((160, 160, 3), 90, np.uint8)
        for y in (0, 140):
            for x in (0, 140):
                image[y:y + 20, x:x + 20] = (0, 0, 255)
        maker = Scenes(replace(store(), pixels=[image] * 6), 160, 5, dress=0.0, views=VIEWS[views])
        whole = untouched = 0
        for _ in range(60):
            for scene, _ in maker.make():
                red = (scene[..., 2] > 200) & (scene[..., 0] < 60)
                corners = cv2.connectedComponentsWithStats(red.astype(np.uint8))[2][1:]
                whole += len(corners) == 4 and bool((corners[:, cv2.CC_STAT_WIDTH] < 30).all())
                untouched += int((scene == 90).all(-1).sum()) > 0.4 * 160 * 160
        return whole, untouched
    natural, varied = shown("natural"), shown("varied")
    assert natural[0] > 2 * varied[0] > 0
    assert natural[1] > 1.5 * varied[1] > 0


def test_held_out_groups_are_not_for_training() -> None:
    assert store().usable() == [0, 1, 3, 4, 5]


def test_spoiling_changes_neither_size_nor_type() -> None:
    image = np.random.default_rng(0).integers(0, 255, (96, 64, 3), dtype=np.uint8)
    for seed in range(40):
        spoilt = spoil(image.copy(), np.random.default_rng(seed))
        assert spoilt.shape == image.shape
        assert spoilt.dtype == np.uint8
