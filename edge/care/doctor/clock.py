# SPDX-License-Identifier: Apache-2.0
"""Does the clock tell the time: a Pi without a battery begins in the past, until the network tells it."""

from __future__ import annotations

import time

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, warning

NAME = "clock"
MADE = 2026
"""This program is no older."""
NTP = "`sudo timedatectl set-ntp true` and a network with UDP port 123 open; without one, fit a battery clock"


def check(context: Context) -> Result:
    now = time.gmtime(context.now())
    shown = time.strftime("%Y-%m-%d %H:%M UTC", now)
    if not MADE <= now.tm_year < MADE + 30:
        return failure(NAME, f"it says {shown}: logs, certificates and reports will be wrong", f"{NTP}, or `sudo date -s 'YYYY-MM-DD HH:MM'`")
    ran = context.run(["timedatectl", "show", "--property", "NTPSynchronized", "--value"])
    if context.at("/run/systemd/timesync/synchronized").exists() or (ran.code == 0 and ran.out.strip() == "yes"):
        return ok(NAME, f"{shown}, set by the network")
    if context.find("/dev/rtc*"):
        return ok(NAME, f"{shown}, by a battery clock; not compared with the network")
    if ran.code == 0 and ran.out.strip() == "no":
        return warning(NAME, f"it says {shown}, and no network has confirmed it (judging does not need it, logs do)", NTP)
    return ok(NAME, f"{shown}; this system does not say whether a network has set it")
