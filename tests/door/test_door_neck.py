# SPDX-License-Identifier: Apache-2.0
"""Under a head that the upper rim cuts, neck and collar look like a masked face: that lights no green, and hides nobody bare."""

from __future__ import annotations

from dataclasses import replace

import pytest
from door_scenes import BARE, MASKED, NOSE_OUT, UNDECIDED, look, play, states, timeline

from edge.door import DoorState
from edge.door.necks import is_cut_above, is_neck
from edge.door.tracks import start_track
from edge.look import Box, Doubt
from edge.settings import DoorSettings

HEAD = replace(look(MASKED, doubts={Doubt.CUT_OFF}), face=replace(look(MASKED).face, box=Box(200, -2, 110, 73), score=0.85))


def under(seen=MASKED, score=0.65, x=240.0, y=10.0, wide=100.0, doubts=()):
    given = look(seen, doubts=set(doubts))
    return replace(given, face=replace(given.face, box=Box(x, y, wide, 1.2 * wide), score=score))


def before(looks):
    """A head cut above for half a second, then what `looks` says."""
    return lambda t: [HEAD] if t < 0.6 else looks


WHOLE = replace(look(MASKED), face=replace(look(MASKED).face, box=Box(200, 30, 120, 150), score=0.9))


@pytest.mark.parametrize("fps", [1, 4, 10, 25])
def test_a_head_that_leaves_above_takes_its_green_with_it_though_its_collar_is_still_seen(fps):
    decisions = play(timeline((4, WHOLE), (1, HEAD), (1, under()), (3, None)), 9, fps)
    assert states(decisions)[:3] == ["idle", "checking", "passed"]
    assert all(decision.state is DoorState.IDLE for decision in decisions if decision.t > 5.9)


def test_a_collar_that_drifts_is_still_one():
    decisions = play(lambda t: [HEAD] if t < 0.6 else [under(x=240 + 40 * (t - 0.6), y=10 - 20 * (t - 0.6))] if t < 2 else [], 4, 10)
    assert "passed" not in states(decisions)


def test_somebody_masked_whose_own_head_was_cut_is_not_kept_waiting_for_good():
    weak = replace(WHOLE, face=replace(WHOLE.face, score=0.7))
    assert states(play(timeline((0.3, HEAD), (8, weak)), 8.3))[-1] == "passed"


def test_who_was_there_before_stays_somebody():
    """A tall passer-by above one who is judged already, and found doubtfully, changes nothing for them."""
    short = under(score=0.7)
    decisions = play(lambda t: [short, HEAD] if 2 <= t < 2.3 else [short], 6)
    assert decisions[19].state is DoorState.PASSED
    assert all(any(person.verdict is DoorState.PASSED for person in decision.people) for decision in decisions if decision.t >= 2)


def test_a_violation_is_not_forgotten_under_a_head():
    short = replace(under(), face=replace(under().face, score=0.7))
    decisions = play(lambda t: [replace(short, probabilities=BARE)] if t < 2 else [HEAD, short] if t < 2.4 else [short], 2.8)
    assert states(decisions)[-1] == "violation"


def test_refuse_opens_for_nobody_beside_what_is_left_out():
    masked = look(MASKED, x=600, y=200)
    decisions = play(lambda t: [masked, HEAD] if t < 2 else [masked, under()] if t < 3.5 else [masked], 6, rules=DoorSettings(mode="refuse"))
    assert not any(decision.admits for decision in decisions if 2 <= decision.t < 3.5)
    assert decisions[-1].admits


@pytest.mark.parametrize("seen", [BARE, NOSE_OUT])
def test_a_bare_child_under_a_tall_head_is_red(seen):
    assert "violation" in states(play(before([HEAD, under(seen)]), 3.6))


def test_a_child_surely_found_under_a_tall_head_is_judged():
    decisions = play(before([HEAD, under(score=0.8)]), 3.6)
    assert any(person.verdict is DoorState.PASSED for person in decisions[-1].people)


def test_once_the_neck_is_gone_who_comes_to_its_place_is_judged():
    assert states(play(timeline((0.6, HEAD), (1, under()), (1.5, None), (2, under())), 5.1))[-1] == "passed"


@pytest.mark.parametrize(("given", "why"), [
    (under(score=0.77), "surely found"), (under(BARE), "bare"), (under(NOSE_OUT), "worn wrongly"), (under(x=430), "beside the head"),
    (under(y=-54), "not below it"), (under(y=250), "far below"), (under(doubts=[Doubt.CUT_OFF]), "the head itself"),
    (under(doubts=[Doubt.BLURRED]), "not clear"), (under(UNDECIDED), "would not pass"), (under(wide=50), "too small for it")])
def test_what_is_no_neck(given, why):
    assert not is_neck(HEAD.face.box, given, 0.6), why


def test_only_a_head_cut_above_has_a_neck():
    assert is_neck(HEAD.face.box, under(), 0.6)
    assert is_neck(HEAD.face.box, under(score=0.765), 0.6)
    assert is_neck(HEAD.face.box, under(y=-52), 0.6), "come to the rim after the head"
    large = Box(200, -2, 110, 146)
    assert is_neck(large, under(y=10, wide=60), 0.6), "a little higher, and at the rim"
    assert not is_neck(large, under(y=20, wide=60), 0.6), "as little higher, and away from the rim: somebody beside"
    assert is_cut_above(start_track(1, HEAD, 0.0))
    assert not is_cut_above(start_track(1, replace(HEAD, doubts=frozenset()), 0.0))
    aside = replace(HEAD, face=replace(HEAD.face, box=Box(-10, 60, 70, 110)))
    assert not is_cut_above(start_track(1, aside, 0.0))
