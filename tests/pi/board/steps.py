# SPDX-License-Identifier: Apache-2.0
"""Runs on the emulated board: MaskGate's panel through its states, a kill, and the safe state, a step at a time.

Each step prints `STEP name` and waits for its name to come back, so that the host can read the chip's registers meanwhile.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace

from edge.door.state import Decision, DoorState
from edge.panel import open_panel
from edge.panel.safe import drive_safe
from edge.settings import PanelSettings

LOW_RELAY = replace(PanelSettings(), relay_active_high=False, button_pin="")
"""As most relay boards are wired: a low level pulls. No button: without pull resistors it would look pressed, and mute."""


def step(name: str) -> None:
    print(f"STEP {name}", flush=True)
    while sys.stdin.readline().strip() != name:  # a go that was sent twice must not skip a step
        pass


def show(state: DoorState, *, admits: bool = False) -> Decision:
    return Decision(t=1.0, state=state, previous=DoorState.IDLE, people=(), reported=(1,) if state is DoorState.VIOLATION else (), admits=admits)


def hold_green() -> None:
    """A process of its own that holds lamp and relay on until it is killed."""
    panel = open_panel(LOW_RELAY)
    while True:
        panel.show(show(DoorState.PASSED, admits=True), 1.0)
        print("holding", flush=True)
        time.sleep(600)


def main() -> None:
    step("before")
    panel = open_panel(LOW_RELAY)
    step("open")
    panel.show(show(DoorState.VIOLATION), 1.0)
    panel.tick(1.05)  # within the buzzer's first sound
    step("violation")
    panel.show(show(DoorState.PASSED, admits=True), 2.0)
    step("passed")
    panel.close()
    step("closed")
    holder = subprocess.Popen([sys.executable, __file__, "hold"], stdout=subprocess.PIPE)
    assert holder.stdout
    holder.stdout.readline()
    step("held by another")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    step("killed")
    drive_safe(LOW_RELAY)
    step("safe")


if __name__ == "__main__":
    if sys.argv[1:] == ["hold"]:
        hold_green()
    main()
