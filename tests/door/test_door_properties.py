# SPDX-License-Identifier: Apache-2.0
"""What holds for every scene that hypothesis can think of."""

from __future__ import annotations

from collections.abc import Sequence

from door_scenes import BARE, MASKED, NOSE_OUT, UNDECIDED, first, look, play, states
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.door import Decision, DoorState, Memory, step
from edge.look import Doubt, Label, Look, Probabilities
from edge.settings import DoorSettings

RULES = DoorSettings()
quick = settings(max_examples=25, deadline=None, derandomize=True)

rates = st.floats(4, 30)


@st.composite
def probabilities(draw: st.DrawFn) -> Probabilities:
    mask, incorrect, no_mask = (draw(st.floats(0.01, 1)) for _ in range(3))
    total = mask + incorrect + no_mask
    return Probabilities(mask / total, incorrect / total, no_mask / total)


looks = st.builds(
    look, probabilities() | st.sampled_from([MASKED, BARE, NOSE_OUT, UNDECIDED]),
    x=st.integers(0, 6).map(lambda column: 90.0 * column), y=st.sampled_from([50.0, 200.0]),
    size=st.floats(55, 65), doubts=st.sets(st.sampled_from(Doubt), max_size=1).map(sorted))
frames = st.lists(looks, max_size=10)
# Runs of like frames, so that verdicts are reached and lost again.
scenes = st.lists(st.tuples(st.integers(1, 25), frames), max_size=8).map(
    lambda runs: [seen for length, seen in runs for _ in range(length)])


def watch(scene: Sequence[Sequence[Look]], fps: float, start: float = 0.0, rules: DoorSettings = RULES) -> list[Decision]:
    memory, decisions = Memory(), []
    for number, seen in enumerate(scene):
        memory, decision = step(memory, start + number / fps, seen, rules)
        decisions.append(decision)
    return decisions


@quick
@given(scenes, rates, st.integers(3, 12))
def test_nobody_is_judged_from_fewer_trusted_looks_than_required(scene, fps, looks_min):
    for decision in watch(scene, fps, rules=DoorSettings(looks_min=looks_min)):
        for person in decision.people:
            assert person.looks >= looks_min or person.verdict in (DoorState.CHECKING, DoorState.UNSURE)


@quick
@given(scenes, rates, st.floats(0.1, 2))
def test_no_state_is_shorter_than_hold_s_except_before_red(scene, fps, hold_s):
    changed = None
    for decision in watch(scene, fps, rules=DoorSettings(hold_s=hold_s)):
        if decision.state is not decision.previous:
            if changed is not None and decision.state is not DoorState.VIOLATION:
                assert decision.t - changed >= hold_s - 1e-5
            changed = decision.t


@quick
@given(scenes, rates)
def test_red_is_shown_whenever_somebody_is_in_violation_and_green_only_for_people(scene, fps):
    for decision in watch(scene, fps, rules=DoorSettings(mode="refuse")):
        assert (decision.state is DoorState.VIOLATION) >= any(p.verdict is DoorState.VIOLATION for p in decision.people)
        if decision.admits:
            assert decision.people
            assert {person.verdict for person in decision.people} == {DoorState.PASSED}


@quick
@given(scenes, rates, st.sampled_from(["remind", "refuse"]))
def test_whoever_is_told_or_leaves_a_passage_was_shown(scene, fps, mode):
    shown: set[int] = set()
    for decision in watch([*scene, *([[]] * (round(fps * RULES.gone_s) + 2))], fps, rules=DoorSettings(mode=mode)):
        shown |= {person.track for person in decision.people}
        assert set(decision.reported) <= {person.track for person in decision.people}
        assert {passage.track for passage in decision.passages} <= shown


@quick
@given(scenes, rates)
def test_somebody_shown_stays_shown_until_they_are_gone(scene, fps):
    before: dict[int, float] = {}
    for decision in watch(scene, fps):
        here = {person.track for person in decision.people}
        assert all(decision.t - t >= RULES.gone_s - 1e-5 for track, t in before.items() if track not in here)
        before = {track: t for track, t in before.items() if track in here} | {p.track: decision.t for p in decision.people if p.here}


