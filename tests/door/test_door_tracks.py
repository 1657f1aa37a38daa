# SPDX-License-Identifier: Apache-2.0
"""Who is who: association, smoothing, and the cut of a clip."""

from __future__ import annotations

import random

import pytest
from door_scenes import BARE, MASKED, look, play, states

from edge.door import DoorState, Memory, step
from edge.door.tracks import follow, match, start_track
from edge.look import Doubt, Probabilities
from edge.settings import DoorSettings


@pytest.mark.parametrize("fps", [4, 8, 30])
def test_somebody_who_walks_up_is_one_track(fps):
    def scene(t):  # from 30 to 120 px in three seconds, half a face to the side each second
        size = 30 + 30 * t
        return [look(MASKED, x=300 - 0.5 * size * t, y=200 - size / 2, size=size)]

    decisions = play(scene, 3, fps)
    assert {person.track for decision in decisions for person in decision.people} == {1}


@pytest.mark.parametrize(("x", "y", "size"), [(260, 100, 60), (100, 260, 60), (60, 60, 140), (115, 115, 30)])
@pytest.mark.parametrize("fps", [10, 25])
def test_a_cut_to_another_place_or_size_starts_a_new_track(x, y, size, fps):
    def scene(t):
        return [look(MASKED)] if t < 2 else [look(BARE, x=x, y=y, size=size, doubts=[Doubt.BLURRED])]

    decisions = play(scene, 2.5, fps)
    after = [decision for decision in decisions if decision.t > 2.01 + 1 / fps]
    assert all(decision.state is DoorState.CHECKING for decision in after), "the verdict before the cut is not inherited"
    assert {person.track for person in after[-1].people if person.here} == {2}


def test_between_two_frames_of_a_fast_camera_nobody_moves_further_than_a_face():
    """Somebody who steps in front of another is not them, near as they are."""
    decisions = play(lambda t: [look(MASKED)] if t < 2 else [look(BARE, x=100 + 1.2 * 60)], 2.5, 30)
    assert {person.track for person in decisions[-1].people if person.here} == {2}


def test_a_box_that_trembles_and_grows_when_the_mask_goes_on_is_the_same_face():
    rng = random.Random(4)

    def scene(t):
        size = 60 * (1.25 if 1 < t < 2 else 1.0) + rng.uniform(-4, 4)
        return [look(MASKED, x=100 + rng.uniform(-5, 5), y=100 + rng.uniform(-5, 5), size=size)]

    assert {person.track for decision in play(scene, 3, 15) for person in decision.people} == {1}


def test_two_people_side_by_side_keep_their_verdicts_whatever_the_order_of_looks():
    rng = random.Random(5)

    def scene(t):
        looks = [look(MASKED, x=100 + rng.uniform(-6, 6)), look(BARE, x=165 + rng.uniform(-6, 6))]
        rng.shuffle(looks)
        return looks

    last = play(scene, 4, 12)[-1]
    assert [(person.verdict, person.box.x > 130) for person in last.people] == [
        (DoorState.VIOLATION, True), (DoorState.PASSED, False)]


def test_each_look_goes_to_the_nearest_of_two_tracks():
    tracks = [start_track(1, look(x=100), 0.0), start_track(2, look(x=150), 0.0)]
    right, left = look(BARE, x=148), look(MASKED, x=105)
    continued, arrivals = match(tracks, [right, left], 0.1)
    assert continued == {1: left, 2: right}
    assert arrivals == []


def test_one_face_continues_one_track_only():
    tracks = [start_track(1, look(x=100), 0.0)]
    near, nearer = look(x=120), look(x=104)
    assert match(tracks, [near, nearer], 0.1) == ({1: nearer}, [near])


def test_a_box_without_area_breaks_nothing():
    point = look(x=100, y=100, size=0.0)
    memory = Memory()
    for number in range(3):
        memory, decision = step(memory, number / 10, [point, look()], DoorSettings())
    assert len(decision.people) == 2


def test_a_look_counts_for_half_after_the_smoothing_time():
    white, black = Probabilities(1.0, 0.0, 0.0), Probabilities(0.0, 0.0, 1.0)
    track = follow(start_track(1, look(white), 0.0), look(black), 0.35, smooth_s=0.35)
    assert track.probabilities == pytest.approx((0.5 / 1.5, 0.0, 1 / 1.5))
    assert sum(track.probabilities) == pytest.approx(1.0)


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_the_smoothing_does_not_depend_on_the_frame_rate(fps):
    track = start_track(1, look(MASKED), 0.0)
    for number in range(1, 3 * fps):
        track = follow(track, look(MASKED), number / fps, 0.35)
    for number in range(3 * fps, 3 * fps + round(0.6 * fps)):
        track = follow(track, look(BARE), number / fps, 0.35)
    share = (track.probabilities.mask - BARE.mask) / (MASKED.mask - BARE.mask)
    assert share == pytest.approx(0.5 ** (0.6 / 0.35), abs=1e-2)


def test_before_the_first_trusted_look_the_latest_one_is_told_and_then_forgotten():
    track = start_track(1, look(BARE, doubts=[Doubt.BLURRED]), 0.0)
    assert (track.probabilities, track.looks) == (BARE, 0)
    track = follow(track, look(MASKED), 0.1, 0.35)
    assert track.probabilities == pytest.approx(MASKED)
    assert track.looks == 1


def test_track_numbers_are_never_used_again():
    def scene(t):
        return [look(MASKED, x=100 + 200 * (int(t) % 3))] if t % 1 < 0.5 else []

    decisions = play(scene, 8, 10)
    order = [person.track for decision in decisions for person in decision.people if person.here]
    assert order == sorted(order)
    assert states(decisions)[0] == "idle"
