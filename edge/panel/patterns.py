# SPDX-License-Identifier: Apache-2.0
"""The table of what each state looks and sounds like, and the pure function that reads it.

Nobody is asked to tell colours apart. Dark means nobody is there; a slow blink, wait; a fast blink, come nearer; two
lamps in turn, out of order. The two answers are both steady, since a lamp that blinks looks like a doubt: they differ
by the lamp's place (mount red on top, as on a street) and by the buzzer, which sounds for a violation only.

The relay is not in this table: it follows `Decision.admits`, see `signals.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from edge.door.state import DoorState


class Levels(NamedTuple):
    """What lamps and buzzer do at one moment: True is lit, or sounding."""

    green: bool
    amber: bool
    red: bool
    buzzer: bool


class Beat(NamedTuple):
    """On for `on_s` at the beginning of every `period_s`; all times in seconds."""

    on_s: float
    period_s: float
    start_s: float = 0.0
    """When the first period begins."""
    times: int | None = None
    """How many periods there are; None: no end."""

    def is_on(self, since_s: float) -> bool:
        """Whether this beat is on `since_s` seconds after its signal began."""
        running_s = since_s - self.start_s
        if running_s < 0 or (self.times is not None and running_s >= self.times * self.period_s):
            return False
        return running_s % self.period_s < self.on_s


Signal = tuple[Beat, ...]
"""On while any of its beats is on."""

OFF: Signal = ()
STEADY: Signal = (Beat(1.0, 1.0),)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the lamps and the buzzer do for as long as a state lasts."""

    says: str
    """What it tells whoever stands at the door."""
    green: Signal = OFF
    amber: Signal = OFF
    red: Signal = OFF
    buzzer: Signal = OFF
    """Counts from the last report, not from the beginning of the state: see `levels`."""


PATTERNS: Mapping[DoorState, Pattern] = MappingProxyType({
    DoorState.IDLE: Pattern("Nobody is in range."),
    DoorState.CHECKING: Pattern("Wait a moment, please.", amber=(Beat(0.7, 1.0),)),
    DoorState.UNSURE: Pattern("Come nearer and look up, please.", amber=(Beat(0.2, 0.4),)),
    DoorState.PASSED: Pattern("Thank you, go on.", green=STEADY),
    DoorState.VIOLATION: Pattern(
        "Stop: put a mask over nose and mouth, please.",
        red=STEADY, buzzer=(Beat(0.15, 0.3, times=3), Beat(0.15, 5.0, start_s=5.0))),
    DoorState.FAULT: Pattern(
        "Out of order: MaskGate cannot see or judge.",
        amber=(Beat(0.5, 1.0, start_s=0.5),), red=(Beat(0.5, 1.0),)),
})


def levels(pattern: Pattern, since_s: float, since_report_s: float | None = None) -> Levels:
    """What the lamps and the buzzer do at one moment of a pattern.

    Args:
        since_s: seconds since the state began; the lamps count in it. Before 0 it counts as 0.
        since_report_s: seconds since somebody was last reported in this state; the buzzer counts in it.
            None: nobody was (the same person again, too soon to be reported twice), and the buzzer is silent.
    """
    since_s = max(0.0, since_s)

    def on(signal: Signal, seconds: float) -> bool:
        return any(beat.is_on(seconds) for beat in signal)

    sounding = since_report_s is not None and on(pattern.buzzer, max(0.0, since_report_s))
    return Levels(on(pattern.green, since_s), on(pattern.amber, since_s), on(pattern.red, since_s), sounding)


def lamp_table() -> list[str]:
    """The table above as lines of Markdown, for README and docs: one source for both."""
    rows = ["| state | green | amber | red | buzzer | what it says |", "|---|---|---|---|---|---|"]
    for state, pattern in PATTERNS.items():
        signals = (pattern.green, pattern.amber, pattern.red, pattern.buzzer)
        rows.append(f"| {state} | {' | '.join(_in_words(signal) for signal in signals)} | {pattern.says} |")
    return rows


def _in_words(signal: Signal) -> str:
    """One cell of the table: `off`, `steady`, or the rhythm in seconds."""
    if not signal:
        return "off"
    return ", then ".join(_beat_in_words(beat) for beat in signal)


def _beat_in_words(beat: Beat) -> str:
    if beat.on_s >= beat.period_s:
        return "steady"
    if beat.times is not None:
        return f"{beat.times} times {beat.on_s:g} s"
    rhythm = f"{beat.on_s:g} s on, {beat.period_s - beat.on_s:.3g} s off"
    if beat.start_s == 0:
        return rhythm
    return f"{beat.on_s:g} s every {beat.period_s:g} s" if beat.start_s >= beat.period_s else f"{rhythm}, in turn"
