# SPDX-License-Identifier: Apache-2.0
"""Lights each lamp, sounds the buzzer, reads the button: only with `--pins-test`, since people see and hear it.

The relay is pulled only after a yes to a question of its own, since it may open the door; never with `--yes`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, together, warning
from edge.errors import MaskGateError
from edge.panel.pins import OUTPUTS, check_pins, describe
from edge.settings import PanelSettings

NAME = "pins"
LIT_S, SOUND_S = 1.0, 0.3
"""How long a lamp or the relay is on, and the buzzer."""
PRESS_S, LOOK_S = 5.0, 0.05
"""How long the button is waited for, and how often it is looked at."""


def check(context: Context) -> Result:
    panel = context.settings.panel
    if not context.pins_test:
        return ok(NAME, "not driven: `maskgate doctor --pins-test` lights each lamp and sounds the buzzer")
    if panel.kind == "none":
        return ok(NAME, 'the panel is "none": there is nothing to drive')
    if context.running and panel.kind == "gpio":
        return failure(NAME, "the service holds the pins", "`sudo systemctl stop maskgate`, test, `sudo systemctl start maskgate`")
    try:
        return _drive(context, panel)
    except MaskGateError as error:
        return failure(NAME, str(error), error.hint)
    except ImportError as error:
        return failure(NAME, f"gpiozero cannot be loaded ({error})", "see the packages above")


def _drive(context: Context, panel: PanelSettings) -> Result:
    from edge.panel.gpio import Output, lgpio_pins, mock_pins

    wired, results, driven = check_pins(panel), [], []
    with ExitStack() as stack:
        factory = lgpio_pins() if panel.kind == "gpio" else mock_pins()
        stack.callback(factory.close)
        # All of them first, each off: a pin that is not driven floats, and may light a lamp beside the one that is tested.
        outputs = [Output(name, wired[name], panel, factory) for name in OUTPUTS if name in wired]
        for output in outputs:
            stack.callback(output.device.close)
            stack.callback(output.write, False)
        for output in outputs:
            if output.name == "relay" and not _may_pull(context):
                continue
            driven.append(output.name)
            results += _try(context, output)
        if "button" in wired:
            results += _button(context, wired["button"], factory)
            driven.append("button")
    return together(NAME, results, f"{', '.join(driven)} work" if context.ask else f"{', '.join(driven)}: driven, nobody was asked")


def _may_pull(context: Context) -> bool:
    return context.ask is not None and context.ask("The relay will pull for a second, and may open or lock the door. Go on?")


def _try(context: Context, output: Any) -> list[Result]:
    where = f"{output.name} at {describe(output.number)}"
    output.write(True)
    context.sleep(SOUND_S if output.name == "buzzer" else LIT_S)
    # What the pad has, not what it was told: 0 on a short to ground. A tone has no level.
    level = output.device.value if output.device.pin.frequency is None else 1
    output.write(False)
    if not level:
        return [failure(NAME, f"{where} does not come up", "take the wire off: a short, or a load without resistor or transistor")]
    did = {"buzzer": "Did the buzzer sound", "relay": "Did the relay click"}.get(output.name, f"Did the {output.name} lamp light up, and no other")
    if context.ask is not None and not context.ask(f"{did}?"):
        kind = {"buzzer": "buzzer", "relay": "relay"}.get(output.name, "lamps")
        return [failure(NAME, f"{where} was driven, and nothing was seen or heard",
                        f"check its wire against [panel] {output.name}_pin, and whether {kind}_active_high is right")]
    return []


def _button(context: Context, number: int, factory: Any) -> list[Result]:
    from gpiozero import InputDevice

    from edge.panel.gpio import pin_errors

    with pin_errors("button", number), InputDevice(number, pull_up=True, pin_factory=factory) as button:
        if button.value:
            return [failure(NAME, f"the button at {describe(number)} is pressed all the time",
                            "it must be open at rest and close to ground; or the wire has a short")]
        if context.ask is None or not context.ask(f"Press the mute button within {PRESS_S:.0f} seconds after yes. Ready?"):
            return []
        for _ in range(round(PRESS_S / LOOK_S)):
            if button.value:
                return []
            context.sleep(LOOK_S)
    return [warning(NAME, f"the button at {describe(number)} was not seen pressed", "check its wire: one leg to the pin, the other to ground")]
