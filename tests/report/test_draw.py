# SPDX-License-Identifier: Apache-2.0
"""What is drawn on a picture: everybody who is there, with a label that can be read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.door.state import Decision, DoorState, Person
from edge.look import Box, Label, Probabilities
from edge.report.draw import BGR, annotate

ROOM = np.full((240, 320, 3), 90, np.uint8)
"""A grey room."""
BARE = Person(track=1, box=Box(100, 80, 60, 60), label=Label.NO_MASK, probabilities=Probabilities(0.0, 0.0, 1.0), looks=9, verdict=DoorState.VIOLATION)


def drawn(person: Person) -> np.ndarray:
    """Where the colour of red is in the picture, without the bar below it."""
    picture = annotate(ROOM, [], Decision(t=1.0, state=DoorState.VIOLATION, previous=DoorState.VIOLATION, people=(person,)))
    return (picture[:240] == BGR[DoorState.VIOLATION]).all(axis=2)


def test_a_label_at_the_right_rim_is_as_wide_as_any_other() -> None:
    label = drawn(BARE)[60:78].sum()
    assert label > 1000
    assert drawn(replace(BARE, box=Box(290, 80, 60, 60)))[60:78].sum() == pytest.approx(label, abs=60)  # less the box's own edge


def test_whoever_is_only_remembered_is_not_drawn() -> None:
    assert not drawn(replace(BARE, here=False)).any()