@quick
@given(probabilities(), st.sets(st.sampled_from(Doubt), min_size=1).map(sorted), st.floats(1, 30))
def test_whoever_stays_and_is_not_silent_in_a_clear_picture_is_shown_in_the_end(said, doubts, fps):
    """Small, dark, turned away, cut off by the frame, whatever is said: a lamp tells them. Only clear silence is nobody's."""
    assume(doubts != [Doubt.NO_ANSWER])
    decisions = play(lambda t: [look(said, doubts=doubts)], 5, fps)
    assert decisions[-1].state is DoorState.UNSURE
    assert len(decisions[-1].people) == 1


@quick
@given(st.data(), rates)
def test_a_bare_face_in_range_is_reported_within_the_time_promised(data, fps):
    bare = st.floats(0, 0.2).flatmap(lambda mask: st.floats(0, 1 - mask).map(
        lambda incorrect: Probabilities(mask, incorrect, 1 - mask - incorrect)))
    others = data.draw(st.lists(looks, max_size=9))
    enters = data.draw(st.floats(0, 2))
    x = data.draw(st.floats(-3, 3))
    told = None
    memory = Memory()
    for number in range(round((enters + RULES.answer_s) * fps) + 1):
        t = number / fps
        seen = [one for one in others if data.draw(st.booleans())] if number < 3 else list(others)
        if t >= enters:
            seen.append(look(data.draw(bare), x=1000 + x * (number % 2), y=400))
        memory, decision = step(memory, t, data.draw(st.permutations(seen)), RULES)
        for person in decision.people:
            if person.track in decision.reported and person.box.x > 900:
                told = t
    assert told is not None
    assert told - enters <= RULES.answer_s


@quick
@given(scenes, rates, st.randoms(use_true_random=False))
def test_the_order_of_faces_does_not_matter(scene, fps, rng):
    shuffled = [rng.sample(seen, len(seen)) for seen in scene]
    assert watch(scene, fps) == watch(shuffled, fps)


@quick
@given(scenes, rates, st.floats(0, 1e6))
def test_the_moment_at_which_a_clip_starts_does_not_matter(scene, fps, start):
    def outline(decisions):
        return [(d.state, d.previous, d.reported, d.admits, d.reason, [(p.track, p.verdict, p.label) for p in d.people],
                 [(p.track, p.verdict, p.looks) for p in d.passages]) for d in decisions]

    assert outline(watch(scene, fps)) == outline(watch(scene, fps, start))


@quick
@given(st.lists(st.sampled_from([MASKED, BARE, NOSE_OUT, None]), min_size=1, max_size=4), st.sampled_from([8, 12, 24, 30]))
def test_every_second_frame_of_a_calm_scene_gives_the_same_states(parts, fps):
    def scene(t):
        part = parts[min(int(t // 3), len(parts) - 1)]
        return [look(part)] if part else []

    whole, half = play(scene, 3 * len(parts), fps), play(scene, 3 * len(parts), fps / 2)
    assert states(whole) == states(half)
    for state in set(states(whole)):
        assert abs(first(whole, DoorState(state)) - first(half, DoorState(state))) <= 4 / fps


@quick
@given(scenes, rates)
def test_nobody_passes_of_whom_no_trusted_look_said_mask(scene, fps):
    bare = [[one for one in seen if one.doubts or one.probabilities.label is not Label.MASK] for seen in scene]
    assert all(decision.state is not DoorState.PASSED for decision in watch(bare, fps))


@quick
@given(scenes, rates)
def test_the_door_comes_to_rest_when_everybody_has_gone(scene, fps):
    decisions = watch([*scene, *([[]] * (round(fps * (RULES.gone_s + RULES.hold_s)) + 3))], fps)
    assert decisions[-1].state is DoorState.IDLE
    assert decisions[-1].people == ()


@quick
@given(scenes, rates)
def test_everybody_judged_leaves_one_passage_and_is_reported_once_at_most(scene, fps):
    decisions = watch([*scene, *([[]] * (round(fps * RULES.gone_s) + 2))], fps)
    judged = {p.track for d in decisions for p in d.people if p.verdict in (DoorState.PASSED, DoorState.VIOLATION)}
    left = [p.track for d in decisions for p in d.passages]
    told = [track for d in decisions for track in d.reported]
    assert len(left) == len(set(left))
    assert judged <= set(left)
    assert len(told) == len(set(told))
    assert set(told) <= judged
