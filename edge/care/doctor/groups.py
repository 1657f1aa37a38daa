# SPDX-License-Identifier: Apache-2.0
"""Is the service's user in the groups that own camera and pins."""

from __future__ import annotations

from edge.camera.source import is_device
from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok

NAME = "groups"
USER = "maskgate"


def check(context: Context) -> Result:
    if not context.installed:
        return ok(NAME, "not installed as a service")
    users = {line.partition(":")[0] for line in (context.text("/etc/passwd") or "").splitlines()}
    if USER not in users:
        return failure(NAME, f"the user {USER} of the service does not exist", "`sudo systemd-sysusers`, or `sudo ./setup.sh install`")
    rows = [line.split(":") for line in (context.text("/etc/group") or "").splitlines()]
    members = {row[0]: row[3].split(",") for row in rows if len(row) >= 4}
    missing = [group for group in _needed(context) if USER not in members.get(group, [])]
    if missing:
        return failure(NAME, f"{USER} is not in the group{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
                       f"`sudo usermod -aG {','.join(missing)} {USER}; sudo systemctl restart maskgate`")
    return ok(NAME, f"{USER} is in {', '.join(_needed(context)) or 'no group but its own, and needs none'}")


def _needed(context: Context) -> list[str]:
    groups = ["video"] if is_device(context.settings.camera.source) else []
    return groups + (["gpio"] if context.settings.panel.kind == "gpio" else [])
