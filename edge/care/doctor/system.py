# SPDX-License-Identifier: Apache-2.0
"""Is this a system that MaskGate runs on: 64 bit, a known distribution, a Python that is new enough."""

from __future__ import annotations

import re

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, warning

NAME = "system"
KNOWN = ("trixie", "bookworm")
FLASH = "flash Raspberry Pi OS Lite (64-bit), Trixie, and install again"


def check(context: Context) -> Result:
    python = ".".join(map(str, context.machine.python))
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', context.text("/etc/os-release") or "", re.MULTILINE))
    name = release.get("PRETTY_NAME", "an unnamed system")
    here = f"{context.model + ', ' if context.model else ''}{name}, {context.machine.architecture}, Python {python}"
    if context.machine.bits != 64:
        return failure(NAME, f"{here}: this is a 32-bit system, and the model runtime exists for 64 bit only", FLASH)
    if context.machine.python < (3, 11, 0):
        return failure(NAME, f"{here}: Python 3.11 or later is needed", FLASH)
    if context.installed and release.get("VERSION_CODENAME") not in KNOWN:
        return warning(NAME, f"{here}: MaskGate is tried on {' and '.join(KNOWN)} only", FLASH)
    return ok(NAME, here)
