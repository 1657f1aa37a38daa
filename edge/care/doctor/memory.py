# SPDX-License-Identifier: Apache-2.0
"""Is there memory left for pictures and models."""

from __future__ import annotations

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, warning
from edge.care.vitals import MEMORY_MB, memory_at

NAME = "memory"
NEEDED_MB = 150
"""The daemon with both models takes about 110 MB on arm64 and x86-64; the rest is for frames."""
LESS = "stop what else runs here (`ps aux --sort -rss | head` names it), or boot without a desktop (`sudo raspi-config`, System, Boot)"


def check(context: Context) -> Result:
    free = memory_at(context.root)
    if free is None:
        return ok(NAME, "this machine does not say")
    # The running daemon has taken its part already.
    wished = MEMORY_MB if context.running else NEEDED_MB
    if free < MEMORY_MB:
        return failure(NAME, f"only {free:.0f} MB are available", LESS)
    if free < wished:
        return warning(NAME, f"{free:.0f} MB are available, MaskGate wants about {wished}", LESS)
    return ok(NAME, f"{free:.0f} MB available")
