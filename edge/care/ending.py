# SPDX-License-Identifier: Apache-2.0
"""Ending: how a fault that ends the program is told before it does.

    with ending(care, service):                         # around everything: the log, the list of health, the status
        with open_panel(…) as panel, ending(care, service, panel):
            …                                           # around all that needs the panel: the lamps too
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from edge.camera.pace import TICK_S
from edge.care.faults import Part
from edge.care.watch import Care
from edge.door.state import Decision, DoorState
from edge.panel import Panel
from edge.service import Service

SHOWN_RUNNING_S = 2.0
"""Long enough to be seen, short enough for lamps to be off within eight seconds of the last picture."""
SHOWN_STARTING_S = 10.0
"""A unit without a camera shows `fault` for longer than it is dark."""


@contextmanager
def ending(care: Care, service: Service, panel: Panel | None = None) -> Iterator[None]:
    """Lets every error through, also one that nobody foresaw. One with a fault behind it is told first, and under a service manager the panel shows it for a while.

    Whoever started the program by hand reads the message on the screen, and need not wait for the lamps.
    """
    try:
        yield
    except Exception as error:
        fault = care.failed(error)
        if fault is not None:
            service.status(care.status(DoorState.FAULT))
            if panel is not None and service.managed and fault.part is not Part.PANEL:
                show_fault(panel, fault.what, care.frame_clock.now(), SHOWN_RUNNING_S if care.frames else SHOWN_STARTING_S)
        raise


def show_fault(panel: Panel, reason: str, t: float, seconds: float) -> None:
    """`fault` on the panel for some time, from time `t` of its clock on."""
    started = time.monotonic()
    panel.show(Decision(t=t, state=DoorState.FAULT, previous=DoorState.FAULT, people=(), reason=reason), t)
    while (gone := time.monotonic() - started) < seconds:
        time.sleep(min(TICK_S, seconds - gone))
        panel.tick(t + time.monotonic() - started)
