# SPDX-License-Identifier: Apache-2.0
"""Who is told, once for each visit to a place, and what is written down of a visit that is over."""

from __future__ import annotations

import pytest
from door_scenes import BARE, MASKED, look, play, states, timeline

from edge.door import DoorState, Memory, finish, step
from edge.door.policy import PLACES_MAX
from edge.look import Doubt, Label
from edge.settings import DoorSettings


def test_a_chin_that_hangs_in_for_a_while_leaves_no_passage():
    decisions = play(timeline((1.6, look(MASKED, doubts=[Doubt.CUT_OFF])), (2, None)), 3.6)
    assert states(decisions) == ["idle"]
    assert not any(decision.passages for decision in decisions)


@pytest.mark.parametrize(("away_s", "times"), [(2.0, 1), (5.5, 2)])
def test_a_reported_person_is_reported_again_only_after_rearm_s(away_s, times):
    scene = timeline((2, look(BARE)), (away_s, None), (2, look(BARE, x=130)))
    decisions = play(scene, 4 + away_s, 10, DoorSettings(rearm_s=5.0))
    assert sum(len(decision.reported) for decision in decisions) == times
    assert decisions[-1].state is DoorState.VIOLATION, "red is shown either way"


def test_somebody_bare_at_another_place_is_reported_at_once():
    scene = timeline((2, look(BARE)), (2, None), (2, look(BARE, x=500)))
    assert [d.reported for d in play(scene, 6) if d.reported] == [(1,), (2,)]


def test_a_reported_person_who_moves_further_than_a_match_allows_is_not_reported_twice():
    scene = timeline((2, look(BARE)), (2, look(BARE, x=100 + 1.8 * 60)))
    decisions = play(scene, 4)
    assert {person.track for person in decisions[-1].people} == {2}
    assert [d.reported for d in decisions if d.reported] == [(1,)]


def test_one_place_excuses_one_person_only():
    def scene(t):
        return [look(BARE)] if t < 2 else [look(BARE), look(BARE, x=190)] if t >= 3.5 else []

    decisions = play(scene, 5.5)
    assert [d.reported for d in decisions if d.reported] == [(1,), (3,)]


def test_one_missing_person_excuses_one_newcomer_only():
    """The reported one is lost just when three others come near: two of them are somebody else, whatever becomes of the first."""
    near = [look(BARE, x=100 + 1.8 * 60, y=100 + dy) for dy in (-90, 0, 90)]

    def scene(t):
        return [look(BARE)] if t < 2 else near if t >= 2.2 else []

    assert sorted(track for d in play(scene, 5) for track in d.reported)[0] == 1
    assert len([track for d in play(scene, 5) for track in d.reported]) == 3


def test_a_long_rearm_time_remembers_a_bounded_number_of_places():
    memory, rules = Memory(), DoorSettings(rearm_s=600)
    for number in range(400):  # 40 people, each bare for a second at a place of their own
        memory, _ = step(memory, number / 10, [look(BARE, x=300 * (number // 10))], rules)
    assert len(memory.places) == PLACES_MAX
    assert memory.places[-1].box.x > 300 * PLACES_MAX, "the newest stay"


def test_a_passage_tells_when_how_long_and_with_what_verdict():
    passages = [passage for decision in play(timeline((1, None), (2, look(BARE)), (2, None)), 5) for passage in decision.passages]
    assert len(passages) == 1
    passage = passages[0]
    assert (passage.track, passage.entered, passage.verdict, passage.label) == (1, 1.0, DoorState.VIOLATION, Label.NO_MASK)
    assert passage.left == pytest.approx(2.9)
    assert passage.looks == 20
    assert passage.confidence == pytest.approx(0.92)


@pytest.mark.parametrize(("parts", "verdict"), [
    ([(2, look(BARE)), (2.5, look(MASKED))], DoorState.PASSED),
    ([(2, look(MASKED)), (2.5, look(BARE))], DoorState.VIOLATION),
    ([(2, look(MASKED)), (1.5, look(MASKED, doubts=[Doubt.TURNED_AWAY]))], DoorState.PASSED),
    ([(2, look(MASKED, doubts=[Doubt.TOO_DARK]))], DoorState.UNSURE),
])
def test_the_verdict_of_a_passage_is_the_last_one_that_was_reached(parts, verdict):
    decisions = play(timeline(*parts), sum(length for length, _ in parts) + 2)
    assert [passage.verdict for decision in decisions for passage in decision.passages] == [verdict]


def test_who_was_never_judged_and_left_soon_gives_no_passage():
    decisions = play(timeline((0.3, look(BARE))), 3)
    assert states(decisions) == ["idle", "checking", "idle"]
    assert not any(decision.passages for decision in decisions)


def test_finish_closes_the_visits_that_are_still_open():
    memory, rules = Memory(), DoorSettings()
    for number in range(20):
        memory, decision = step(memory, number / 10, [look(MASKED), look(BARE, x=400)], rules)
        assert not decision.passages
    passages = finish(memory, rules)
    assert sorted((passage.verdict, passage.left) for passage in passages) == [(DoorState.PASSED, 1.9), (DoorState.VIOLATION, 1.9)]
