# SPDX-License-Identifier: Apache-2.0
"""What every panel promises: real pins (gpiozero's LGPIOFactory upon a stand-in of lgpio), mock, recording, none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from panel_stand_ins import FakeLgpio, decided

from edge.panel import open_panel
from edge.panel.pins import OUTPUTS, check_pins
from edge.panel.pins_file import Change
from edge.panel.recording import RecordingPanel
from edge.settings import PanelSettings

WIRED = PanelSettings(kind="mock", relay_hold_s=5.0, mute_s=60.0)


@dataclass
class Bench:
    """One panel and the meter on its pins."""

    panel: Any
    changes: list[Change]
    press: Callable[[bool], None]
    electric: Callable[[str], int | None]
    """The level on the wire, or None where the panel has no wires."""

    def on(self) -> set[str]:
        """The outputs that are on now, from the record of changes alone."""
        last = {change.pin: change.value for change in self.changes}
        return {pin for pin, value in last.items() if value}


@pytest.fixture(params=["gpio", "mock", "recording"])
def bench(request: pytest.FixtureRequest, lgpio: FakeLgpio) -> Iterator[Callable[[PanelSettings], Bench]]:
    opened = []

    def make(settings: PanelSettings) -> Bench:
        settings = replace(settings, kind="mock" if request.param == "recording" else request.param)
        made = _bench(request.param, settings, lgpio)
        opened.append(made.panel)
        return made

    yield make
    for panel in opened:
        panel.close()


def _bench(kind: str, settings: PanelSettings, lgpio: FakeLgpio) -> Bench:
    wired = check_pins(settings)
    if kind == "recording":
        twin = RecordingPanel(settings)
        return Bench(twin, twin.changes, lambda down: setattr(twin, "pressed", down), lambda name: None)
    changes: list[Change] = []
    panel: Any = open_panel(settings, on_change=changes.append)
    if kind == "gpio":
        return Bench(panel, changes, lambda down: lgpio.levels.__setitem__(wired["button"], int(not down)),
                     lambda name: lgpio.levels[wired[name]])

    def press(down: bool) -> None:
        pin = panel.factory.pin(wired["button"])
        pin.drive_low() if down else pin.drive_high()

    return Bench(panel, changes, press, lambda name: int(panel.factory.pin(wired[name]).state))


def test_before_the_first_decision_everything_is_off_however_long_it_takes(bench):
    made = bench(replace(WIRED, relay_kind="fail-safe"))
    made.panel.tick(0.0)
    made.panel.tick(100.0)
    assert made.on() == set()
    assert [change.pin for change in made.changes] == list(OUTPUTS)
    assert all(change.why == "open" for change in made.changes)


@pytest.mark.parametrize(("state", "on"), [
    ("idle", set()), ("checking", {"amber"}), ("unsure", {"amber"}), ("passed", {"green"}), ("violation", {"red"}),
    ("fault", {"red"})])
def test_each_state_begins_with_its_own_lamp(bench, state, on):
    made = bench(WIRED)
    made.panel.show(decided(state), 3.0)
    assert made.on() == on


@pytest.mark.parametrize("bench", ["gpio", "mock"], indirect=True)
@pytest.mark.parametrize("high", [True, False])
def test_the_wire_carries_the_level_that_the_board_needs(bench, high):
    made = bench(replace(WIRED, lamps_active_high=high, buzzer_active_high=high, relay_active_high=high))
    assert [made.electric(name) for name in OUTPUTS] == [int(not high)] * 5
    made.panel.show(decided("violation", reported=(1,), admits=True), 1.0)
    assert [made.electric(name) == int(high) for name in OUTPUTS] == [False, False, True, True, True]


def test_three_beeps_when_somebody_is_reported_and_one_every_five_seconds_while_it_lasts(bench):
    made = bench(WIRED)
    made.panel.show(decided("violation", reported=(1,)), 10.0)
    for step in range(1, 1200):
        made.panel.tick(10.0 + step / 100)
    starts = [round(change.t - 10.0, 2) for change in made.changes if change.pin == "buzzer" and change.value]
    assert starts == pytest.approx([0.0, 0.3, 0.6, 5.0, 10.0], abs=0.011)


def test_who_is_not_reported_again_sees_red_and_hears_nothing(bench):
    made = bench(WIRED)
    for step in range(100):
        made.panel.show(decided("violation"), step / 10)
    assert made.on() == {"red"}
    assert not any(change.pin == "buzzer" and change.value for change in made.changes)


def test_the_buzzer_is_silent_as_soon_as_the_violation_ends(bench):
    made = bench(WIRED)
    made.panel.show(decided("violation", reported=(1,)), 0.0)
    made.panel.show(decided("checking"), 0.1)
    made.panel.show(decided("violation"), 0.2)
    assert made.on() == {"red"}


def test_the_door_stays_open_for_the_hold_time_after_the_last_admission(bench):
    made = bench(WIRED)
    made.panel.show(decided("passed", admits=True), 0.0)
    made.panel.show(decided("passed", admits=True), 2.0)
    made.panel.show(decided("idle"), 2.1)
    made.panel.tick(6.9)
    assert "relay" in made.on()
    made.panel.tick(7.0)
    assert "relay" not in made.on()


@pytest.mark.parametrize("state", ["violation", "fault"])
def test_the_door_closes_at_once_behind_somebody_without_a_mask_and_when_nobody_looks(bench, state):
    made = bench(WIRED)
    made.panel.show(decided("passed", admits=True), 0.0)
    made.panel.show(decided(state), 1.0)
    assert "relay" not in made.on()


def test_in_mode_remind_the_door_opens_for_a_violation_too(bench):
    made = bench(WIRED)
    made.panel.show(decided("violation", reported=(1,), admits=True), 0.0)
    assert made.on() >= {"red", "relay"}


def test_a_fail_safe_relay_pulls_to_lock_and_lets_go_to_open(bench):
    made = bench(replace(WIRED, relay_kind="fail-safe"))
    assert "relay" not in made.on()
    made.panel.show(decided("idle"), 0.0)
    assert "relay" in made.on()
    made.panel.show(decided("passed", admits=True), 1.0)
    assert "relay" not in made.on()
    made.panel.tick(6.0)
    assert "relay" in made.on()


def test_green_does_not_outlive_a_camera_that_has_gone_silent(bench):
    made = bench(WIRED)
    made.panel.show(decided("passed", admits=True), 0.0)
    made.panel.tick(1.5)
    assert "green" in made.on()
    made.panel.tick(2.5)
    assert made.on() == {"amber", "relay"}


def test_a_press_mutes_the_buzzer_and_a_second_one_gives_it_back(bench):
    made = bench(WIRED)
    made.panel.show(decided("violation", reported=(1,)), 0.0)
    made.press(True)
    made.panel.tick(0.01)
    assert made.on() == {"red"}
    made.press(False)
    made.panel.tick(0.2)
    made.press(True)
    made.panel.tick(0.35)
    assert made.on() == {"red", "buzzer"}


def test_a_bouncing_contact_counts_as_one_press(bench):
    made = bench(WIRED)
    made.panel.show(decided("violation", reported=(1,)), 0.0)
    for t, down in [(0.010, True), (0.012, False), (0.014, True), (0.090, True)]:
        made.press(down)
        made.panel.tick(t)
    assert made.on() == {"red"}


def test_the_mute_ends_by_itself_and_a_held_button_counts_once(bench):
    made = bench(WIRED)
    made.press(True)
    for second in range(59):
        made.panel.show(decided("violation", reported=(1,)), float(second))
        assert made.on() == {"red"}
    made.panel.show(decided("violation", reported=(1,)), 60.0)
    assert made.on() == {"red", "buzzer"}


def test_close_turns_everything_off_and_a_second_close_changes_nothing(bench):
    made = bench(replace(WIRED, relay_active_high=False, lamps_active_high=False))
    made.panel.show(decided("violation", reported=(1,), admits=True), 1.0)
    made.panel.close()
    assert made.on() == set()
    count = len(made.changes)
    made.panel.close()
    made.panel.show(decided("violation", reported=(2,), admits=True), 2.0)
    made.panel.tick(2.1)
    assert len(made.changes) == count
    assert {change.pin for change in made.changes if change.why == "close"} == set(OUTPUTS)


def test_an_exception_inside_the_with_block_leaves_everything_off_and_goes_on(bench):
    made = bench(WIRED)

    def fail() -> None:
        with made.panel:
            made.panel.show(decided("violation", reported=(1,), admits=True), 1.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert made.on() == set()


def test_a_clock_that_begins_anew_holds_no_door_open(bench):
    made = bench(WIRED)
    made.panel.show(decided("passed", admits=True), 1000.0)
    made.panel.show(decided("idle"), 0.0)
    made.panel.tick(0.1)
    assert [change.value for change in made.changes if change.pin == "relay"][-1] == 0


def test_outputs_that_are_not_wired_are_left_out_and_the_others_work(bench):
    made = bench(PanelSettings(green_pin="", amber_pin="", red_pin="BOARD11", buzzer_pin="", relay_pin="", button_pin=""))
    made.panel.show(decided("violation", reported=(1,), admits=True), 0.0)
    made.panel.close()
    assert [(change.pin, change.value) for change in made.changes] == [("red", 0), ("red", 1), ("red", 0)]


def test_a_pin_is_written_only_when_its_level_changes(bench):
    made = bench(WIRED)
    for step in range(50):
        made.panel.show(decided("violation", admits=True), step / 20)
    assert [change.pin for change in made.changes if change.value] == ["red", "relay"]


def test_the_recording_keeps_what_it_was_shown():
    with RecordingPanel() as panel:
        for t, state in enumerate(["idle", "checking", "checking", "violation", "idle"]):
            panel.show(decided(state), float(t))
    assert panel.states == ["idle", "checking", "violation", "idle"]
    assert panel.shown[3].t == 3.0
    assert panel.shown[3].levels.red
    assert panel.closed


def test_no_panel_takes_every_decision_and_closes_twice():
    with open_panel(PanelSettings(kind="none")) as panel:
        panel.show(decided("violation", reported=(1,), admits=True), 0.0)
        panel.tick(0.1)
        panel.close()
