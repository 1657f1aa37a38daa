# SPDX-License-Identifier: Apache-2.0
"""Frames that come late, seldom or not at all, and a clock that begins anew."""

from __future__ import annotations

import pytest
from door_scenes import BARE, MASKED, look, play, states, timeline

from edge.door import DoorState, Memory, step
from edge.settings import DoorSettings


@pytest.mark.parametrize("fps", [1, 1.2, 1.25, 2])
def test_a_unit_that_judges_one_frame_a_second_still_answers(fps):
    """A hot unit, or `rate_fps = 1`: the next look comes after `gone_s`, and is still of the same person."""
    for seen, state in ((BARE, DoorState.VIOLATION), (MASKED, DoorState.PASSED)):
        decisions = play(lambda t, seen=seen: [look(seen)], 6, fps=fps)
        assert decisions[-1].state is state
        assert {person.track for d in decisions for person in d.people} == {1}
    assert next(d.t for d in play(lambda t: [look(BARE)], 6, fps=fps) if d.state is DoorState.VIOLATION) <= DoorSettings().answer_s + 1 / fps


def test_a_stall_of_the_camera_does_not_let_a_violation_flicker():
    memory, states_seen = Memory(), []
    for t in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 1.6, 1.7, 1.8):
        memory, decision = step(memory, t, [look(BARE)], DoorSettings())
        states_seen.append(decision.state)
    assert states_seen[-4:] == [DoorState.VIOLATION] * 4


def test_over_a_long_gap_nobody_inherits_a_pass():
    memory = Memory()
    for t in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        memory, decision = step(memory, t, [look(MASKED)], DoorSettings())
    assert decision.state is DoorState.PASSED
    memory, decision = step(memory, 4.0, [look(MASKED)], DoorSettings())
    assert decision.state is not DoorState.PASSED
    assert len(decision.passages) == 1


def test_a_frame_that_is_a_little_late_counts_as_no_time():
    memory, rules = Memory(), DoorSettings()
    times = []
    for t in (0.0, 0.1, 0.2, 0.15, 0.3):
        memory, decision = step(memory, t, [look(MASKED)], rules)
        times.append(decision.t)
    assert times == [0.0, 0.1, 0.2, 0.2, 0.3]
    assert (memory.t, decision.people[0].track, decision.people[0].looks) == (0.3, 1, 5)


def test_a_clock_that_begins_anew_meets_everybody_afresh_and_keeps_the_passages():
    memory, rules = Memory(), DoorSettings()
    for number in range(20):
        memory, _ = step(memory, 100 + number / 10, [look(MASKED)], rules)
    memory, decision = step(memory, 0.0, [look(MASKED)], rules)
    assert [(passage.track, passage.verdict) for passage in decision.passages] == [(1, DoorState.PASSED)]
    assert decision.state is DoorState.IDLE
    assert states(play(timeline((2, look(MASKED))), 2, memory=memory, start=0.1))[-1] == "passed"


def test_a_person_lost_for_a_few_frames_is_still_counted_but_not_here():
    decisions = play(timeline((2, look(MASKED)), (0.5, None), (1, look(MASKED))), 3.5)
    assert states(decisions) == ["idle", "checking", "passed"]
    assert [decision.people[0].here for decision in (decisions[19], decisions[22], decisions[26])] == [True, False, True]
