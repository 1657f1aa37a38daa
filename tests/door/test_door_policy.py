# SPDX-License-Identifier: Apache-2.0
"""The rules of the door, one by one."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from door_scenes import BARE, HAND, MASKED, NOSE_OUT, UNDECIDED, first, look, play, states, timeline

from edge.door import DoorState, Memory, finish, step
from edge.door.policy import PLACES_MAX
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


def test_a_chin_that_hangs_in_for_a_while_leaves_no_passage():
    decisions = play(timeline((1.6, look(MASKED, doubts=[Doubt.CUT_OFF])), (2, None)), 3.6)
    assert states(decisions) == ["idle"]
    assert not any(decision.passages for decision in decisions)


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
    memory, _ = Memory(), None
    for t in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        memory, decision = step(memory, t, [look(MASKED)], DoorSettings())
    assert decision.state is DoorState.PASSED
    memory, decision = step(memory, 4.0, [look(MASKED)], DoorSettings())
    assert decision.state is not DoorState.PASSED
    assert len(decision.passages) == 1


@pytest.mark.parametrize("broken", [Probabilities(math.nan, math.nan, math.nan), Probabilities(math.inf, 0, 0)])
def test_a_look_that_is_no_number_opens_nothing(broken):
    decisions = play(timeline((2, look(MASKED)), (0.1, look(broken)), (4, look(BARE))), 6)
    assert decisions[-1].state is DoorState.VIOLATION
    assert not any(d.state is DoorState.PASSED for d in play(timeline((4, look(broken))), 4))


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


def test_the_likeliest_label_and_the_verdict_come_from_the_smoothed_looks_not_from_the_last_one():
    scene = timeline((2, look(MASKED)), (0.1, look(Probabilities(0.0, 0.0, 1.0))))
    last = play(scene, 2.1)[-1].people[0]
    assert last.label is Label.MASK
    assert last.verdict is DoorState.PASSED
