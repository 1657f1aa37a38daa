# SPDX-License-Identifier: Apache-2.0
"""Real pins alone (gpiozero's LGPIOFactory upon a stand-in of lgpio): levels from the first moment to beyond the last."""

from __future__ import annotations

import pytest
from panel_stand_ins import decided

from edge.panel import open_panel
from edge.panel.gpio import Output
from edge.panel.pins import OUTPUTS, check_pins
from edge.settings import PanelSettings


def test_a_signal_in_the_middle_of_closing_waits_until_all_is_off(lgpio, monkeypatch):
    panel = open_panel(PanelSettings(kind="gpio"))
    panel.show(decided("passed", admits=True), 0.0)
    write, once = Output.write, iter([True])

    def interrupted(output, on):
        if next(once, False):
            raise KeyboardInterrupt
        write(output, on)

    monkeypatch.setattr(Output, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        panel.close()
    wired = check_pins(PanelSettings(kind="gpio"))
    assert not any(lgpio.levels[wired[name]] for name in OUTPUTS)
    assert lgpio.open_chips == 0


def test_a_real_output_never_shows_the_wrong_level_and_rests_off_after_close(lgpio):
    settings = PanelSettings(kind="gpio", lamps_active_high=False, relay_active_high=False, buzzer_active_high=False)
    lgpio.levels.update(dict.fromkeys(lgpio.levels, 1))
    panel = open_panel(settings)
    wired = check_pins(settings)
    outputs = {wired[name] for name in OUTPUTS}
    assert all(level == 1 for pin, level in lgpio.history if pin in outputs)
    panel.show(decided("violation", reported=(1,), admits=True), 0.0)
    panel.close()
    assert all(lgpio.levels[pin] == 1 and lgpio.pulls[pin] == lgpio.SET_PULL_UP for pin in outputs)
    assert lgpio.open_chips == 0


@pytest.mark.parametrize("high", [True, False])
def test_a_passive_buzzer_gets_its_tone_and_rests_at_its_off_level(lgpio, high):
    with open_panel(PanelSettings(kind="gpio", buzzer_kind="passive", buzzer_hz=2000.0, buzzer_active_high=high)) as panel:
        panel.show(decided("violation", reported=(1,)), 0.0)
        assert lgpio.tones == {23: (2000.0, 50)}
        panel.tick(0.2)
        assert lgpio.tones == {}
        assert lgpio.levels[23] == int(not high)
        panel.tick(0.31)
    assert lgpio.tones == {}
    assert lgpio.levels[23] == int(not high)


def test_gpiozeros_global_factory_stays_unset(lgpio):
    from gpiozero import Device

    with open_panel(PanelSettings(kind="gpio")), open_panel(PanelSettings(kind="mock")):
        assert Device.pin_factory is None
