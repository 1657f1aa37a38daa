# SPDX-License-Identifier: Apache-2.0
"""What other data sets call the three answers."""

from __future__ import annotations

import pytest

from trainer.data.labels import ALIASES, CLASSES, label_of
from trainer.errors import TrainerError


@pytest.mark.parametrize(("name", "label"), [
    ("with_mask", "mask"), ("WithMask", "mask"), ("mask", "mask"), ("without-mask", "no_mask"), ("NoMask", "no_mask"),
    ("mask_weared_incorrect", "incorrect"), ("IMFD", "incorrect"), ("CMFD", "mask"), ("not_face", "not_face"), ("unknown", "unknown"),
])
def test_names_of_known_sets_are_understood(name: str, label: str) -> None:
    assert label_of(name) == label


def test_an_unknown_name_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(TrainerError, match=r"here: the label 'moustache' is not in the table") as caught:
        label_of("moustache", "here")
    assert "with mask" in caught.value.hint


def test_no_name_means_two_things() -> None:
    names = [alias for aliases in ALIASES.values() for alias in aliases]
    assert len(names) == len(set(names))
    assert set(CLASSES) < set(ALIASES)
