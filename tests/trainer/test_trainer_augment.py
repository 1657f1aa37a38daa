# SPDX-License-Identifier: Apache-2.0
"""What augmentation may do to a picture, and what it must not."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from trainer_pictures import tiny_faces

from edge.look import Box
from edge.vision.crop import crop_face
from trainer.augment import augment, plain
from trainer.data.cache import CONTEXT, FACE_SHARE, SIDE_PX
from trainer.recipe import Augment

NOTHING = Augment(rotate_deg=0, zoom=0, shift=0, shear=0, stretch=0, rim=0, low_res=0, jpeg=0, blur=0, motion=0, grey=0,
                  infrared=0, gamma=0, contrast=0, colour=0, backlight=0, noise=0, occlude=0)


def _scene() -> np.ndarray:
    ramp = np.linspace(0, 255, SIDE_PX)
    return np.stack([np.tile(ramp, (SIDE_PX, 1)), np.tile(ramp[:, None], (1, SIDE_PX)), np.full((SIDE_PX, SIDE_PX), 100)], 2).astype(np.uint8)


@pytest.mark.parametrize("size", [64, 96, 160])
def test_every_draw_is_a_picture_of_the_asked_size(size: int) -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        seen = augment(_scene(), rng, Augment(low_res=1, jpeg=1, noise=1, occlude=1, rim=1), 0.15, size)
        assert seen.shape == (size, size, 3)
        assert seen.dtype == np.uint8


def test_the_same_seed_gives_the_same_picture_and_another_seed_another() -> None:
    first, again, other = (augment(_scene(), np.random.default_rng(seed), Augment(), 0.15, 96) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_with_everything_off_only_the_mirror_is_left() -> None:
    clean = plain(_scene(), 0.15, 96).astype(int)
    for seed in range(6):
        seen = augment(_scene(), np.random.default_rng(seed), NOTHING, 0.15, 96).astype(int)
        assert min(abs(seen - clean).max(), abs(seen - clean[:, ::-1]).max()) <= 2


def test_a_cached_face_is_cropped_as_the_unit_crops_it() -> None:
    """A blob on a larger picture: through the cache, and straight through the unit's code."""
    y, x = np.mgrid[:400, :400]
    image = np.repeat((127 + 120 * np.sin(x / 31) * np.cos(y / 23))[..., None], 3, 2).astype(np.uint8)
    box = Box(140, 130, 100, 120)
    cached = plain(crop_face(image, box, CONTEXT, SIDE_PX), 0.15, 96)
    assert abs(cached.astype(int) - crop_face(image, box, 0.15, 96)).mean() < 3


def test_the_middle_of_the_lower_face_is_never_covered() -> None:
    """It decides the label: a patch there would make the label a lie."""
    rng = np.random.default_rng(3)
    settings = msgspec.structs.replace(NOTHING, occlude=1.0)
    clean = plain(_scene(), 0.15, 100)[50:80, 35:65]
    for _ in range(200):
        seen = augment(_scene(), rng, settings, 0.15, 100)[50:80]
        both = seen[:, 35:65].astype(int), seen[:, ::-1][:, 35:65].astype(int)
        assert min(abs(part - clean).max() for part in both) <= 2


def test_grey_is_grey() -> None:
    seen = augment(_scene(), np.random.default_rng(0), msgspec.structs.replace(NOTHING, grey=1.0), 0.15, 96)
    assert (seen[..., 0] == seen[..., 1]).all()


def test_the_face_spans_the_share_that_the_cache_promises() -> None:
    assert pytest.approx(1 / (1 + 2 * CONTEXT)) == FACE_SHARE
    assert tiny_faces().pictures.shape[1:] == (SIDE_PX, SIDE_PX, 3)
