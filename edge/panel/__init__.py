# SPDX-License-Identifier: Apache-2.0
"""Panel: lamps, buzzer, door relay and mute button.

    with open_panel(settings.panel) as panel:
        panel.show(decision, t)      # after each decided frame
        panel.tick(t)                # in between, so that blinking goes on while the camera is waited for

`patterns.py` is the table of what each state looks and sounds like; pins are driven in `gpio.py` only.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from edge.door.state import Decision


class Panel(Protocol):
    """Anything that shows a decision. Safe (all off, relay let go) before the first `show` and after `close`."""

    def show(self, decision: Decision, t: float) -> None:
        """Take over a decision at time `t` (seconds, same clock as `tick`; never blocks)."""
        ...

    def tick(self, t: float) -> None:
        """Bring every output to its level at time `t`."""
        ...

    def close(self) -> None:
        """Everything off, the relay let go. Safe to call twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
