# SPDX-License-Identifier: Apache-2.0
"""Policy: from everybody's verdict to the state of the door, what is told, and who has left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.door.necks import heads_of, is_cut_above, without_necks
from edge.door.state import Decision, DoorState, Passage, Person
from edge.door.tracks import Place, Track, follow, lasted, match, place_distance, start_track
from edge.door.verdict import EVIDENCE_GAP_S, Standing, judge
from edge.look import Box, Doubt, Look, Probabilities
from edge.settings import DoorSettings

BADNESS = {DoorState.VIOLATION: 3, DoorState.UNSURE: 2, DoorState.CHECKING: 1, DoorState.PASSED: 0}
"""The worst person in range drives the door."""
SIGHTINGS_MIN = 2
"""A face found in one frame only is more often a hand or a bag than a person: it counts from its second look."""
SAYS_BITS = 0.25
"""The classifier has said nothing where its three probabilities hold less information than this. An even third has 0 bits, certainty 1.58.
So silent are 13 of 1,429 photographed faces of 48 px and more (none of the 265 that training never saw), and 230 of 316 places without a face."""
NOTHING_SEEN = frozenset({Doubt.NO_ANSWER})
"""The doubts about a look at which nobody is: the picture is good in every way, and yet the classifier says nothing of it."""
NOT_A_MASK = 0.2
"""A look says something, however few bits it has, where `mask` is this likely or less: (0.1, 0.45, 0.45) is a bare or half-bare face, and
which of the two makes no difference to the door. By this rule nine of those 230 silent places speak, and three of the 13 faces."""
STRANGE_PATIENCE = 2.0
"""How many times longer than others those have to stay who were seen only at the rim of the frame, or only in poor pictures of which the
classifier said nothing."""
PLACES_MAX = 32
"""Places (of reported people, of heads that the rim cuts) that are remembered at most, the newest first to stay: a long `rearm_s`
costs bounded time."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person in range: where they are, and what is held of them."""

    track: Track
    standing: Standing
    succeeded: bool = False
    """While this person was missing, somebody arrived close by and was taken for them. No other newcomer is, then."""


@dataclass(frozen=True, slots=True)
class Memory:
    """All that the door knows between two frames. `Memory()` is the start; only `step` makes others."""

    visitors: tuple[Visitor, ...] = ()
    places: tuple[Place, ...] = ()
    """Where people were last seen who were told and have left."""
    heads: tuple[Place, ...] = ()
    """Where the upper rim cut a head, and when."""
    state: DoorState = DoorState.IDLE
    since: float = -math.inf
    """Frame time at which `state` began."""
    t: float = -math.inf
    """Time of the last frame."""
    next_track: int = 1


def step(memory: Memory, t: float, looks: Sequence[Look], rules: DoorSettings) -> tuple[Memory, Decision]:
    """Take the looks of one frame and decide.

    Args:
        memory: what the step before gave, or `Memory()`.
        t: time of the frame in seconds of frame time. A step back within `gone_s` counts as no time at all; a greater
            one is a clock that began anew, and everybody is met afresh.
        looks: all faces of the frame, in any order; empty where there is none.
        rules: the section [door] of the settings.

    Returns:
        What to hand to the next step, and the decision. The same arguments always give the same answer.
    """
    ended: tuple[Passage, ...] = ()
    if t < memory.t - rules.gone_s:
        ended = finish(memory, rules)
        memory = Memory(state=memory.state, next_track=memory.next_track)
    t = max(t, memory.t)
    if rules.mode == "off":
        looks = ()
    faces = [look for look in map(_silence_marked, looks) if look.doubts != NOTHING_SEEN]
    memory, people = _leave_out_necks(memory, t, faces, rules)
    # Met before parted: with a frame a second, the next look at somebody comes after `gone_s` and is still theirs.
    memory, seen = _meet(memory, t, people, rules)
    memory, gone = _part(memory, t, seen, rules)
    memory, told = _tell(memory)
    state = _state(memory, t, rules)
    decision = _decide(memory, t, state, seen, rules, left_out=len(people) < len(faces))
    decision = replace(decision, reported=told, passages=ended + _passages(gone, rules))
    return replace(memory, state=state, since=memory.since if state is memory.state else t, t=t), decision


