# SPDX-License-Identifier: Apache-2.0
"""Which face comes next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from trainer_pictures import tiny_faces

from trainer.data.cache import Faces
from trainer.data.labels import NOT_FACE
from trainer.draw import Drawer, ahead, weight_of
from trainer.errors import TrainerError
from trainer.recipe import Finish, Fit, Model, Recipe, Render, Sampling
from trainer.schedule import rate_of

RECIPE = Recipe(model=Model(input_px=32), fit=Fit(batch=64, negatives=0.0, smoothing=0.0, seed=5))


def _drawer(recipe: Recipe = RECIPE, faces: Faces | None = None) -> Drawer:
    faces = faces or tiny_faces()
    return Drawer(faces, recipe, range(len(faces.rows)))


def test_a_step_draws_the_same_batch_whenever_it_is_asked() -> None:
    first, again, other = _drawer().batch(7), _drawer().batch(7), _drawer().batch(8)
    assert (first.pictures == again.pictures).all()
    assert (first.pictures != other.pictures).any()


def test_batches_drawn_ahead_are_those_drawn_one_by_one() -> None:
    drawer = _drawer()
    assert all((batch.pictures == drawer.batch(step).pictures).all() for step, batch in enumerate(ahead(drawer, 3, 6), 3))


def test_what_goes_wrong_while_drawing_ahead_is_raised_here(monkeypatch: pytest.MonkeyPatch) -> None:
    drawer = _drawer()
    monkeypatch.setattr(drawer, "batch", lambda step: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(ahead(drawer, 0, 2))


def test_classes_are_drawn_by_their_shares() -> None:
    sampling = Sampling(classes={"mask": 0.5, "incorrect": 0.25, "no_mask": 0.25})
    drawer = _drawer(Recipe(model=RECIPE.model, fit=RECIPE.fit, sampling=sampling))
    share = np.mean([drawer.batch(step).targets.mean(axis=0) for step in range(12)], axis=0)
    assert share == pytest.approx([0.5, 0.25, 0.25], abs=0.06)


def test_pictures_are_rgb() -> None:
    """The cache is BGR; `mask` is painted blue there."""
    batch = _drawer().batch(0)
    blue = batch.pictures[batch.targets[:, 0] == 1].mean(axis=(0, 1, 2))
    assert blue[2] > blue[0] + 20


def test_faces_without_an_answer_have_an_even_target() -> None:
    drawer = _drawer(Recipe(model=RECIPE.model, fit=Fit(batch=8, negatives=1.0, smoothing=0.0)))
    assert drawer.batch(0).targets == pytest.approx(1 / 3)


def _without(label: str, found: bool = True) -> Faces:
    faces = tiny_faces(6, found)
    rows = [i for i, row in enumerate(faces.rows) if row.label != label]
    return Faces(faces.pictures[rows], [faces.rows[i] for i in rows])


@pytest.mark.parametrize("render", [Render(share={"incorrect": 0.1}), Render(transplant={"incorrect": 0.1}), Render(share={"incorrect": 0.1}, transplant={"incorrect": 0.2})])
def test_a_class_without_a_real_face_is_made_every_time_it_is_drawn(render: Render) -> None:
    recipe = Recipe(model=RECIPE.model, fit=RECIPE.fit, render=render, sampling=Sampling(classes={"incorrect": 1.0}))
    faces = _without("incorrect")
    drawer = _drawer(recipe, faces)
    assert drawer.only_made == ("incorrect",)
    rng = np.random.default_rng(3)
    for _ in range(20):
        made = drawer.made("incorrect", rng)
        assert not any((made == picture).all() for picture in faces.pictures)
    assert (drawer.batch(0).targets == [0, 1, 0]).all()


@pytest.mark.parametrize("label", ["mask", "no_mask"])
def test_masks_and_bare_faces_are_never_all_made(label: str) -> None:
    render = Render(share={"mask": 0.5, "incorrect": 0.5, "no_mask": 0.5}, transplant={"mask": 0.5})
    with pytest.raises(TrainerError, match=f"Nothing to draw from for '{label}'"):
        _drawer(Recipe(model=RECIPE.model, fit=RECIPE.fit, render=render), _without(label))


def test_bare_faces_on_which_nothing_can_be_drawn_are_told_before_the_training() -> None:
    with pytest.raises(TrainerError, match="No face of incorrect is there, and none can be made"):
        _drawer(Recipe(model=RECIPE.model, fit=RECIPE.fit, render=Render(share={"incorrect": 0.2})), _without("incorrect", found=False))


def test_a_class_whose_every_source_has_weight_nothing_is_refused() -> None:
    with pytest.raises(TrainerError, match="Nothing to draw from for 'mask'"):
        _drawer(Recipe(sampling=Sampling(sources={"web": 0.0})))


def test_a_source_and_label_weighs_more_than_its_source() -> None:
    row = tiny_faces().rows[0]
    assert weight_of(row, Sampling(sources={"web": 2.0, "web/mask": 3.0})) == 3.0
    assert weight_of(replace(row, label=NOT_FACE), Sampling(sources={"web": 2.0, "web/mask": 3.0})) == 2.0


def test_turned_heads_weigh_more() -> None:
    row = replace(tiny_faces(found=True).rows[0], landmarks=(84.0, 92.0, 140.0, 92.0, 150.0, 118.0, 92.0, 142.0, 132.0, 142.0))
    assert weight_of(row, Sampling(turned=3.0)) == 3.0
    assert weight_of(tiny_faces(found=True).rows[0], Sampling(turned=3.0)) == 1.0


@pytest.mark.parametrize("kind", ["share", "transplant"])
def test_what_lies_in_the_bank_does_not_depend_on_what_was_drawn_before(kind: str) -> None:
    recipe = Recipe(render=Render(**{kind: {"mask": 1.0, "incorrect": 1.0, "no_mask": 1.0}}, bank=2))
    faces = tiny_faces(found=True)
    one, other = _drawer(recipe, faces), _drawer(recipe, faces)
    rng = np.random.default_rng(1)
    for label in ("incorrect", "mask"):
        other.made(label, rng)
    for label in ("mask", "incorrect", "no_mask"):
        assert (one.made(label, np.random.default_rng(3)) == other.made(label, np.random.default_rng(3))).all()


def test_cloth_over_the_eyes_leaves_nose_and_mouth_as_they_are() -> None:
    from trainer.mixing import make

    faces = tiny_faces(found=True)
    drawer = _drawer(faces=faces)
    for seed in range(6):
        made = make(drawer, "transplanted", "incorrect", np.random.default_rng(seed), up=1.0)
        assert made is not None
        bare = [picture for picture, row in zip(faces.pictures, faces.rows, strict=True) if row.label == "no_mask"]
        same = [(made[125:] == picture[125:]).all() for picture in bare]     # below the tip of the nose
        assert any(same)
        assert not any((made == picture).all() for picture in bare)


def test_a_made_face_differs_from_every_real_one() -> None:
    faces = tiny_faces(found=True)
    made = _drawer(Recipe(render=Render(share={"incorrect": 1.0})), faces).made("incorrect", np.random.default_rng(1))
    assert all((made != picture).any() for picture in faces.pictures)


def test_the_finish_shows_more_of_what_is_no_face_and_makes_some() -> None:
    faces = tiny_faces(found=True)
    recipe = Recipe(model=RECIPE.model, fit=Fit(batch=32, negatives=0.0, smoothing=0.0, head_steps=2, steps=3),
                    finish=Finish(steps=4, negatives=1.0, nothing=1.0))
    drawer = _drawer(recipe, faces)
    assert drawer.batch(4).targets.max() == 1.0
    assert drawer.batch(5).targets == pytest.approx(1 / 3)
    assert (drawer.batch(5).pictures == _drawer(recipe, faces).batch(5).pictures).all()
    bare = [picture for picture, row in zip(faces.pictures, faces.rows, strict=True) if row.label == NOT_FACE]
    made = [drawer.nothing(np.random.default_rng(seed), 1.0) for seed in range(8)]
    assert not any((picture == old).all() for picture in made for old in bare)


def test_the_finish_has_its_own_falling_rate() -> None:
    recipe = Recipe(fit=Fit(head_steps=10, steps=100, rate=1.0, warm_up=0), finish=Finish(steps=50, rate=0.1))
    rates = [rate_of(step, recipe) for step in range(10, recipe.total_steps)]
    assert rates[0] == pytest.approx(1.0)
    assert rates[99] < 0.02
    assert rates[100] == pytest.approx(0.1)
    assert rates[-1] < 0.002
    assert not recipe.finishes(109)
    assert recipe.finishes(110)


def test_where_all_that_is_no_face_weighs_nothing_none_of_it_is_drawn() -> None:
    faces = tiny_faces()
    sources = {f"{row.source}/{NOT_FACE}": 0.0 for row in faces.rows if row.label == NOT_FACE}
    assert sources
    drawer = _drawer(Recipe(model=RECIPE.model, fit=Fit(batch=8, negatives=1.0, smoothing=0.0), sampling=Sampling(sources=sources)))
    assert (drawer.batch(0).targets.max(axis=1) == 1).all()
    assert drawer.pick_any(NOT_FACE, np.random.default_rng(1)) is None
