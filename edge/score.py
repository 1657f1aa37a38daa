# SPDX-License-Identifier: Apache-2.0
"""Score: holds what the lamps did during a clip against what was true.

Truth is a CSV file: clip, t_start, t_end, faces, verdict (no_mask, incorrect, mask, mixed, nobody, unclear), note.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.door.state import DoorState
from edge.errors import SettingsError
from edge.reading import content_of

EXPECTED = {
    "no_mask": DoorState.VIOLATION, "incorrect": DoorState.VIOLATION, "mixed": DoorState.VIOLATION,
    "mask": DoorState.PASSED, "nobody": DoorState.IDLE, "unclear": None,
}
"""Verdict of the truth → the state that is right; None: anything is."""
GRACE_S = 2.0
"""After a change of what is right, the door has so long to follow (the answer time it promises)."""
COLUMNS = ("clip", "t_start", "t_end", "faces", "verdict", "note")
NEEDED = ("clip", "t_start", "t_end", "verdict")
HINT = f"The first line of TRUTH.csv is `{','.join(COLUMNS)}`; below it stands a line a stretch, times in seconds."


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
    """Judged, after the grace."""
    right: float | None
    """Share of it in which the right lamp was lit (or none, with nobody there)."""
    wrongly_green: float
    """Share of `not_green_s` in which green was lit."""
    wrongly_red: float
    """Share of `not_red_s` in which red was lit."""
    not_green_s: float
    """Seconds of those judged that were to be red or dark."""
    not_red_s: float
    """Seconds of those judged that were to be green or dark."""


def read_truth(path: Path) -> dict[str, list[Stretch]]:
    """Clip name → its stretches, neighbours with the same right state joined.

    Raises:
        SettingsError: the file is missing, names no clip, or a line does not fit.
    """
    clips: dict[str, list[Stretch]] = {}
    try:
        with io.StringIO(content_of(path).decode("utf-8-sig"), newline="") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in NEEDED if name not in (rows.fieldnames or ())]:
                raise SettingsError(f"{path}, line 1: no column {', '.join(missing)}; expected {', '.join(COLUMNS)}.", hint=HINT)
            for row in rows:
                if not row["clip"]:
                    raise SettingsError(f"{path}, line {rows.line_num}: clip is missing; expected a file name.", hint=HINT)
                stretch = _stretch(row, f"{path}, line {rows.line_num}")
                stretches = clips.setdefault(row["clip"], [])
                if stretches and stretch.start < stretches[-1].end:
                    raise SettingsError(f"{path}, line {rows.line_num}: t_start is {stretch.start:g}; expected at least {stretches[-1].end:g}, "
                                        "where the stretch before ends: one clip has one right answer at a time.", hint=HINT)
                if stretches and stretches[-1].expected is stretch.expected:
                    stretches[-1] = Stretch(stretches[-1].start, stretch.end, stretch.expected)
                else:
                    stretches.append(stretch)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}).", hint="Give a folder that holds clips and their TRUTH.csv.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path}: this is no CSV file in UTF-8.", hint=HINT) from error
    if not clips:
        raise SettingsError(f"{path}: it names no clip.", hint=HINT)
    return clips


def _stretch(row: Mapping[str, str | None], where: str) -> Stretch:
    start, end = (_seconds(row[name], f"{where}: {name}") for name in ("t_start", "t_end"))
    verdict = row["verdict"]
    if verdict not in EXPECTED:
        raise SettingsError(f"{where}: verdict is {_shown(verdict)}; expected one of {', '.join(EXPECTED)}.", hint=HINT)
    if start >= end:
        raise SettingsError(f"{where}: t_end is {end:g}; expected more than t_start, {start:g}.", hint=HINT)
    return Stretch(start, end, EXPECTED[verdict])


def _seconds(text: str | None, where: str) -> float:
    try:
        seconds = float(text or "")
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise SettingsError(f"{where} is {_shown(text)}; expected seconds from 0 on.", hint=HINT)
    return seconds


def _shown(text: str | None) -> str:
    return f'"{text}"' if text else "missing"


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
    return Score(clip, judged, right / judged if judged else None, wrong_green / not_green if not_green else 0.0,
                 wrong_red / not_red if not_red else 0.0, not_green, not_red)


def total(scores: Sequence[Score]) -> Score:
    """All clips as one, each second counting the same."""
    def seconds_and_share(pairs: Iterable[tuple[float, float | None]]) -> tuple[float, float | None]:
        judged = [(seconds, share) for seconds, share in pairs if share is not None and seconds]
        seconds = sum(seconds for seconds, _ in judged)
        return seconds, sum(seconds * share for seconds, share in judged) / seconds if seconds else None

    judged, right = seconds_and_share((one.seconds, one.right) for one in scores)
    not_green, green = seconds_and_share((one.not_green_s, one.wrongly_green) for one in scores)
    not_red, red = seconds_and_share((one.not_red_s, one.wrongly_red) for one in scores)
    return Score("total", judged, right, green or 0.0, red or 0.0, not_green, not_red)
