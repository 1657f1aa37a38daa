# SPDX-License-Identifier: Apache-2.0
"""Draw: boxes, labels and the state of the door on a copy of a frame. For the demo, `--save` and contact sheets."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.door.state import Decision, DoorState
from edge.look import Look

BGR = {
    DoorState.IDLE: (150, 150, 150), DoorState.CHECKING: (0, 176, 240), DoorState.UNSURE: (0, 176, 240),
    DoorState.PASSED: (80, 190, 60), DoorState.VIOLATION: (50, 50, 230), DoorState.FAULT: (200, 60, 200),
}
"""Colours of the lamps as a screen shows them."""
FONT = cv2.FONT_HERSHEY_SIMPLEX
BAR_PX = 30


def annotate(image: NDArray[np.uint8], looks: Sequence[Look], decision: Decision) -> NDArray[np.uint8]:
    """A copy of a BGR image (height, width, 3) with every face of this frame, every person's verdict and a bar that names the state."""
    picture = image.copy()
    for look in looks:
        x, y, w, h = (round(value) for value in look.face.box)
        cv2.rectangle(picture, (x, y), (x + w, y + h), (230, 230, 230), 1, cv2.LINE_AA)
    for person in decision.people:
        if not person.here:  # the door still remembers; whoever looks at the picture sees nobody
            continue
        x, y, w, h = (round(value) for value in person.box)
        colour = BGR[person.verdict]
        cv2.rectangle(picture, (x, y), (x + w, y + h), colour, 2, cv2.LINE_AA)
        text = f"{person.track} {person.label.value} {person.probabilities.of(person.label):.0%}"
        (width, height), _ = cv2.getTextSize(text, FONT, 0.5, 1)
        left, top = max(min(x, picture.shape[1] - width - 8), 0), max(y - height - 8, 0)
        cv2.rectangle(picture, (left, top), (left + width + 8, top + height + 8), colour, cv2.FILLED)
        cv2.putText(picture, text, (left + 4, top + height + 3), FONT, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return _with_bar(picture, decision)


def _with_bar(picture: NDArray[np.uint8], decision: Decision) -> NDArray[np.uint8]:
    bar = np.full((BAR_PX, picture.shape[1], 3), 28, np.uint8)
    cv2.circle(bar, (BAR_PX // 2 + 2, BAR_PX // 2), BAR_PX // 3, BGR[decision.state], cv2.FILLED, cv2.LINE_AA)
    cv2.putText(bar, decision.state.value, (BAR_PX + 6, 20), FONT, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
    clock = f"{decision.t:6.2f} s"
    (width, _), _ = cv2.getTextSize(clock, FONT, 0.5, 1)
    cv2.putText(bar, clock, (bar.shape[1] - width - 8, 20), FONT, 0.5, (200, 200, 200), 1, cv2.LINE_AA)
    return np.vstack([picture, bar])


def contact_sheet(pictures: Sequence[NDArray[np.uint8]], columns: int = 3, width_px: int = 400) -> NDArray[np.uint8]:
    """Pictures side by side, row by row, each `width_px` wide; empty places stay dark. All must have one shape."""
    height = round(pictures[0].shape[0] * width_px / pictures[0].shape[1])
    cells = [np.asarray(cv2.resize(picture, (width_px, height), interpolation=cv2.INTER_AREA), np.uint8) for picture in pictures]
    cells += [np.full_like(cells[0], 18)] * (-len(cells) % columns)
    rows = [np.hstack(cells[i:i + columns]) for i in range(0, len(cells), columns)]
    return np.vstack(rows)
