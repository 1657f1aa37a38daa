# SPDX-License-Identifier: Apache-2.0
"""Which pin a setting means: one BCM number for 17, "GPIO17" and "BOARD11", or a plain reason why it means none.

Pure: no gpiozero, so that settings can be checked on any machine.
"""

from __future__ import annotations

import re

from edge.errors import PinError
from edge.settings import PanelSettings, Pin

OUTPUTS = ("green", "amber", "red", "buzzer", "relay")
"""The outputs, in the order of `signals.Outputs`; their settings are `green_pin` and so on."""

# Position on the 40-pin header -> BCM number, or what else is there. Every Pi since the B+ of 2014 has this header.
# Source: Raspberry Pi documentation, "GPIO and the 40-pin header"; a test compares it with gpiozero's own board data.
HEADER: dict[int, int | str] = {
    1: "3.3 V", 2: "5 V",
    3: 2, 4: "5 V",
    5: 3, 6: "ground",
    7: 4, 8: 14,
    9: "ground", 10: 15,
    11: 17, 12: 18,
    13: 27, 14: "ground",
    15: 22, 16: 23,
    17: "3.3 V", 18: 24,
    19: 10, 20: "ground",
    21: 9, 22: 25,
    23: 11, 24: 8,
    25: "ground", 26: 7,
    27: 0, 28: 1,
    29: 5, 30: "ground",
    31: 6, 32: 12,
    33: 13, 34: "ground",
    35: 19, 36: 16,
    37: 26, 38: 20,
    39: "ground", 40: 21,
}
POSITION = {there: position for position, there in HEADER.items() if isinstance(there, int)}
"""BCM number -> position on the header."""

_NAME = re.compile(r"(GPIO|BCM|BOARD|)(\d+)", re.ASCII | re.IGNORECASE)


def bcm(pin: Pin, setting: str) -> int | None:
    """The BCM number that a pin setting means; None where nothing is wired ("").

    Args:
        setting: its key, such as `red_pin`, for the error message.

    Raises:
        PinError: it is no pin of the 40-pin header.
    """
    shown = f'"{pin}"' if isinstance(pin, str) else str(pin).lower()
    where = f"[panel] {setting} = {shown}"
    if isinstance(pin, str) and not pin.strip():
        return None
    found = None if isinstance(pin, bool) else _NAME.fullmatch(str(pin).strip())
    if found is None:
        raise PinError(f'{where}: this names no pin; expected a BCM number (17), "GPIO17", "BOARD11", or "" for none.')
    number = int(found[2])
    if found[1].upper() != "BOARD":
        if number not in POSITION:
            raise PinError(f"{where}: there is no GPIO{number} on the 40-pin header; expected GPIO0 to GPIO27.")
        return number
    there = HEADER.get(number)
    if there is None:
        raise PinError(f"{where}: the header has no position {number}; expected BOARD1 to BOARD40.")
    if isinstance(there, str):
        raise PinError(f"{where}: position {number} of the header is {there} and cannot be driven; expected a GPIO.")
    return there


def check_pins(settings: PanelSettings) -> dict[str, int]:
    """The BCM number of everything that is wired: `{"green": 17, …, "button": 25}`, unwired ones left out.

    Raises:
        PinError: a pin does not exist or is used twice; all such mistakes in one message, a line each.
    """
    wired: dict[str, int] = {}
    mistakes: list[str] = []
    for name in (*OUTPUTS, "button"):
        setting = f"{name}_pin"
        try:
            number = bcm(getattr(settings, setting), setting)
        except PinError as error:
            mistakes.append(str(error))
            continue
        if number is None:
            continue
        other = next((taken for taken, pin in wired.items() if pin == number), None)
        if other is not None:
            mistakes.append(f"[panel] {setting} and {other}_pin are both {describe(number)}; expected a pin for each.")
        wired[name] = number
    if mistakes:
        raise PinError("\n".join(mistakes), hint="Compare the [panel] section with the wiring; `\"\"` stands for not wired.")
    return wired


def describe(number: int) -> str:
    """A pin as an installer finds it: `GPIO17 (position 11 of the header)`."""
    return f"GPIO{number} (position {POSITION[number]} of the header)"
