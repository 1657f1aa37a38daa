# SPDX-License-Identifier: Apache-2.0
"""What lies at `/`: a plain file system, one gone read-only, or an overlay that forgets everything at a reboot."""

from __future__ import annotations

from typing import NamedTuple

from edge.care.doctor.context import Context


class RootMount(NamedTuple):
    """The last mount at `/`."""

    kind: str
    """`ext4`, `overlay`, …"""
    read_only: bool
    meant: bool
    """Whether fstab or the kernel's command line asks for a read-only root."""

    @property
    def overlay(self) -> bool:
        return self.kind == "overlay"


def root_mount(context: Context) -> RootMount | None:
    """What /proc/mounts says; None where there is none."""
    rows = [line.split() for line in (context.text("/proc/mounts") or "").splitlines()]
    row = next((row for row in reversed(rows) if len(row) >= 4 and row[1] == "/"), None)
    if row is None:
        return None
    fstab = [line.split() for line in (context.text("/etc/fstab") or "").splitlines() if not line.lstrip().startswith("#")]
    meant = any(len(entry) >= 4 and entry[1] == "/" and "ro" in entry[3].split(",") for entry in fstab)
    words = (context.text("/proc/cmdline") or "").split()
    return RootMount(row[2], "ro" in row[3].split(","), meant or ("ro" in words and "fastboot" in words))
