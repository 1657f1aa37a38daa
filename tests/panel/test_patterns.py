# SPDX-License-Identifier: Apache-2.0
"""The table of lamps and buzzer, read moment by moment."""

from __future__ import annotations

import pytest

from edge.door.state import DoorState
from edge.panel.patterns import PATTERNS, Beat, lamp_table, levels

RHYTHM_S = [step / 20 for step in range(80)]


@pytest.mark.parametrize(("state", "since_s", "lit"), [
    ("idle", 0.0, ""), ("idle", 99.0, ""),
    ("checking", 0.0, "amber"), ("checking", 0.69, "amber"), ("checking", 0.71, ""), ("checking", 1.0, "amber"),
    ("unsure", 0.0, "amber"), ("unsure", 0.25, ""), ("unsure", 0.41, "amber"),
    ("passed", 0.0, "green"), ("passed", 1.95, "green"), ("passed", 600.0, "green"),
    ("violation", 0.0, "red"), ("violation", 0.999, "red"), ("violation", 1234.5, "red"),
    ("fault", 0.0, "red"), ("fault", 0.49, "red"), ("fault", 0.51, "amber"), ("fault", 1.0, "red"),
    ("checking", -3.0, "amber"), ("fault", -0.1, "red"),
])
def test_a_state_shows_its_lamps_at_each_moment(state, since_s, lit):
    shown = levels(PATTERNS[DoorState(state)], since_s)
    assert [name for name in ("green", "amber", "red") if getattr(shown, name)] == ([lit] if lit else [])


@pytest.mark.parametrize(("since_report_s", "sounds"), [
    (None, False), (0.0, True), (0.14, True), (0.16, False), (0.31, True), (0.46, False), (0.61, True), (0.76, False),
    (0.95, False), (4.9, False), (5.05, True), (5.2, False), (10.1, True), (12.0, False)])
def test_the_buzzer_counts_from_the_report(since_report_s, sounds):
    assert levels(PATTERNS[DoorState.VIOLATION], 7.0, since_report_s).buzzer is sounds


@pytest.mark.parametrize("state", [state for state in DoorState if state is not DoorState.VIOLATION])
def test_nothing_but_a_violation_sounds_the_buzzer(state):
    assert not any(levels(PATTERNS[state], t, t).buzzer for t in RHYTHM_S)


def test_every_state_is_in_the_table():
    assert set(PATTERNS) == set(DoorState)


def test_no_two_states_look_alike_without_colour():
    """To whoever cannot tell the colours apart, lamps have places and rhythms, and the buzzer sounds or not."""
    seen = {state: tuple(levels(pattern, t, t) for t in RHYTHM_S) for state, pattern in PATTERNS.items()}
    assert len(set(seen.values())) == len(DoorState)


def test_green_and_red_are_never_lit_together_and_only_passed_shows_green():
    for state, pattern in PATTERNS.items():
        shown = [levels(pattern, t) for t in RHYTHM_S]
        assert not any(moment.green and moment.red for moment in shown)
        assert any(moment.green for moment in shown) is (state is DoorState.PASSED)


def test_a_beat_ends_after_its_times_and_does_not_begin_before_its_start():
    beat = Beat(on_s=1.0, period_s=2.0, start_s=10.0, times=2)
    assert [beat.is_on(t) for t in (9.9, 10.0, 10.9, 11.0, 12.0, 13.5, 14.0, 16.0)] == [
        False, True, True, False, True, False, False, False]


def test_the_table_for_the_docs_has_a_row_for_each_state():
    rows = lamp_table()
    assert len(rows) == 2 + len(DoorState)
    assert len({row.count("|") for row in rows}) == 1
    assert "| violation | off | off | steady | 3 times 0.15 s, then 0.15 s every 5 s | Stop" in rows[6]
    assert rows[7].startswith("| fault | off | 0.5 s on, 0.5 s off, in turn | 0.5 s on, 0.5 s off | off |")
