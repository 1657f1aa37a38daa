# SPDX-License-Identifier: Apache-2.0
"""Verdict: what is held of one person, look after look.

The smoothed probability of `mask` leans towards a pass, towards a violation or nowhere. A verdict changes only when it
has leant the same way over `looks_min` trusted looks and for some time: `violate_after_s`, `pass_after_s`, or
`amend_after_s` for somebody who was reported. So a hand held before a bare face for a moment turns nothing green, and
one bad look at a good mask turns nothing red.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.door.state import DoorState
from edge.door.tracks import NEARLY, Track, lasted
from edge.settings import DoorSettings

EVIDENCE_GAP_S = 1.25
"""Trusted looks this far apart or further do not support each other. A unit that judges one frame a second still judges."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is held of one person, and the evidence that gathers for a change."""

    verdict: DoorState = DoorState.CHECKING
    """`checking`, `unsure`, `passed` or `violation`."""
    judged: DoorState | None = None
    """The last of `passed` and `violation` that was reached; survives `unsure`."""
    reported: bool = False
    """Whether a violation of this person was told already."""
    leaning: DoorState | None = None
    """`passed` or `violation`, where the smoothed looks point; None between the two."""
    since: float = 0.0
    """Frame time of the first look that leant this way without a break."""
    until: float = 0.0
    """Frame time of the last one."""
    looks: int = 0
    """How many there were."""
    lost: int = 0
    """In how many frames since `since` the face was not found."""


def judge(standing: Standing, track: Track, t: float, seen: bool, rules: DoorSettings) -> Standing:
    """What is held of the person of `track` at time `t`. `seen`: the track has a look of this frame in it."""
    if not seen:
        standing = replace(standing, lost=standing.lost + 1)
    elif not track.doubts:
        standing = _weigh(standing, track, t, rules)
        if _proven(standing, rules):
            assert standing.leaning is not None
            return replace(standing, verdict=standing.leaning, judged=standing.leaning)
    if standing.verdict is DoorState.CHECKING and _patience_ends(standing, track, t, rules):
        return replace(standing, verdict=DoorState.UNSURE)
    if standing.verdict is DoorState.PASSED and lasted(track.trusted, t, rules.unsure_after_s):
        return replace(standing, verdict=DoorState.UNSURE)
    return standing  # a violation ends with a pass or by leaving: whoever turns away does not clear it


def _weigh(standing: Standing, track: Track, t: float, rules: DoorSettings) -> Standing:
    """Count one more trusted look for the side that it leans to, or begin anew."""
    leaning = _lean(track.probabilities.mask, standing.verdict, rules)
    if leaning is standing.leaning and not lasted(standing.until, t, EVIDENCE_GAP_S):
        return replace(standing, until=t, looks=standing.looks + 1)
    return replace(standing, leaning=leaning, since=t, until=t, looks=1, lost=0)


def _lean(mask: float, verdict: DoorState, rules: DoorSettings) -> DoorState | None:
    """Hysteresis: it takes `pass_min` to pass, and only `stay_min` to stay passed."""
    if mask >= rules.pass_min - NEARLY:
        return DoorState.PASSED
    if mask < rules.stay_min - NEARLY:
        return DoorState.VIOLATION
    return DoorState.PASSED if verdict is DoorState.PASSED and mask >= rules.stay_min - NEARLY else None  # never for a NaN


def _proven(standing: Standing, rules: DoorSettings) -> bool:
    """Whether there is evidence enough for the side that it leans to: looks, time, and a face found in more frames than not. What flickers
    is more often a hand, a bag, a pattern.
    """
    if standing.leaning is None or standing.looks < rules.looks_min or standing.looks <= standing.lost:
        return False
    if standing.leaning is DoorState.VIOLATION:
        span_s = min(rules.violate_after_s, rules.answer_s)
    else:
        span_s = rules.amend_after_s if standing.reported else rules.pass_after_s
    return lasted(standing.since, standing.until, span_s)


def _patience_ends(standing: Standing, track: Track, t: float, rules: DoorSettings) -> bool:
    """Whether somebody not judged yet is `unsure` from now on. While evidence still gathers they are given until `answer_s`."""
    gathering = standing.leaning is not None and not lasted(standing.until, t, EVIDENCE_GAP_S)
    patience_s = rules.answer_s if gathering else min(rules.unsure_after_s, rules.answer_s)
    return lasted(track.entered, t, patience_s)
