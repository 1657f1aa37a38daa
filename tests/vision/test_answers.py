# SPDX-License-Identifier: Apache-2.0
"""A model that answers with what is no number: once is nothing, always ends the program so that the model is loaded anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.daemon import watch
from edge.errors import ModelError, ModelStopped
from edge.look import Box, Probabilities
from edge.settings import DoorSettings, PanelSettings, TrustSettings
from edge.testing import BARE, MASKED, RecordingPanel, ReplayedCamera, ScriptedDetector, face_at
from edge.vision import Vision
from edge.vision.answers import NONE, PATIENCE, Answers

IMAGE = np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)
LEFT, RIGHT = Box(20, 20, 80, 80), Box(220, 20, 80, 80)


class Failing:
    """Answers as its script says, an entry a face; None: not a number. The last entry holds from then on."""

    def __init__(self, *script: Probabilities | None) -> None:
        self._script, self._asked = script, 0

    def judge(self, image: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Probabilities]:
        said = [self._script[min(self._asked + n, len(self._script) - 1)] for n in range(len(boxes))]
        self._asked += len(boxes)
        if None in said:
            raise ModelError("Mask model: its answer is not a number.")
        return [one for one in said if one]


def test_one_answer_that_is_no_number_leaves_the_others_of_its_frame_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    answers = Answers(Failing(None, MASKED, BARE, None))
    assert answers.judge(IMAGE, [LEFT, RIGHT]) == [NONE, MASKED]
    assert answers.judge(IMAGE, [LEFT, RIGHT]) == [BARE, NONE]
    assert len(caplog.records) == 1, "it is not said again and again"


def test_a_model_that_gives_no_number_any_more_has_stopped_and_frames_without_faces_do_not_count() -> None:
    answers = Answers(Failing(MASKED, None))
    assert answers.judge(IMAGE, [LEFT]) == [MASKED]
    for _ in range(PATIENCE - 1):
        assert answers.judge(IMAGE, [LEFT]) == [NONE]
        assert answers.judge(IMAGE, []) == []
    with pytest.raises(ModelStopped, match="no number for 20 frames in a row"):
        answers.judge(IMAGE, [LEFT])


def test_a_number_now_and_then_is_enough_to_go_on() -> None:
    answers = Answers(Failing(*([None] * (PATIENCE - 1) + [BARE]) * 3))
    assert [answers.judge(IMAGE, [LEFT])[0] for _ in range(3 * PATIENCE)].count(BARE) == 3


@pytest.mark.parametrize("mode", ["remind", "refuse"])
def test_nobody_is_let_in_by_what_is_no_number_and_green_does_not_stay_on_its_word(mode: str) -> None:
    """Somebody with a mask, green, and then a model that fails at every picture of them."""
    trusting = TrustSettings(sharpness_min=0, light_min=0, light_max=255)
    vision = Vision(ScriptedDetector([[face_at(150, 100)]]), Answers(Failing(*[MASKED] * 30, None)), trusting)
    with RecordingPanel(PanelSettings(kind="mock", relay_hold_s=0.5)) as panel, pytest.raises(ModelStopped):
        watch(ReplayedCamera.still(IMAGE, frames=100), vision, DoorSettings(mode=mode), panel)  # type: ignore[arg-type]
    assert panel.states == ["idle", "checking", "passed", "idle"]
    last = [shown for shown in panel.shown if shown.t >= 4.5]
    assert last
    assert not any(shown.levels.green or shown.decision.admits for shown in last)
