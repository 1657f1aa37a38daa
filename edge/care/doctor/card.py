# SPDX-License-Identifier: Apache-2.0
"""Does the SD card, or whatever the system lies on, show its age: errors, a root gone read-only, wear."""

from __future__ import annotations

from edge.care.doctor.context import Context
from edge.care.doctor.mounts import root_mount
from edge.care.doctor.result import Result, failure, together, warning

NAME = "card"
NEW_CARD = "back up /etc/maskgate, and flash a new card (a high-endurance one lasts years longer)"


def check(context: Context) -> Result:
    results, wear = [], "it does not tell its wear"
    root = root_mount(context)
    if root is not None and root.read_only and not root.meant:
        results.append(failure(NAME, "the root file system is mounted read-only, which fstab does not ask for: the kernel found errors", NEW_CARD))
    for counter in context.find("/sys/fs/ext4/*/errors_count"):
        count = _errors(context, counter.parent.name)
        if count:
            results.append(failure(NAME, f"the file system on {counter.parent.name} has noted {count} errors", NEW_CARD))
    for device in context.find("/sys/block/mmcblk*/device"):
        card = device.parent.name
        life = [int(half, 16) for half in (context.text(f"/sys/block/{card}/device/life_time") or "").split()]
        spare = int(context.text(f"/sys/block/{card}/device/pre_eol_info") or "0", 16)
        used = max(life, default=0)
        if used:
            # JEDEC eMMC 5.0: 1 to 10 are tenths of its life that are used up, 11 is beyond.
            wear = f"{card} has used up {(used - 1) * 10} to {used * 10} % of its life"
        if spare >= 2 or used >= 9:
            level = failure if spare >= 3 or used >= 11 else warning
            results.append(level(NAME, f"{card} is near its end" + (f": {wear}" if used else ""), NEW_CARD))
    return together(NAME, results, f"no errors noted; {wear}")


def _errors(context: Context, device: str) -> int:
    """How many errors the kernel has noted on a file system; 0 where it does not say."""
    text = context.text(f"/sys/fs/ext4/{device}/errors_count") or "0"
    return int(text) if text.isdecimal() else 0
