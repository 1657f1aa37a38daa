# SPDX-License-Identifier: Apache-2.0
"""Vitals: the unit's temperature, memory, disk and clock, read every few seconds and held against limits.

    readings = read_vitals()
    for part, fault in judge_vitals(readings, before, hot=hot).items(): health.note(part, fault, t)
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.care.faults import FAULTS, Fault, Part

EVERY_S = 10.0
"""How often it is worth looking: a processor heats up within minutes."""
HOT_C, COOL_C = 75.0, 70.0
"""Where it begins to be hot, and below what it is over; the gap keeps it from coming and going. At 80 °C the firmware of every Raspberry Pi
slows the processor."""
MEMORY_MB, DISK_MB = 40.0, 20.0
"""What must be available of memory, and free on the disk."""
GROWN = 0.4
"""Share of the machine's memory that this program may hold. It takes 50 MB with frames of 640 x 480, 75 MB at 1920 x 1080, the same
after 20,000 frames (x86-64, no Picamera2); this is some 165 MB of a Zero 2 W, beside which the system and our libraries should still fit (reckoned, not tried)."""
JUMP_S = 2.0
"""A system clock that is corrected gradually moves less than this in `EVERY_S`; more is a jump."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """One reading; None where the machine does not say."""

    temperature_c: float | None
    memory_mb: float | None
    """Available, as the kernel reckons."""
    disk_mb: float | None
    """Free for us in the folder where something is kept."""
    writable: bool
    """Whether that file system is mounted for writing."""
    clocks_s: float
    """System clock minus monotonic clock."""
    own: float | None = None
    """Share of the machine's memory that this program holds for itself, what was swapped out included."""


def read_vitals(folder: Path | None = None, root: Path = Path("/")) -> Vitals:
    """Read them; a few milliseconds at most, and raises nothing.

    Args:
        folder: where something is kept; None: nothing is, and no disk is looked at.
        root: stands for `/` in tests.
    """
    free, writable = None, True
    if folder is not None:
        try:
            disk = os.statvfs(folder)
            free, writable = disk.f_bavail * disk.f_frsize / 1e6, not disk.f_flag & os.ST_RDONLY
        except OSError as error:
            writable = error.errno != errno.EIO     # a card that has died cannot even be asked
    return Vitals(temperature_at(root), memory_at(root), free, writable, time.time() - time.monotonic(), own_at(root))


def temperature_at(root: Path = Path("/")) -> float | None:
    """The hottest zone in °C that makes sense; None where there is none."""
    found = []
    for zone in root.glob("sys/class/thermal/thermal_zone*/temp"):
        try:
            found.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue
    return max((degrees for degrees in found if -40 < degrees < 150), default=None)


def memory_at(root: Path = Path("/")) -> float | None:
    """Available memory in MB; None where the kernel does not say."""
    available = _kilobytes(root / "proc/meminfo", "MemAvailable")
    return None if available is None else available / 1000


def own_at(root: Path = Path("/")) -> float | None:
    """What this program holds for itself as a share of all memory; None where the kernel does not say. Libraries that are mapped do not count:
    the kernel drops them when memory runs short. What it swapped out does, or a leak would seem to stand still.
    """
    held, all_of_it = _kilobytes(root / "proc/self/status", "RssAnon", "VmSwap"), _kilobytes(root / "proc/meminfo", "MemTotal")
    return held / all_of_it if held is not None and all_of_it else None


def _kilobytes(path: Path, *names: str) -> int | None:
    """The sum of the lines `NAME:   123 kB` of these names; None where one is missing."""
    try:
        lines = dict(line.split(":", 1) for line in path.read_text().splitlines())
        return sum(int(lines[name].split()[0]) for name in names)
    except (OSError, ValueError, IndexError, KeyError):
        return None


def judge_vitals(now: Vitals, before: Vitals | None = None, *, hot: bool = False) -> Mapping[Part, Fault | None]:
    """What is wrong with each part, None where nothing is.

    Args:
        before: the reading before this one, for the clock; None for the first.
        hot: whether it was too hot by the reading before.
    """
    limit = COOL_C if hot else HOT_C
    storage = "disk-read-only" if not now.writable else "disk-full" if now.disk_mb is not None and now.disk_mb < DISK_MB else ""
    codes = {
        Part.TEMPERATURE: "over-temperature" if now.temperature_c is not None and now.temperature_c >= limit else "",
        Part.MEMORY: "memory-grown" if now.own is not None and now.own >= GROWN else "memory-pressure" if now.memory_mb is not None and now.memory_mb < MEMORY_MB else "",
        Part.STORAGE: storage,
        Part.CLOCK: "clock-jump" if before is not None and abs(now.clocks_s - before.clocks_s) > JUMP_S else "",
    }
    return {part: FAULTS.get(code) for part, code in codes.items()}
