# SPDX-License-Identifier: Apache-2.0
"""Which faces a conversion asks about, and what it says of those that were never real."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convert.command import only_drawn, representative
from trainer.data.cache import SIDE_PX, Faces, Row
from trainer.recipe import Augment, Data, NamedRecipe, Recipe, Render, Sampling

POINTS = (84.0, 92.0, 140.0, 92.0, 112.0, 118.0, 92.0, 142.0, 132.0, 142.0)
PLAIN = Augment(**dict.fromkeys(("rotate_deg", "zoom", "shift", "shear", "stretch", "rim", "low_res", "jpeg", "blur", "motion", "grey", "infrared", "gamma", "contrast", "colour",
                                 "backlight", "noise", "occlude"), 0.0))
RECIPE = Recipe(render=Render(share={"incorrect": 0.2}, bank=4), augment=PLAIN)


def _faces(*labels: str) -> Faces:
    """Four even squares of each label, found by the detector."""
    rows = [Row(path=f"{label}/{i}.jpg", label=label, source="web", group=str(i), split="train", found=True, face_px=80.0, landmarks=POINTS)
            for label in labels for i in range(4)]
    return Faces(np.stack([np.full((SIDE_PX, SIDE_PX, 3), 150, np.uint8) for _ in rows]), rows)


def test_a_class_is_only_drawn_where_the_recipe_draws_it_and_no_face_is_of_it() -> None:
    two, three = _faces("mask", "no_mask"), _faces("mask", "incorrect", "no_mask")
    assert only_drawn(two, RECIPE) == ("incorrect",)
    assert only_drawn(two, Recipe()) == ()
    assert only_drawn(three, RECIPE) == ()
    others = [Recipe(render=RECIPE.render, data=Data(hold_out=("web",))), Recipe(render=RECIPE.render, sampling=Sampling(sources={"web/incorrect": 0.0}))]
    assert [only_drawn(three, recipe) for recipe in others] == [("incorrect",)] * 2
    assert only_drawn(replace(three, rows=[replace(row, split="val") for row in three.rows]), RECIPE) == ("incorrect",)


def test_the_int8_ranges_are_set_by_drawn_masks_too_where_no_other_is_worn_wrongly() -> None:
    with_drawn = representative(_faces("mask", "no_mask"), NamedRecipe(RECIPE, "r", ""), 64)
    assert with_drawn.shape == (8, 64, 64, 3)
    assert [bool((picture != 150).any()) for picture in with_drawn] == [i % 3 == 0 for i in range(8)]
    assert (representative(_faces("mask", "incorrect", "no_mask"), NamedRecipe(RECIPE, "r", ""), 64) == 150).all()