def finish(memory: Memory, rules: DoorSettings) -> tuple[Passage, ...]:
    """The visits that are still open, closed: for the end of a clip and for the stop of the program."""
    return _passages(memory.visitors, rules)


def _silence_marked(look: Look) -> Look:
    """The look, with the doubt `NO_ANSWER` where the classifier said nothing: it is taught to answer an even third where there is no face
    (the back of a head, a bag). An answer that is not even a number counts as that, for one NaN would stay in the average for ever.
    """
    if not all(math.isfinite(p) for p in look.probabilities):
        look = replace(look, probabilities=Probabilities(1 / 3, 1 / 3, 1 / 3))
    says = look.probabilities.mask <= NOT_A_MASK or information(look.probabilities) >= SAYS_BITS
    return look if says else replace(look, doubts=look.doubts | NOTHING_SEEN)


def information(probabilities: Probabilities) -> float:
    """What three probabilities say, in bits: how far their entropy lies below that of an even third (Shannon 1948)."""
    return math.log2(3) + sum(p * math.log2(p) for p in probabilities if p > 0)


def _part(memory: Memory, t: float, seen: set[int], rules: DoorSettings) -> tuple[Memory, list[Visitor]]:
    """Let go of everybody not seen for `gone_s`, and remember the places of those who were told."""
    staying: list[Visitor] = []
    gone: list[Visitor] = []
    for visitor in memory.visitors:
        left = visitor.track.id not in seen and lasted(visitor.track.seen, t, rules.gone_s)
        (gone if left else staying).append(visitor)
    told = tuple(Place(visitor.track.box, visitor.track.seen) for visitor in gone if visitor.standing.reported and not visitor.succeeded)
    places = tuple(place for place in memory.places + told if not lasted(place.left, t, rules.rearm_s))
    return replace(memory, visitors=tuple(staying), places=places[-PLACES_MAX:]), gone


def _leave_out_necks(memory: Memory, t: float, looks: Sequence[Look], rules: DoorSettings) -> tuple[Memory, list[Look]]:
    """Remember the heads that the upper rim cuts, and give the looks without what is most likely their necks. The head of somebody in
    violation excuses nothing below it.
    """
    cut = [visitor.track for visitor in memory.visitors
           if is_cut_above(visitor.track) and visitor.standing.verdict is not DoorState.VIOLATION]
    others = [visitor.track for visitor in memory.visitors if visitor.track not in cut]
    heads = heads_of(memory.heads, cut, t)[-PLACES_MAX:]
    return replace(memory, heads=heads), without_necks(looks, heads, others, t, rules.pass_min)


def _meet(memory: Memory, t: float, looks: Sequence[Look], rules: DoorSettings) -> tuple[Memory, set[int]]:
    """Give every look to its person, and judge everybody anew. Also returns the tracks seen in this frame."""
    # After a longer gap without any frame, whoever stands there may be somebody else.
    gap_s = max(rules.gone_s, EVIDENCE_GAP_S)
    continued, arrivals = match([visitor.track for visitor in memory.visitors if not lasted(visitor.track.seen, t, gap_s)], looks, t)
    visitors = []
    for visitor in memory.visitors:
        look = continued.get(visitor.track.id)
        track = visitor.track if look is None else follow(visitor.track, look, t, rules.smooth_s)
        visitors.append(Visitor(track, judge(visitor.standing, track, t, look is not None, rules), visitor.succeeded and look is None))
    memory = replace(memory, visitors=tuple(visitors))
    seen = set(continued)
    for look in arrivals:
        seen.add(memory.next_track)
        memory = _arrive(memory, t, look, seen, rules)
    return memory, seen


def _arrive(memory: Memory, t: float, look: Look, seen: set[int], rules: DoorSettings) -> Memory:
    """Take in somebody new. Whoever comes to a place where somebody told was last seen is taken for them, and not told again."""
    track = start_track(memory.next_track, look, t)
    # Somebody told who is missing in this frame may have moved further than a match allows: that is such a place, too.
    missing = {visitor.track.id: Place(visitor.track.box, visitor.track.seen) for visitor in memory.visitors
               if visitor.standing.reported and not visitor.succeeded and visitor.track.id not in seen}
    known = _nearest([*memory.places, *missing.values()], track.box)
    newcomer = Visitor(track, judge(Standing(reported=known is not None), track, t, True, rules))
    # The place is used up: the newcomer leaves it anew when they go.
    visitors = [replace(visitor, succeeded=True) if known and missing.get(visitor.track.id) == known else visitor for visitor in memory.visitors]
    return replace(memory, visitors=(*visitors, newcomer), next_track=track.id + 1,
                   places=tuple(place for place in memory.places if place != known))


