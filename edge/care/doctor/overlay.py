# SPDX-License-Identifier: Apache-2.0
"""Is the root an overlay in memory, as raspi-config sets it up: then what is changed now is gone after a reboot."""

from __future__ import annotations

from edge.care.doctor.context import Context
from edge.care.doctor.mounts import root_mount
from edge.care.doctor.result import Result, ok, warning

NAME = "root"


def check(context: Context) -> Result:
    root = root_mount(context)
    if root is None:
        return ok(NAME, "this system does not say")
    if not root.overlay:
        return ok(NAME, f"{root.kind}, {'read-only' if root.read_only else 'writable'}")
    words = (context.text("/proc/cmdline") or "") + " " + (context.text("/etc/overlayroot.local.conf") or "")
    if "overlayroot" not in words and "boot=overlay" not in words and not context.at("/media/root-ro").is_dir():
        return ok(NAME, "an overlay, as in a container")
    forgets = "an overlay in memory (overlayroot): changes of settings, upgrades and logs are gone after a reboot"
    events = context.settings.report.events
    if events not in ("", "-"):
        return warning(NAME, f"{forgets}; so is the event file {events}",
                       "mount a data partition, let overlayroot=tmpfs:recurse=0 spare it, and put [report] events there")
    if "overlayroot=tmpfs" in words and "recurse=0" not in words:
        return ok(NAME, f"{forgets}; other partitions are covered too (recurse=0 spares them)")
    return ok(NAME, f"{forgets}; switch it off with `sudo raspi-config` before you change anything")
