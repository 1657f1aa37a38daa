# SPDX-License-Identifier: Apache-2.0
"""Score: holds what the lamps did during a clip against what was true.

Truth is a CSV file: clip, t_start, t_end, faces, verdict (no_mask, incorrect, mask, mixed, nobody, unclear), note.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.door.state import DoorState
from edge.errors import SettingsError

EXPECTED = {
    "no_mask": DoorState.VIOLATION, "incorrect": DoorState.VIOLATION, "mixed": DoorState.VIOLATION,
    "mask": DoorState.PASSED, "nobody": DoorState.IDLE, "unclear": None,
}
"""Verdict of the truth → the state that is right; None: anything is."""
GRACE_S = 2.0
"""After a change of what is right, the door has so long to follow (the answer time it promises)."""


@dataclass(frozen=True)
class Stretch:
    """A part of a clip in which one state is right."""

    start: float
    end: float
    expected: DoorState | None


@dataclass(frozen=True)
class Score:
    """How one clip went. Shares are of the time that was judged, None where there was none."""

    clip: str
    seconds: float
    right: float | None
    """Share of the time, after the grace, in which the right lamp was lit (or none, with nobody there)."""
    wrongly_green: float
    """Share of the time that was to be red or dark, after the grace, in which green was lit."""
    wrongly_red: float
    """Share of the time that was to be green or dark, after the grace, in which red was lit."""


def read_truth(path: Path) -> dict[str, list[Stretch]]:
    """Clip name → its stretches, neighbours with the same right state joined.

    Raises:
        SettingsError: the file is missing or a line does not fit.
    """
    clips: dict[str, list[Stretch]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                try:
                    stretch = Stretch(float(row["t_start"]), float(row["t_end"]), EXPECTED[row["verdict"]])
                except (KeyError, TypeError, ValueError) as error:
                    raise SettingsError(f"{path}, line {number}: expected clip, t_start, t_end, faces, verdict "
                                        f"({', '.join(EXPECTED)}), note; found {row}.") from error
                stretches = clips.setdefault(row["clip"], [])
                if stretches and stretches[-1].expected is stretch.expected:
                    stretches[-1] = Stretch(stretches[-1].start, stretch.end, stretch.expected)
                else:
                    stretches.append(stretch)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}.", hint="Give a folder that holds clips and their TRUTH.csv.") from error
    return clips


def score(clip: str, states: Sequence[tuple[float, DoorState]], stretches: Iterable[Stretch]) -> Score:
    """Hold the states of each frame `(t, state)`, in order, against the truth."""
    right = wrong_green = wrong_red = judged = not_green = not_red = 0.0
    ends = [t for t, _ in states[1:]] + [states[-1][0]] if states else []
    for stretch in stretches:
        if stretch.expected is None:
            continue
        for (start, state), end in zip(states, ends, strict=True):
            seconds = min(end, stretch.end) - max(start, stretch.start + GRACE_S)
            if seconds <= 0:
                continue
            judged += seconds
            right += seconds * (state is stretch.expected)
            not_green += seconds * (stretch.expected is not DoorState.PASSED)
            not_red += seconds * (stretch.expected is not DoorState.VIOLATION)
            wrong_green += seconds * (state is DoorState.PASSED and stretch.expected is not DoorState.PASSED)
            wrong_red += seconds * (state is DoorState.VIOLATION and stretch.expected is not DoorState.VIOLATION)
    return Score(clip, judged, right / judged if judged else None,
                 wrong_green / not_green if not_green else 0.0, wrong_red / not_red if not_red else 0.0)