def _nearest(places: Sequence[Place], box: Box) -> Place | None:
    """The place that `box` returns to, if there is one."""
    near = [(distance, place) for place in places if (distance := place_distance(place.box, box)) is not None]
    return min(near)[1] if near else None


def _tell(memory: Memory) -> tuple[Memory, tuple[int, ...]]:
    """Mark everybody newly in violation as told."""
    told = tuple(visitor.track.id for visitor in memory.visitors
                 if visitor.standing.verdict is DoorState.VIOLATION and not visitor.standing.reported)
    if not told:
        return memory, ()
    visitors = tuple(replace(visitor, standing=replace(visitor.standing, reported=True)) if visitor.track.id in told else visitor
                     for visitor in memory.visitors)
    return replace(memory, visitors=visitors), told


def _counts(track: Track, rules: DoorSettings) -> bool:
    """Whether this is somebody yet: seen well enough twice, or staying for long. A chin or a hand at the rim of the frame does not stay."""
    stays_s = STRANGE_PATIENCE * min(rules.unsure_after_s, rules.answer_s)
    return track.sightings >= SIGHTINGS_MIN or lasted(track.entered, track.seen, stays_s)


def _in_range(memory: Memory, rules: DoorSettings) -> list[Visitor]:
    """Everybody who counts, worst first, then in order of arrival."""
    counted = [visitor for visitor in memory.visitors if _counts(visitor.track, rules)]
    return sorted(counted, key=lambda visitor: (-BADNESS[visitor.standing.verdict], visitor.track.id))


def _state(memory: Memory, t: float, rules: DoorSettings) -> DoorState:
    """What the panel shows: the worst verdict, held for `hold_s` except that red may come at once."""
    if rules.mode == "off":
        return DoorState.IDLE
    people = _in_range(memory, rules)
    worst = people[0].standing.verdict if people else DoorState.IDLE
    if worst is DoorState.VIOLATION or lasted(memory.since, t, rules.hold_s):
        return worst
    return memory.state


def _decide(memory: Memory, t: float, state: DoorState, seen: set[int], rules: DoorSettings, left_out: bool) -> Decision:
    """The decision for `state`; what is told and who has left is added by `step`. `left_out`: a find was taken for a neck."""
    people = tuple(_person(visitor, visitor.track.id in seen) for visitor in _in_range(memory, rules))
    # A lamp may wait until somebody at the rim of the frame proves to be more than a hand; the door may not.
    everybody_passes = bool(people) and all(visitor.standing.verdict is DoorState.PASSED for visitor in memory.visitors
                                            if visitor.track.seen > visitor.track.entered)
    refuse = state is DoorState.PASSED and everybody_passes and not left_out
    admits = {"remind": bool(people), "refuse": refuse, "off": True}[rules.mode]
    reason = next((person.reason for person in people if person.reason), "") if state is DoorState.UNSURE else ""
    return Decision(t=t, state=state, previous=memory.state, people=people, reason=reason, admits=admits)


def _person(visitor: Visitor, here: bool) -> Person:
    track, verdict = visitor.track, visitor.standing.verdict
    reason = ""
    if verdict is DoorState.UNSURE:
        reason = ", ".join(sorted(track.doubts)) or "no clear answer"
    return Person(track=track.id, box=track.box, verdict=verdict, label=track.probabilities.label,
                  probabilities=track.probabilities, looks=track.looks, reason=reason, here=here)


def _passages(gone: Sequence[Visitor], rules: DoorSettings) -> tuple[Passage, ...]:
    """The visits of those who left. Somebody never judged counts, as `unsure`, only after a stay of `unsure_after_s`: anything shorter is
    a passer-by or no person at all.
    """
    return tuple(
        Passage(track=track.id, entered=track.entered, left=track.seen, verdict=standing.judged or DoorState.UNSURE,
                label=track.probabilities.label, confidence=max(track.probabilities), looks=track.looks)
        for track, standing in ((visitor.track, visitor.standing) for visitor in gone)
        if standing.judged or (_counts(track, rules) and lasted(track.entered, track.seen, rules.unsure_after_s)))
