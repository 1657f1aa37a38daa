# SPDX-License-Identifier: Apache-2.0
"""Is the processor cool enough to run at full speed."""

from __future__ import annotations

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, warning
from edge.care.vitals import HOT_C, temperature_at

NAME = "temperature"
FIRMWARE_C = 80.0
"""From here the firmware of every Raspberry Pi slows the processor."""
AIR = "give it air or a heat sink, and keep it out of the sun"


def check(context: Context) -> Result:
    degrees = temperature_at(context.root)
    if degrees is None:
        return ok(NAME, "this machine does not say")
    if degrees >= FIRMWARE_C:
        return failure(NAME, f"{degrees:.0f} °C: the firmware slows the processor from {FIRMWARE_C:.0f} °C", AIR)
    if degrees >= HOT_C:
        return warning(NAME, f"{degrees:.0f} °C: MaskGate judges fewer frames from {HOT_C:.0f} °C", AIR)
    return ok(NAME, f"{degrees:.0f} °C")
