# SPDX-License-Identifier: Apache-2.0
"""Does the power supply hold its voltage: the commonest cause of a Pi that misbehaves now and then."""

from __future__ import annotations

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, together, warning

NAME = "power"
SYSFS = "/sys/devices/platform/soc/soc:firmware/get_throttled"
# Bits of the firmware's get_throttled: Raspberry Pi documentation, "vcgencmd".
LOW_NOW, CAPPED_NOW, SLOWED_NOW, LOW_ONCE, SLOWED_ONCE = 1 << 0, 1 << 1, 1 << 2, 1 << 16, 1 << 18
SUPPLY = "use the official power supply and a short cable, and nothing else on its USB ports"


def check(context: Context) -> Result:
    bits = _throttled(context)
    if bits is None:
        return ok(NAME, "this machine does not say")
    results = []
    if bits & LOW_NOW:
        results.append(failure(NAME, "the voltage is too low just now", SUPPLY))
    elif bits & LOW_ONCE:
        results.append(warning(NAME, "the voltage has been too low since the last boot", SUPPLY))
    if bits & (CAPPED_NOW | SLOWED_NOW) and not bits & LOW_NOW:
        results.append(warning(NAME, "the firmware slows the processor just now", "see the temperature; give it air or a heat sink"))
    elif bits & SLOWED_ONCE and not bits & LOW_ONCE:
        results.append(warning(NAME, "the firmware has slowed the processor since the last boot", "give it air or a heat sink"))
    return together(NAME, results, "the voltage is well, and was since the last boot")


def _throttled(context: Context) -> int | None:
    """The firmware's bits; None where there is no such firmware."""
    text = context.text(SYSFS)
    if text is None and context.model:
        ran = context.run(["vcgencmd", "get_throttled"])
        text = ran.out.strip().rpartition("=")[2] if ran.code == 0 else None
    try:
        return int(text, 16) if text else None
    except ValueError:
        return None
