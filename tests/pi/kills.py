# SPDX-License-Identifier: Apache-2.0
"""Kills maskgate.service again and again, and times how long its outputs stay on. Runs as root inside a machine of sysbox.sh,
on the system's own Python; prints one JSON object a strike, and one for the whole.

    kills.py --times 20 --seed 1 --pins /var/lib/maskgate/pins.jsonl FILE…       FILEs must be what they were at the end

What a strike is, and when, is drawn from the seed. Two of three wait until an output is on; the others come at any moment
after the start, the time before the first frame included.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

POLL_S = 0.01
BACK_S = 90.0
"""A loaded machine with two slow cores takes a while; an output that is on is not measured by this."""
STOPS = 40
"""One strike in so many is a SIGSTOP: each takes the whole time of the watchdog."""


class Pins(threading.Thread):
    """Follows the pins file; knows at any moment what is on, and when the last output went off."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._path, self._read, self._rest = path, 0, b""
        self._lit: set[str] = set()
        self.changed = threading.Condition()
        self.dark_at = time.monotonic()
        self.why = ""
        self.lines = 0
        self.error = ""
        self.seen: set[str] = set()

    def run(self) -> None:
        while not self.error:
            time.sleep(POLL_S)
            try:
                self._follow()
            except (OSError, ValueError, KeyError) as error:
                self.error = f"{self._path}: {error!r}"

    def _follow(self) -> None:
        if not self._path.exists() or self._path.stat().st_size == self._read:
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        self._read += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        with self.changed:
            for line in whole:
                self._take(json.loads(line))
            self.changed.notify_all()

    def _take(self, change: dict) -> None:
        self.lines += 1
        before = bool(self._lit)
        (self._lit.add if change["value"] else self._lit.discard)(change["pin"])
        if change["value"]:
            self.seen.add(change["pin"])
        if before and not self._lit:
            self.dark_at, self.why = time.monotonic(), change.get("why", "")

    @property
    def lit(self) -> list[str]:
        with self.changed:
            return sorted(self._lit)

    def wait(self, *, lit: bool, seconds: float) -> None:
        with self.changed:
            if not self.changed.wait_for(lambda: bool(self._lit) is lit or self.error, seconds) or self.error:
                raise SystemExit(self.error or f"not within {seconds:g} s: an output {'on' if lit else 'off'}; {state()}")


def state() -> dict[str, str]:
    names = ("MainPID", "ActiveState", "SubState", "NRestarts", "Result")
    out = subprocess.run(["systemctl", "show", *(f"--property={name}" for name in names), "maskgate"], capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in out.stdout.split())


def main_process(other_than: int = 0, *, ready: bool = False) -> int:
    """The service's process, once it is another one; `ready`: once it has decided a frame."""
    until = time.monotonic() + BACK_S
    while time.monotonic() < until:
        now = state()
        pid = int(now["MainPID"])
        if pid not in (0, other_than) and (now["ActiveState"] == "active" if ready else now["SubState"] in ("start", "running")):
            return pid
        time.sleep(0.05)
    raise SystemExit(f"the service is not back within {BACK_S:g} s: {state()}")


def strike(draw: random.Random, pins: Pins, number: int) -> dict[str, object]:
    """One of them; returns what was done, and for how long an output was on afterwards."""
    kind = "STOP" if number % STOPS == 1 else draw.choices(["KILL", "TERM", "restart"], [8, 1, 1])[0]
    when = "lit" if kind == "STOP" or draw.random() < 2 / 3 else "any"
    if when == "lit":
        main_process(ready=True)
        pins.wait(lit=True, seconds=BACK_S)
        time.sleep(draw.uniform(0, 2.2))
    else:
        time.sleep(draw.uniform(0, 2.5))
    pid = main_process()
    lit, struck = pins.lit, time.monotonic()
    if kind == "restart":
        subprocess.run(["systemctl", "restart", "--no-block", "maskgate"], check=True)
    else:
        os.kill(pid, getattr(signal, f"SIG{kind}"))
    main_process(other_than=pid)
    # ExecStopPost has run before the next process begins, so all is off by now; the follower may be a moment behind.
    if lit:
        with pins.changed:
            pins.changed.wait_for(lambda: pins.dark_at > struck, 1.0)
            if pins.dark_at < struck:
                raise SystemExit(f"SIG{kind}: {lit} still on when the next process began")
    return {"kind": kind, "when": when, "lit": lit, "dark_s": round(pins.dark_at - struck, 2) if lit else 0.0,
            "why": pins.why if lit else "", "back_s": round(time.monotonic() - struck, 2)}


def fingerprint(path: str) -> tuple[str, int, int, int]:
    found = Path(path).stat()
    return hashlib.sha256(Path(path).read_bytes()).hexdigest(), found.st_mode, found.st_uid, found.st_gid


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--pins", type=Path, required=True)
    parser.add_argument("kept", nargs="+")
    arguments = parser.parse_args()
    draw, pins = random.Random(arguments.seed), Pins(arguments.pins)
    before = {path: fingerprint(path) for path in arguments.kept}
    main_process(ready=True)
    pins.start()
    started, strikes = time.monotonic(), []
    for number in range(arguments.times):
        strikes.append(strike(draw, pins, number))
        print(json.dumps(strikes[-1]), flush=True)
    main_process(ready=True)
    pins.wait(lit=True, seconds=BACK_S)
    changed = [path for path in arguments.kept if fingerprint(path) != before[path]]
    print(json.dumps({"took_s": round(time.monotonic() - started), "changed": changed, "outputs": sorted(pins.seen), "lines": pins.lines}), flush=True)


if __name__ == "__main__":
    main()
