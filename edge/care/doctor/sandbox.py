# SPDX-License-Identifier: Apache-2.0
"""Is the service as locked in as it was delivered, or has a drop-in opened it."""

from __future__ import annotations

import re

from edge.care.doctor.context import UNIT, Context
from edge.care.doctor.result import Result, ok, warning

NAME = "sandbox"
MOST = 2.0
"""`systemd-analyze security` gives the delivered unit no more than this; 10 is no sandbox at all."""


def check(context: Context) -> Result:
    if not context.installed:
        return ok(NAME, "not installed as a service")
    ran = context.run(["systemd-analyze", "security", "--no-pager", UNIT])
    found = re.search(r"exposure level for \S+: ([\d.]+)", ran.out)
    if found is None:
        return ok(NAME, "this system does not say")
    if float(found[1]) > MOST:
        drop_ins = ", ".join(str(path.name) for path in context.find(f"/etc/systemd/system/{UNIT}.d/*.conf"))
        return warning(NAME, f"exposure level {found[1]}, expected at most {MOST:g}" + (f"; drop-ins: {drop_ins}" if drop_ins else ""),
                       "`systemctl cat maskgate` shows what loosens it; `sudo systemctl revert maskgate` takes drop-ins away")
    return ok(NAME, f"exposure level {found[1]} of 10")
