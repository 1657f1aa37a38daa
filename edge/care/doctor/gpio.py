# SPDX-License-Identifier: Apache-2.0
"""Is there a GPIO chip, may the unit open it, and are the pins of the settings free. Drives nothing."""

from __future__ import annotations

import os
import re

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, together
from edge.errors import PinError
from edge.panel.pins import check_pins, describe

NAME = "gpio"
LINE = re.compile(r"^\s*line\s+(\d+):\s+(.*)$", re.MULTILINE)
CONSUMER = re.compile(r'consumer="?([^"\s]+)|^"[^"]*"\s+"([^"]+)"')
"""Who holds a line, as gpioinfo of libgpiod 2 and of 1.6 print it. `unused` stands without quotation marks."""
OURS = ("lg", "maskgate", "gpiozero")
"""How lines are named that lgpio has claimed, the service's among them."""


def check(context: Context) -> Result:
    panel = context.settings.panel
    if panel.kind != "gpio":
        return ok(NAME, f'the panel is "{panel.kind}": no pins are used')
    try:
        wired = check_pins(panel)
    except PinError as error:
        return failure(NAME, str(error), error.hint)
    chips = context.find("/dev/gpiochip*")
    if not chips:
        return failure(NAME, "there is no GPIO chip (/dev/gpiochip0)", 'on a machine without GPIO set [panel] kind = "mock" or "none"')
    if context.machine.user != 0 and not context.installed and not any(os.access(chip, os.R_OK | os.W_OK) for chip in chips):
        return failure(NAME, f"{', '.join(chip.name for chip in chips)} may not be opened by this user",
                       "`sudo usermod -aG gpio $USER`, then log in again")
    taken = [failure(NAME, f"{name}: {describe(number)} is held by {holder}", _free_it(holder))
             for name, number in wired.items() if (holder := _holder(context, number))]
    return together(NAME, taken, f"{len(wired)} pins on {chips[0].name}: " + ", ".join(f"{name} GPIO{number}" for name, number in wired.items())
                    + (" (held by the service)" if context.running else ""))


def _holder(context: Context, number: int) -> str:
    """Who holds a pin of the header, "" where nobody or we do."""
    for line in LINE.finditer(context.lines_of_gpio):
        found = CONSUMER.search(line[2])
        if int(line[1]) == number and found:
            holder = found[1] or found[2]
            return "" if context.running and holder.startswith(OURS) else holder
    return ""


def _free_it(holder: str) -> str:
    kernel = {"spi": "spi", "i2c": "i2c_arm", "w1": "w1-gpio", "onewire": "w1-gpio", "i2s": "i2s"}
    overlay = next((name for start, name in kernel.items() if holder.lower().startswith(start)), None)
    if overlay:
        return f"switch {overlay} off in /boot/firmware/config.txt and reboot, or set another pin in [panel]"
    return f"stop {holder}, or wire and set another pin in [panel]"
