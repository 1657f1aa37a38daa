# SPDX-License-Identifier: Apache-2.0
"""How people are judged, and what the door shows and does: its rules, one by one. See also test_door_told.py and test_door_gaps.py."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from door_scenes import BARE, HAND, MASKED, NOSE_OUT, UNDECIDED, first, look, play, states, timeline

from edge.door import DoorState, Memory, step
from edge.look import Doubt, Label, Probabilities
from edge.settings import DoorSettings

RATES = [4, 7.5, 12, 30]


@pytest.mark.parametrize("fps", RATES)
def test_bare_then_masked_then_nose_out_then_gone_gives_exactly_the_states_of_the_demo(fps):
    scene = timeline((1, None), (3, look(BARE)), (3, look(MASKED)), (3, look(NOSE_OUT)), (3, None))
    decisions = play(scene, 13, fps)
    assert states(decisions) == ["idle", "checking", "violation", "passed", "violation", "idle"]
    told = [decision.reported for decision in decisions if decision.reported]
    assert told == [(1,)], "the same person is told once"


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(("seen", "state", "label"), [
    (MASKED, "passed", Label.MASK), (BARE, "violation", Label.NO_MASK), (NOSE_OUT, "violation", Label.INCORRECT)])
def test_a_plain_face_is_judged_within_a_second(fps, seen, state, label):
    decisions = play(timeline((2, look(seen))), 2, fps)
    assert states(decisions) == ["idle", "checking", state]
    assert first(decisions, DoorState(state)) <= 1.0
    assert decisions[-1].people[0].label is label


def test_nobody_is_idle_for_ever():
    assert states(play(lambda t: [], 5)) == ["idle"]


def test_a_face_found_in_one_frame_only_is_nobody():
    decisions = play(timeline((0.1, look(BARE)), (3, None)), 3)
    assert states(decisions) == ["idle"]
    assert not any(decision.people or decision.passages for decision in decisions)


def test_what_leaves_only_the_kind_of_wrong_open_says_enough():
    """Whether nose or mouth is bare or all of the face makes no difference to the door."""
    for torn in (Probabilities(0.02, 0.49, 0.49), Probabilities(0.1, 0.45, 0.45), Probabilities(0.2, 0.4, 0.4)):
        assert states(play(timeline((2, look(torn))), 2)) == ["idle", "checking", "violation"]


def test_what_the_classifier_says_nothing_of_is_nobody():
    """The detector takes the back of a head for a face; the classifier spreads its answer evenly, as it was taught."""
    nothing = look(Probabilities(0.36, 0.29, 0.35))
    assert states(play(timeline((5, nothing)), 5)) == ["idle"]
    assert not any(decision.passages for decision in play(timeline((5, nothing), (2, None)), 7))
    assert states(play(timeline((1, nothing), (2, look(BARE))), 3))[-1] == "violation", "she turns round"


@pytest.mark.parametrize("fps", RATES)
def test_a_chin_at_the_rim_is_nobody_until_it_stays_there(fps):
    chin = look(MASKED, doubts=[Doubt.CUT_OFF])
    passing = play(timeline((0.8, chin), (2, None)), 2.8, fps)
    assert states(passing) == ["idle"]
    assert not any(decision.passages for decision in passing)
    staying = play(timeline((3, chin)), 3, fps)
    assert states(staying) == ["idle", "unsure"]
    assert staying[-1].reason == "cut off by the frame's edge"
    assert states(play(timeline((0.8, chin), (2, look(BARE))), 2.8, fps)) == ["idle", "checking", "violation"], "and then bows down"


def test_whoever_was_seen_whole_from_afar_does_not_vanish_at_the_rim():
    far, cut = look(BARE, doubts=[Doubt.TOO_SMALL]), look(BARE, doubts=[Doubt.CUT_OFF])
    assert states(play(timeline((0.8, far), (2, cut)), 2.8)) == ["idle", "checking", "unsure"]


def test_somebody_at_the_rim_is_asked_into_view_before_the_time_promised_is_over_twice():
    cut = timeline((6, look(BARE, doubts=[Doubt.CUT_OFF])))
    assert first(play(cut, 6, rules=DoorSettings(unsure_after_s=10, answer_s=1)), DoorState.UNSURE) == pytest.approx(2.0)


def test_who_stays_in_the_dark_and_says_nothing_is_asked_to_come_nearer():
    """Of a clear picture silence means nobody; of a dark one it means nothing."""
    dark = look(Probabilities(0.36, 0.29, 0.35), doubts=[Doubt.TOO_DARK])
    assert states(play(timeline((1.5, dark), (2, None)), 3.5)) == ["idle"]
    staying = play(timeline((3, dark)), 3)
    assert states(staying) == ["idle", "unsure"]
    assert staying[-1].reason == "no answer from the model, too dark"


@pytest.mark.parametrize("doubts", [[Doubt.CUT_OFF], [Doubt.NO_ANSWER, Doubt.BLURRED]])
def test_somebody_not_yet_counted_changes_no_lamp_but_opens_no_door_on_anothers_green(doubts):
    def scene(t):
        return [look(MASKED)] + ([look(BARE, x=400, doubts=doubts)] if 2 <= t < 3.5 else [])

    decisions = play(scene, 6, 10, DoorSettings(mode="refuse"))
    assert states(decisions) == ["idle", "checking", "passed"]
    assert not any(decision.admits for decision in decisions if 2.05 < decision.t < 3.45)
    assert decisions[-1].admits, "gone again"


@pytest.mark.parametrize("fps", RATES)
def test_whoever_was_seen_whole_stays_somebody_at_the_rim(fps):
    decisions = play(timeline((2, look(BARE)), (1, look(BARE, doubts=[Doubt.CUT_OFF]))), 3, fps)
    assert states(decisions) == ["idle", "checking", "violation"]


def test_what_flickers_is_not_judged_and_a_face_that_does_at_first_is():
    def flicker(t):     # found in two frames of five
        return [look(BARE)] if round(t * 25) % 5 < 2 else []

    assert "violation" not in states(play(flicker, 4, 25))
    assert states(play(lambda t: flicker(t) if t < 1 else [look(BARE)], 3, 25))[-1] == "violation"
    assert states(play(lambda t: [look(BARE)] if round(t * 25) % 5 < 3 else [], 2, 25))[-1] == "violation", "found more often than not"


@pytest.mark.parametrize("fps", RATES)
def test_two_bad_looks_at_a_good_mask_never_turn_red(fps):
    for seen in (BARE, NOSE_OUT):
        scene = timeline((2, look(MASKED)), (2 / fps, look(seen)), (2, look(MASKED)))
        assert states(play(scene, 4, fps)) == ["idle", "checking", "passed"]
        at_first_sight = timeline((2 / fps, look(seen)), (2, look(MASKED)))
        assert "violation" not in states(play(at_first_sight, 2, fps))


@pytest.mark.parametrize("fps", RATES)
def test_a_hand_before_a_bare_face_for_a_second_turns_nothing_green(fps):
    scene = timeline((2, look(BARE)), (1, look(HAND)), (1, look(BARE)), (1, look(HAND)), (1, look(BARE)))
    assert states(play(scene, 6, fps)) == ["idle", "checking", "violation"]


def test_a_hand_after_a_short_absence_turns_nothing_green_either():
    scene = timeline((2, look(BARE)), (1.2, None), (0.7, look(HAND)), (1, look(BARE)))
    decisions = play(scene, 4.9, 15)
    assert "passed" not in states(decisions)
    assert [decision.reported for decision in decisions if decision.reported] == [(1,)]


def test_between_the_two_thresholds_everything_stays_as_it_is():
    between = look(UNDECIDED)
    assert states(play(timeline((2, look(MASKED)), (4, between)), 6))[-1] == "passed"
    assert states(play(timeline((2, look(BARE)), (4, between)), 6))[-1] == "violation"
    decisions = play(timeline((4, between)), 4)
    assert states(decisions) == ["idle", "checking", "unsure"]
    assert decisions[-1].reason == "no clear answer"


def test_who_cannot_be_seen_well_is_asked_to_come_nearer():
    decisions = play(timeline((3, look(MASKED, doubts=[Doubt.TOO_SMALL, Doubt.BLURRED]))), 3)
    assert states(decisions) == ["idle", "checking", "unsure"]
    assert first(decisions, DoorState.UNSURE) == pytest.approx(1.0)
    assert decisions[-1].reason == "blurred, too small"
    assert decisions[-1].people[0].looks == 0


def test_evidence_that_gathers_late_is_waited_for():
    scene = timeline((0.8, look(BARE, doubts=[Doubt.TOO_SMALL])), (2, look(BARE)))
    assert states(play(scene, 2.8)) == ["idle", "checking", "violation"]


@pytest.mark.parametrize("fps", RATES)
def test_a_short_turn_of_the_head_does_not_flicker(fps):
    away = look(BARE, doubts=[Doubt.TURNED_AWAY])
    assert states(play(timeline((2, look(MASKED)), (0.7, away), (2, look(MASKED))), 4.7, fps)) == ["idle", "checking", "passed"]


def test_who_turns_away_for_long_does_not_keep_the_green():
    away = look(MASKED, doubts=[Doubt.TURNED_AWAY])
    decisions = play(timeline((2, look(MASKED)), (3, away), (2, look(MASKED))), 7)
    assert states(decisions) == ["idle", "checking", "passed", "unsure", "passed"]
    assert first(decisions, DoorState.UNSURE) == pytest.approx(2.9)
    assert decisions[45].reason == "turned away"


def test_who_turns_away_does_not_clear_a_violation():
    away = look(MASKED, doubts=[Doubt.TURNED_AWAY])
    assert states(play(timeline((2, look(BARE)), (5, away)), 7)) == ["idle", "checking", "violation"]


def test_doubtful_looks_count_for_nothing():
    scene = timeline((2, look(MASKED)), (0.6, look(BARE, doubts=[Doubt.BLURRED])), (1, look(MASKED)))
    assert all(decision.people[0].probabilities.mask > 0.9 for decision in play(scene, 3.6)[1:])


def test_single_good_looks_far_apart_make_no_pass():
    doubtful = look(MASKED, doubts=[Doubt.BLURRED])
    decisions = play(timeline(*5 * [(0.1, look(MASKED)), (1.2, doubtful)]), 6.5)
    assert states(decisions) == ["idle", "checking", "unsure"]
    assert decisions[-1].people[0].looks == 5


def test_the_worst_person_drives_the_door():
    small = [Doubt.TOO_SMALL]
    people = {"passed": look(MASKED, x=50), "unsure": look(MASKED, x=250, doubts=small), "violation": look(BARE, x=450)}
    for names in (["passed"], ["passed", "unsure"], ["passed", "unsure", "violation"], ["violation", "passed"]):
        looks = [people[name] for name in names]
        last = play(lambda t, looks=looks: looks, 3)[-1]
        worst = max(names, key=["passed", "unsure", "violation"].index)
        assert last.state == worst
        assert last.people[0].verdict == worst, "worst first"


def test_somebody_new_beside_a_passed_person_takes_the_green_away_at_once():
    def scene(t):
        return [look(MASKED)] + ([look(MASKED, x=400)] if t >= 2 else [])

    decisions = play(scene, 4, 10, DoorSettings(mode="refuse"))
    assert states(decisions) == ["idle", "checking", "passed", "checking", "passed"]
    assert next(d.t for d in decisions if d.t > 1.5 and d.state is DoorState.CHECKING) == pytest.approx(2.1), "on the second look"
    assert all(decision.admits is (decision.state is DoorState.PASSED) for decision in decisions)


def test_a_green_that_is_only_held_opens_nothing():
    rules = DoorSettings(mode="refuse", hold_s=2.0)

    def scene(t):
        return [look(MASKED)] + ([look(BARE, x=400, doubts=[Doubt.BLURRED])] if t >= 2.2 else [])

    held = [decision for decision in play(scene, 4, 10, rules) if decision.t > 2.3 and decision.state is DoorState.PASSED]
    assert held
    assert not any(decision.admits for decision in held)


def test_no_state_is_shorter_than_hold_s_except_that_red_comes_at_once():
    rules = DoorSettings(hold_s=1.5)
    assert first(play(timeline((3, look(BARE))), 3, 10, rules), DoorState.VIOLATION) <= 0.5
    decisions = play(timeline((3, look(MASKED))), 3, 10, rules)
    assert first(decisions, DoorState.PASSED) - first(decisions, DoorState.CHECKING) == pytest.approx(1.5)


@pytest.mark.parametrize(("mode", "seen", "admits"), [
    ("remind", BARE, True), ("remind", MASKED, True), ("refuse", BARE, False), ("refuse", MASKED, True),
    ("off", BARE, True), ("off", MASKED, True)])
def test_the_mode_decides_who_is_admitted(mode, seen, admits):
    decisions = play(timeline((3, look(seen))), 3, 10, DoorSettings(mode=mode))
    assert decisions[-1].admits is admits
    assert decisions[0].admits is (mode == "off"), "nobody is there yet"
    if mode == "off":
        assert states(decisions) == ["idle"]
        assert not any(decision.people or decision.reported or decision.passages for decision in decisions)


def test_a_door_switched_off_shows_nothing_from_the_next_frame_on():
    memory = Memory()
    for number in range(20):
        memory, _ = step(memory, number / 10, [look(BARE)], DoorSettings())
    _, decision = step(memory, 2.0, [look(BARE)], DoorSettings(mode="off"))
    assert (decision.state, decision.previous) == (DoorState.IDLE, DoorState.VIOLATION)


@pytest.mark.parametrize("broken", [Probabilities(math.nan, math.nan, math.nan), Probabilities(math.inf, 0, 0)])
def test_a_look_that_is_no_number_opens_nothing(broken):
    decisions = play(timeline((2, look(MASKED)), (0.1, look(broken)), (4, look(BARE))), 6)
    assert decisions[-1].state is DoorState.VIOLATION
    assert not any(d.state is DoorState.PASSED for d in play(timeline((4, look(broken))), 4))


@pytest.mark.parametrize("fps", [4, 10])
def test_ten_people_are_judged_each_for_themselves(fps):
    looks = [look(BARE if number == 7 else MASKED, x=10 + 62 * number) for number in range(10)]
    decisions = play(lambda t: looks if t < 3 else [], 5, fps)
    last = decisions[round(2.5 * fps)]
    assert last.state is DoorState.VIOLATION
    assert [person.verdict for person in last.people] == [DoorState.VIOLATION] + 9 * [DoorState.PASSED]
    assert len([passage for decision in decisions for passage in decision.passages]) == 10
    assert sum(len(decision.reported) for decision in decisions) == 1


def test_more_looks_asked_for_take_more_looks():
    rules = DoorSettings(looks_min=8)
    decisions = play(timeline((3, look(BARE))), 3, 10, rules)
    assert next(decision for decision in decisions if decision.reported).people[0].looks == 8


def test_a_violation_never_waits_longer_than_the_time_promised():
    rules = DoorSettings(violate_after_s=5.0, answer_s=1.0)
    assert first(play(timeline((3, look(BARE))), 3, 10, rules), DoorState.VIOLATION) == pytest.approx(1.0)


def test_previous_differs_exactly_when_the_state_changed():
    decisions = play(timeline((1, None), (3, look(BARE)), (3, look(MASKED)), (2, None)), 9)
    for before, now in pairwise(decisions):
        assert now.previous is before.state


def test_the_likeliest_label_and_the_verdict_come_from_the_smoothed_looks_not_from_the_last_one():
    scene = timeline((2, look(MASKED)), (0.1, look(Probabilities(0.0, 0.0, 1.0))))
    last = play(scene, 2.1)[-1].people[0]
    assert last.label is Label.MASK
    assert last.verdict is DoorState.PASSED
