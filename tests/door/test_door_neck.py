# SPDX-License-Identifier: Apache-2.0
"""Under a head that the upper rim cuts, neck and collar look like a masked face: that lights no green, and hides nobody bare."""

from __future__ import annotations

from dataclasses import replace

import pytest
from door_scenes import BARE, MASKED, NOSE_OUT, look, play, states, timeline

from edge.door import DoorState
from edge.door.tracks import is_cut_above, is_neck, start_track
from edge.look import Box, Doubt

HEAD = replace(look(MASKED, doubts={Doubt.CUT_OFF}), face=replace(look(MASKED).face, box=Box(200, -2, 110, 73), score=0.85))


def under(seen=MASKED, score=0.65, x=240.0, y=10.0, doubts=()):
    given = look(seen, doubts=set(doubts))
    return replace(given, face=replace(given.face, box=Box(x, y, 100, 120), score=score))


def before(looks):
    """A head cut above for half a second, then what `looks` says."""
    return lambda t: [HEAD] if t < 0.6 else looks


@pytest.mark.parametrize("fps", [4, 10, 25])
def test_a_head_that_leaves_above_takes_its_green_with_it_though_its_collar_stays(fps):
    whole = replace(look(MASKED), face=replace(look(MASKED).face, box=Box(200, 30, 120, 150), score=0.9))
    decisions = play(timeline((2, whole), (0.6, HEAD), (6, under()), (2, None)), 10.6, fps)
    assert states(decisions)[:3] == ["idle", "checking", "passed"]
    assert states(decisions)[-1] == "idle"
    assert all(decision.state is DoorState.IDLE for decision in decisions if decision.t >= 2.6 + 0.8 + 0.5)


@pytest.mark.parametrize("seen", [BARE, NOSE_OUT])
def test_a_bare_child_under_a_tall_head_is_red(seen):
    assert "violation" in states(play(before([HEAD, under(seen)]), 3.6))


def test_a_child_surely_found_under_a_tall_head_is_judged():
    decisions = play(before([HEAD, under(score=0.8)]), 3.6)
    assert any(person.verdict is DoorState.PASSED for person in decisions[-1].people)


def test_once_the_neck_is_gone_who_comes_to_its_place_is_judged():
    decisions = play(timeline((0.6, HEAD), (1, under()), (1.5, None), (2, under())), 5.1)
    assert states(decisions)[-1] == "passed"


@pytest.mark.parametrize(("given", "why"), [
    (under(score=0.76), "surely found"), (under(BARE), "bare"), (under(NOSE_OUT), "worn wrongly"), (under(x=430), "beside the head"),
    (under(y=-40), "not below it"), (under(y=250), "far below"), (under(doubts=[Doubt.CUT_OFF]), "the head itself")])
def test_what_is_no_neck(given, why):
    assert not is_neck(HEAD.face.box, given), why


def test_only_a_head_cut_above_has_a_neck():
    assert is_neck(HEAD.face.box, under())
    assert is_cut_above(start_track(1, HEAD, 0.0))
    assert not is_cut_above(start_track(1, replace(HEAD, doubts=frozenset()), 0.0))
    aside = replace(HEAD, face=replace(HEAD.face, box=Box(-10, 60, 70, 110)))
    assert not is_cut_above(start_track(1, aside, 0.0))
