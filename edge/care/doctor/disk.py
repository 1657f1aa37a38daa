# SPDX-License-Identifier: Apache-2.0
"""Is there room on the disk."""

from __future__ import annotations

from pathlib import Path

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, together, warning

NAME = "disk"
LEAST_MB, WISHED_MB = 50, 300
LEAST_FILES = 100
ROOM = "`sudo journalctl --vacuum-size=50M; sudo apt-get clean`, or a larger card"


def check(context: Context) -> Result:
    folders = {"/": context.at("/"), "/var/log": context.at("/var/log")}
    events = context.settings.report.events
    if events and events != "-":
        folders["the event file"] = Path(events).absolute().parent
    results, seen = [], []
    for name, folder in folders.items():
        space = context.space(folder)
        if space is None:
            continue
        seen.append(f"{name} {space.free_mb / 1000:.1f} GB")
        if space.free_mb < LEAST_MB:
            results.append(failure(NAME, f"only {space.free_mb:.0f} MB are free at {name}", ROOM))
        elif 0 <= space.free_files < LEAST_FILES:
            results.append(failure(NAME, f"no more files can be made at {name} (inodes are used up)", ROOM))
        elif space.free_mb < WISHED_MB:
            results.append(warning(NAME, f"{space.free_mb:.0f} MB are free at {name}; an upgrade needs about {WISHED_MB}", ROOM))
    return together(NAME, results, "free: " + ", ".join(seen)) if seen else ok(NAME, "this system does not say")
