# SPDX-License-Identifier: Apache-2.0
"""Tracks: which looks belong to the same person, and what they say together.

Only geometry tells people apart here: nobody is recognised. A face that jumps further or changes its size more than a
person can between two frames (a cut in a clip, somebody stepping in front) is a new person and inherits no verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from edge.look import Box, Doubt, Look, Probabilities

NEARLY = 1e-6
"""Seconds, or probability: two values this close are equal, so that rounding decides nothing."""

# How far a face moves, in face sizes (one is about 0.16 m): 0.5 for the detector's own trembling, 3 a second for a walk
# across the picture, and never more than 1.6, since whoever stands there may be somebody else.
REACH, REACH_PER_S, REACH_MAX = 0.5, 3.0, 1.6
# How far its size changes: a factor of 1.5 (the box of a face differs with and without a mask), more with time.
GROWTH, GROWTH_PER_S, GROWTH_MAX = 1.5, 1.0, 2.0
# Whoever was away for a moment comes back near the place, not on it: the same two limits for that.
PLACE_REACH, PLACE_GROWTH = 2.0, 2.0

NOBODY_YET = frozenset({Doubt.CUT_OFF, Doubt.NO_ANSWER})
"""Doubts with which a look shows nobody for sure: at the rim of the frame a face may be a chin or a hand, and what the classifier says
nothing of may be the back of a head."""


@dataclass(frozen=True, slots=True)
class Track:
    """One person over time. Times are seconds of frame time, boxes pixels of the frame."""

    id: int
    box: Box
    """Where the face was last seen."""
    entered: float
    seen: float
    """When the face was last seen."""
    sightings: int
    """How many looks showed somebody, trusted or not: those without a doubt of `NOBODY_YET`."""
    probabilities: Probabilities
    """Smoothed over the trusted looks; before the first of them, the latest look as it was."""
    weight: float
    """How many looks' worth stands behind `probabilities`; 0 before the first trusted look."""
    looks: int
    """How many looks were trusted."""
    trusted: float
    """When the last trusted look was; `entered` before the first."""
    doubts: frozenset[Doubt]
    """Of the latest look."""


class Place(NamedTuple):
    """Where somebody was last seen, and when."""

    box: Box
    left: float


def lasted(since: float, t: float, span_s: float) -> bool:
    """Whether at least `span_s` seconds lie between `since` and `t`."""
    return t - since >= span_s - NEARLY


def _shows_somebody(look: Look) -> bool:
    return not look.doubts & NOBODY_YET


def in_order(looks: Sequence[Look]) -> list[Look]:
    """The same looks in an order of their own, so that the detector's order decides nothing."""
    return sorted(looks, key=lambda look: (look.face.box, look.probabilities, sorted(look.doubts)))


def start_track(id: int, look: Look, t: float) -> Track:
    """The track of somebody first seen at `t`."""
    trusted = not look.doubts
    return Track(id=id, box=look.face.box, entered=t, seen=t, sightings=int(_shows_somebody(look)), probabilities=look.probabilities,
                 weight=float(trusted), looks=int(trusted), trusted=t, doubts=look.doubts)


def follow(track: Track, look: Look, t: float, smooth_s: float) -> Track:
    """The track after one more look at time `t`.

    Exponential smoothing by time: a look counts for half after `smooth_s`, however many frames lie in between. It is
    a true average from the start, so the first look weighs no more than the next.
    """
    probabilities, weight, looks, trusted = track.probabilities, track.weight, track.looks, track.trusted
    if not look.doubts:
        weight = weight * 0.5 ** ((t - trusted) / smooth_s) + 1
        looks, trusted = looks + 1, t
        probabilities = Probabilities(*(old + (new - old) / weight
                                        for old, new in zip(probabilities, look.probabilities, strict=True)))
    elif not looks:
        probabilities = look.probabilities
    return Track(id=track.id, box=look.face.box, entered=track.entered, seen=t, sightings=track.sightings + _shows_somebody(look),
                 probabilities=probabilities, weight=weight, looks=looks, trusted=trusted, doubts=look.doubts)


def match(tracks: Sequence[Track], looks: Sequence[Look], t: float) -> tuple[dict[int, Look], list[Look]]:
    """Give each look to the track that it continues best.

    Greedy from the best pair down: the cost is the distance of the centres in face sizes plus what the boxes lack of a
    full overlap (1 - IoU). With ten faces at most, greedy differs from optimal only where people overlap in the picture.

    Returns:
        The look of each track id that has one, and the looks that begin a new track (both independent of the order
        of `looks`).
    """
    pairs = []
    arrivals = in_order(looks)
    for track in tracks:
        gap_s = t - track.seen
        reach = min(REACH + REACH_PER_S * gap_s, REACH_MAX)
        growth = min(GROWTH + GROWTH_PER_S * gap_s, GROWTH_MAX)
        for index, look in enumerate(arrivals):
            distance = _distance(track.box, look.face.box, reach, growth)
            if distance is not None:
                pairs.append((distance + 1 - track.box.iou(look.face.box), track.id, index))
    pairs.sort()
    taken: dict[int, int] = {}
    for _, id, index in pairs:
        if id not in taken and index not in taken.values():
            taken[id] = index
    continued = set(taken.values())
    return ({id: arrivals[index] for id, index in taken.items()},
            [look for index, look in enumerate(arrivals) if index not in continued])


def place_distance(place: Box, box: Box) -> float | None:
    """How far `box` is from a `place` where somebody was a while ago, in face sizes; None if it is elsewhere."""
    return _distance(place, box, PLACE_REACH, PLACE_GROWTH)


def _distance(old: Box, new: Box, reach: float, growth: float) -> float | None:
    """Distance of the centres in sizes of `old`; None where it is beyond `reach`, or the size beyond `growth`."""
    old_x, old_y, old_w, old_h = old
    new_x, new_y, new_w, new_h = new
    old_area, new_area = max(old_w * old_h, 1.0), max(new_w * new_h, 1.0)
    if not 1 / growth ** 2 <= new_area / old_area <= growth ** 2:
        return None
    distance = math.hypot(new_x + new_w / 2 - old_x - old_w / 2, new_y + new_h / 2 - old_y - old_h / 2) / math.sqrt(old_area)
    return distance if distance <= reach else None
