# SPDX-License-Identifier: Apache-2.0
"""What every output is to be at any moment, from the decisions shown so far: no pin, no clock, no thread.

Every panel asks this one class, so that real pins, the mock and the recording agree by construction.
"""

from __future__ import annotations

from typing import NamedTuple

from edge.door.state import Decision, DoorState
from edge.panel.patterns import PATTERNS, Levels, levels
from edge.settings import PanelSettings

FRESH_S = 2.0
"""How long green may stand on one decision. Nobody is shown green on the word of a camera that has gone silent."""
DEBOUNCE_S = 0.05
"""A button's contacts bounce for up to some 10 ms; whatever follows a change within this time is not believed."""


class Outputs(NamedTuple):
    """All outputs at one moment: True is lit, sounding, or (relay) energised, whatever level that takes."""

    green: bool
    amber: bool
    red: bool
    buzzer: bool
    relay: bool


SAFE = Outputs(green=False, amber=False, red=False, buzzer=False, relay=False)
"""Dark, silent, the relay let go: before the first decision, after the last, and whenever nobody drives the pins."""


class Signals:
    """Keeps what outputs depend on: the state and since when, the last report, the last admission, the mute."""

    def __init__(self, settings: PanelSettings) -> None:
        self._settings = settings
        self._state: DoorState | None = None
        self._since = 0.0
        self._shown_at = 0.0
        self._reported_at: float | None = None
        self._open_until: float | None = None
        self._muted_until: float | None = None
        self._button = False
        self._button_since: float | None = None

    def show(self, decision: Decision, t: float) -> None:
        """Take over a decision at time `t`, in seconds. A clock that begins anew ends what was held until a time."""
        if t < self._shown_at - FRESH_S:
            self._state = self._open_until = self._muted_until = self._button_since = None
        if decision.state is not self._state:
            self._state, self._since, self._reported_at = decision.state, t, None
        if decision.reported:
            self._reported_at = t
        if decision.admits:
            self._open_until = t + self._settings.relay_hold_s
        elif decision.state in (DoorState.VIOLATION, DoorState.FAULT):
            # The door was held for somebody who passed: not for whoever comes behind without a mask, and not
            # while nobody is looking.
            self._open_until = None
        self._shown_at = t

    def button(self, pressed: bool, t: float) -> None:
        """Tell the button's position at time `t`; each press turns the mute on, or off again."""
        if pressed is self._button or (self._button_since is not None and 0 <= t - self._button_since < DEBOUNCE_S):
            return
        self._button, self._button_since = pressed, t
        if pressed:
            self._muted_until = None if self.muted(t) else t + self._settings.mute_s

    def muted(self, t: float) -> bool:
        """Whether the button silences the buzzer at time `t`."""
        return self._muted_until is not None and t < self._muted_until

    def outputs(self, t: float) -> Outputs:
        """All outputs at time `t`; safe before the first decision."""
        if self._state is None:
            return SAFE
        shown = self._levels(t)
        is_open = self._open_until is not None and t < self._open_until
        energised = is_open if self._settings.relay_kind == "fail-secure" else not is_open
        return Outputs(shown.green, shown.amber, shown.red, shown.buzzer and not self.muted(t), energised)

    def _levels(self, t: float) -> Levels:
        assert self._state is not None
        if self._state is DoorState.PASSED and t - self._shown_at > FRESH_S:
            return levels(PATTERNS[DoorState.CHECKING], t - self._shown_at - FRESH_S)
        since_report_s = None if self._reported_at is None else t - self._reported_at
        return levels(PATTERNS[self._state], t - self._since, since_report_s)
