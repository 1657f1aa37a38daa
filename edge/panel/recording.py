# SPDX-License-Identifier: Apache-2.0
"""The panel's twin for tests: remembers what it was shown and what pins would have done, and needs no gpiozero."""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple, Self

from edge.door.state import Decision, DoorState
from edge.panel.patterns import Levels
from edge.panel.pins import OUTPUTS, check_pins
from edge.panel.pins_file import Change, Why
from edge.panel.signals import SAFE, Outputs, Signals
from edge.settings import PanelSettings


class Shown(NamedTuple):
    """One call of `show`."""

    t: float
    decision: Decision
    levels: Levels
    """What the lamps and the buzzer did at that moment."""


class RecordingPanel:
    """Drives no pins; a test reads `states`, `shown`, `changes` and `outputs`."""

    def __init__(self, settings: PanelSettings | None = None) -> None:
        settings = settings or PanelSettings(kind="mock")
        self._signals = Signals(settings)
        self._wired = check_pins(settings)
        self._t = 0.0
        self.shown: list[Shown] = []
        self.changes: list[Change] = []
        """Every change of a wired output in order, beginning with the safe levels and, once closed, ending with them."""
        self.outputs: Outputs = SAFE
        """What every wired output does now; unwired ones stay False."""
        self.pressed = False
        """Set it to hold the mute button down from the next `tick` on."""
        self.closed = False
        self._tell_all("open")

    def show(self, decision: Decision, t: float) -> None:
        """Take over a decision at time `t`; nothing after `close`."""
        if not self.closed:
            self._signals.show(decision, t)
            self.tick(t)
            self.shown.append(Shown(t, decision, Levels(*self.outputs[:4])))

    def tick(self, t: float) -> None:
        """Bring every output to its level at time `t`; nothing after `close`."""
        if self.closed:
            return
        self._t = t
        self._signals.button(self.pressed and "button" in self._wired, t)
        wanted = self._signals.outputs(t)
        wanted = Outputs(*(on and name in self._wired for name, on in zip(OUTPUTS, wanted, strict=True)))
        for name, before, now in zip(OUTPUTS, self.outputs, wanted, strict=True):
            if before is not now:
                self.changes.append(Change(t, name, int(now)))
        self.outputs = wanted

    def close(self) -> None:
        """Everything off; safe to call twice."""
        if not self.closed:
            self.closed, self.outputs = True, SAFE
            self._tell_all("close")

    @property
    def states(self) -> list[DoorState]:
        """The states shown, in order, without repeats."""
        states = [shown.decision.state for shown in self.shown]
        return [state for i, state in enumerate(states) if i == 0 or state is not states[i - 1]]

    def _tell_all(self, why: Why) -> None:
        self.changes += [Change(self._t, name, 0, why) for name in OUTPUTS if name in self._wired]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
