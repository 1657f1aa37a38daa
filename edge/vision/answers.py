# SPDX-License-Identifier: Apache-2.0
"""Answers: a classifier as a door needs it. An answer that is not a number is none, and a model that gives no other has failed.

One such answer is no reason to stop: the look is one of which the classifier says nothing, which is never a pass (`door/policy.py`). A
model that never gives a number is refused when it is loaded (`masks.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edge.errors import ModelError, ModelStopped
from edge.look import Box, Probabilities

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.vision import Classifier

log = logging.getLogger("maskgate.vision")

NONE = Probabilities(1 / 3, 1 / 3, 1 / 3)
"""What the classifier is taught to answer where it knows nothing."""
PATIENCE = 20
"""So many frames with faces in a row may go without one number: two seconds of a fast unit, some ten of a slow one."""


class Answers:
    """A classifier whose answers are numbers."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._without = 0
        """Frames in a row without a number."""
        self._told = False

    def judge(self, image: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Probabilities]:
        """Judge the faces of one BGR image, each by itself; `NONE` for those that get no number.

        Raises:
            ModelStopped: the runtime fails, or no face has got a number for `PATIENCE` frames.
        """
        said = [self._ask(image, box) for box in boxes]
        if said:
            self._without = self._without + 1 if all(one is None for one in said) else 0
        if self._without >= PATIENCE:
            raise ModelStopped(f"The mask model has given no number for {PATIENCE} frames in a row.")
        return [one or NONE for one in said]

    def _ask(self, image: NDArray[np.uint8], box: Box) -> Probabilities | None:
        try:
            return self._classifier.judge(image, [box])[0]
        except ModelError as error:
            if not self._told:
                log.warning("%s Taken for none; this is not said again.", error)
            self._told = True
            return None
