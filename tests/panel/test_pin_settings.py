# SPDX-License-Identifier: Apache-2.0
"""Which pin a setting means, and what is said of one that means none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gpiozero.pins.mock import MockFactory

from edge.errors import PinError
from edge.panel import open_panel
from edge.panel.pins import HEADER, POSITION, bcm, check_pins
from edge.settings import PanelSettings


@pytest.mark.parametrize(("written", "number"), [
    (17, 17), (0, 0), (27, 27), ("GPIO17", 17), ("gpio17", 17), ("BCM17", 17), ("17", 17), (" GPIO4 ", 4),
    ("BOARD11", 17), ("board40", 21), ("BOARD3", 2), ("", None), ("  ", None)])
def test_a_pin_can_be_written_in_each_usual_way(written, number):
    assert bcm(written, "red_pin") == number


@pytest.mark.parametrize(("written", "said"), [
    (28, "there is no GPIO28"), (99, "there is no GPIO99"), ("GPIO28", "there is no GPIO28"),
    ("BOARD0", "no position 0"), ("BOARD41", "no position 41"),
    ("BOARD1", "position 1 of the header is 3.3 V"), ("BOARD2", "position 2 of the header is 5 V"),
    ("BOARD39", "position 39 of the header is ground"),
    (-1, "names no pin"), ("-1", "names no pin"), (True, "names no pin"), (False, "names no pin"), (17.0, "names no pin"),
    ("GPIO", "names no pin"), ("LED1", "names no pin"), ("GPIO 17", "names no pin"), ("１７", "names no pin"), (None, "names no pin")])
def test_a_pin_that_does_not_exist_is_named_with_what_was_expected(written, said):
    with pytest.raises(PinError) as caught:
        bcm(written, "red_pin")
    assert "[panel] red_pin = " in str(caught.value)
    assert said in str(caught.value)
    assert "expected" in str(caught.value)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(("first", "second"), [(17, "BOARD11"), ("GPIO17", 17), ("17", "BCM17")])
def test_a_pin_used_twice_is_named_with_both_settings_however_it_is_written(first, second):
    settings = replace(PanelSettings(), green_pin=first, button_pin=second)
    with pytest.raises(PinError, match=r"button_pin and green_pin are both GPIO17 \(position 11 of the header\)"):
        check_pins(settings)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(PinError) as caught:
        check_pins(PanelSettings(green_pin=99, amber_pin="BOARD6", red_pin=23))
    assert [line.split()[1] for line in str(caught.value).splitlines()] == ["green_pin", "amber_pin", "buzzer_pin"]


def test_nothing_wired_is_no_mistake_and_unwired_outputs_do_not_clash():
    nothing = PanelSettings(green_pin="", amber_pin="", red_pin="", buzzer_pin="", relay_pin="", button_pin="")
    assert check_pins(nothing) == {}


def test_the_default_pins_are_six_different_ones():
    assert check_pins(PanelSettings()) == {"green": 17, "amber": 27, "red": 22, "buzzer": 23, "relay": 24, "button": 25}


def test_the_header_is_the_one_that_gpiozero_knows():
    theirs = {}
    for position, pin in MockFactory(revision="a02082").board_info.headers["J8"].pins.items():
        theirs[position] = int(pin.name[4:]) if pin.name.startswith("GPIO") else pin.name
    words = {"3V3": "3.3 V", "5V": "5 V", "GND": "ground"}
    assert {position: words.get(there, there) for position, there in theirs.items()} == HEADER
    assert len(POSITION) == 28


@pytest.mark.parametrize("kind", ["gpio", "mock", "none"])
def test_every_panel_refuses_bad_pins_before_it_touches_one(kind, lgpio, tmp_path):
    with pytest.raises(PinError, match="there is no GPIO99"):
        open_panel(replace(PanelSettings(), kind=kind, red_pin=99))
    assert lgpio.history == []
