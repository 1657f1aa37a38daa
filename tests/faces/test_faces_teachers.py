# SPDX-License-Identifier: Apache-2.0
"""What several detectors and people say about a picture becomes one table of faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.look import Box
from trainer.faces.labelling import AS_IT_IS, crop_faces, scene_faces, shift_of, styles_of, usual_box
from trainer.faces.labels import KINDS, LEARN, Lesson
from trainer.faces.pictures import Picture, Truth
from trainer.faces.teachers import Cluster, merge

NONE = np.zeros((0, 15), np.float32)


def found(*faces: tuple[float, float, float, float, float]) -> np.ndarray:
    rows = np.zeros((len(faces), 15), np.float32)
    for row, (x, y, w, h, score) in zip(rows, faces, strict=True):
        row[:4], row[14] = (x, y, w, h), score
    return rows


def cluster(box: tuple[float, float, float, float], score: float = 0.9, runs: int = 4, by_yunet: bool = True) -> Cluster:
    return Cluster(np.array([*box, *range(10)], np.float32), score, runs, by_yunet)


def scene(*truths: Truth) -> Picture:
    return Picture(path=Path("w.jpg"), source="webphotos", group="c0", truths=truths)


def test_boxes_of_several_runs_on_one_face_become_their_weighted_mean() -> None:
    merged = merge([found((0, 0, 100, 100, 0.9)), found((10, 0, 100, 100, 0.9), (300, 0, 50, 50, 0.4))], NONE)
    assert [(c.runs, round(c.score, 2)) for c in merged] == [(2, 0.9), (1, 0.4)]
    assert merged[0].box == pytest.approx((5, 0, 100, 100))


def test_the_mask_detector_confirms_a_face_but_does_not_move_its_box() -> None:
    merged = merge([found((0, 0, 100, 100, 0.5))], found((20, 10, 90, 95, 0.99)))
    assert merged[0].box == (0, 0, 100, 100)
    assert (merged[0].runs, merged[0].by_yunet) == (2, True)


def test_a_face_that_only_the_mask_detector_sees_has_no_landmarks() -> None:
    merged = merge([NONE], found((20, 10, 90, 95, 0.99)))
    faces = scene_faces(scene(Truth(Box(20, 10, 90, 95), "mask")), merged, AS_IT_IS)
    assert np.isnan(faces[0, 4:14]).all()
    assert faces[0, LEARN:].tolist() == [Lesson.FACE, KINDS.index("mask")]


STYLE = (0.0, 0.1, 0.8, 0.8)
"""YuNet's boxes are a fifth smaller than people's here, and lie a tenth lower."""


def test_people_decide_what_is_a_face_and_how_the_box_of_a_masked_one_lies() -> None:
    for label in ("mask", "incorrect"):
        faces = scene_faces(scene(Truth(Box(0, 0, 100, 100), label)), [cluster((10, -10, 80, 80))], STYLE)
        assert faces[0, :4] == pytest.approx((10, 20, 80, 80)), "YuNet's box slipped up under a cap"
        assert not np.isnan(faces[0, 4:14]).any(), "its landmarks are believed"


def test_on_a_bare_face_yunets_own_box_is_learnt_unless_it_lies_elsewhere() -> None:
    bare = scene(Truth(Box(0, 0, 100, 100), "no_mask"))
    assert scene_faces(bare, [cluster((12, 18, 78, 84))], STYLE)[0, :4].tolist() == [12, 18, 78, 84]
    assert scene_faces(bare, [cluster((10, -15, 80, 80))], STYLE)[0, :4] == pytest.approx((10, 20, 80, 80))


def test_the_style_is_read_from_bare_faces_and_the_slip_from_the_others() -> None:
    drawn = Box(0, 0, 100, 100)
    bare, masked = scene(Truth(drawn, "no_mask")), scene(Truth(drawn, "mask"))
    styles, slips = styles_of([bare] * 8 + [masked] * 8, [[cluster((10, 20, 80, 80))]] * 8 + [[cluster((10, 12, 80, 80))]] * 8)
    assert styles["webphotos", "c0"] == pytest.approx((0, 0.1, 0.8, 0.8))
    assert slips["mask"] == pytest.approx((0, 0.1, 1, 1)), "a tenth of its height too high"
    assert slips["incorrect"] == AS_IT_IS, "none seen"


def test_in_a_crop_yunets_box_is_put_back_by_what_it_slips_on_such_faces() -> None:
    picture = Picture(path=Path("c.jpg"), source="rmfd_part1", label="mask")
    image = np.zeros((160, 120, 3), np.uint8)
    for seen, box in ((cluster((20, 40, 80, 80)), (20, 48, 80, 80)), (cluster((20, 40, 80, 80), by_yunet=False), (20, 40, 80, 80))):
        faces = crop_faces(picture, image, [seen], None, (0.0, 0.1, 1.0, 1.0))
        assert faces is not None
        assert faces[0, :4] == pytest.approx(box)


def test_a_face_that_the_teachers_missed_gets_the_usual_difference_of_its_batch() -> None:
    shift = shift_of([(Box(0, 0, 100, 100), Box(10, 20, 80, 80))] * 8)
    assert shift == pytest.approx((0, 0.1, 0.8, 0.8))
    faces = scene_faces(scene(Truth(Box(100, 100, 50, 50), "mask")), [], shift)
    assert faces[0, :4] == pytest.approx((105, 110, 40, 40))


def test_too_few_pairs_give_no_difference() -> None:
    assert shift_of([(Box(0, 0, 100, 100), Box(10, 20, 80, 80))] * 7) == AS_IT_IS


@pytest.mark.parametrize(("seen", "learn"), [
    (cluster((300, 0, 50, 50)), [Lesson.FACE]),                         # sure, several runs: a face without a box
    (cluster((300, 0, 50, 50), score=0.7), [Lesson.NOTHING]),           # likely: left alone
    (cluster((300, 0, 50, 50), score=0.7, runs=1), [Lesson.BACKGROUND]),  # one run alone: no face
    (cluster((300, 0, 50, 50), score=0.4), [Lesson.BACKGROUND]),
    (cluster((10, 10, 60, 60), score=0.7), []),             # on a known face already
])
def test_a_box_nobody_confirmed_is_learnt_left_alone_or_an_error(seen: Cluster, learn: list[Lesson]) -> None:
    crowd = replace(scene(Truth(Box(0, 0, 100, 100), "mask")), source="andrewmvd")
    assert scene_faces(crowd, [cluster((0, 0, 100, 100)), seen], AS_IT_IS)[1:, LEARN].tolist() == learn


@pytest.mark.parametrize(("score", "learn"), [(0.9, Lesson.NOTHING), (0.7, Lesson.PASSER_BY), (0.4, Lesson.BACKGROUND)])
def test_where_people_boxed_everybody_whoever_has_no_box_passes_by(score: float, learn: Lesson) -> None:
    faces = scene_faces(scene(Truth(Box(0, 0, 100, 100), "mask")), [cluster((0, 0, 100, 100)), cluster((300, 0, 50, 50), score=score)], AS_IT_IS)
    assert faces[1, LEARN] == learn


def test_an_unknown_face_is_left_alone_unless_the_teachers_are_sure() -> None:
    unknown = scene(Truth(Box(0, 0, 100, 100), "unknown"))
    assert scene_faces(unknown, [], AS_IT_IS)[0, LEARN] == Lesson.NOTHING
    assert scene_faces(unknown, [cluster((0, 0, 100, 100), score=0.6)], AS_IT_IS)[0, LEARN] == Lesson.NOTHING
    assert scene_faces(unknown, [cluster((0, 0, 100, 100), score=0.9)], AS_IT_IS)[0, LEARN] == Lesson.FACE


def test_a_crop_whose_face_was_missed_gets_the_usual_place_or_is_not_used() -> None:
    picture = Picture(path=Path("c.jpg"), source="utkface", label="mask")
    image = np.zeros((160, 120, 3), np.uint8)
    assert crop_faces(picture, image, [], None, AS_IT_IS) is None
    faces = crop_faces(picture, image, [], Box(0.1, 0.25, 0.8, 0.5), AS_IT_IS)
    assert faces is not None
    assert faces[0, :4] == pytest.approx((12, 40, 96, 80))


def test_faces_that_lie_anywhere_have_no_usual_place() -> None:
    random = np.random.default_rng(1)
    assert usual_box([Box(0.1, 0.1, 0.8, 0.8)] * 30) == (0.1, 0.1, 0.8, 0.8)
    assert usual_box([Box(*(random.uniform(0, 0.8, 2)), 0.15, 0.15) for _ in range(30)]) is None
    assert usual_box([Box(0.1, 0.1, 0.8, 0.8)] * 5) is None


def test_a_piece_of_a_scene_without_a_face_has_none() -> None:
    picture = Picture(path=Path("n.jpg"), source="scene_negatives", label="not_face")
    faces = crop_faces(picture, np.zeros((99, 99, 3), np.uint8), [cluster((0, 0, 50, 50))], None, AS_IT_IS)
    assert faces is not None
    assert len(faces) == 0
