# SPDX-License-Identifier: Apache-2.0
"""The door's own values: states, verdicts, what it says about each person, and a finished visit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.look import Box, Label, Probabilities


class DoorState(StrEnum):
    """What the panel shows. `fault` is set by the daemon; the policy never returns it."""

    IDLE = "idle"
    """Nobody is in range."""
    CHECKING = "checking"
    """Somebody is there and not judged yet. Nobody new walks through on another's green."""
    UNSURE = "unsure"
    """Somebody is there and cannot be judged: come nearer, look up. Never a pass."""
    PASSED = "passed"
    """Everybody in range wears a mask over nose and mouth."""
    VIOLATION = "violation"
    """Somebody in range wears none, or wears it wrongly."""
    FAULT = "fault"
    """MaskGate cannot see or judge. Nobody is let through on its word."""


@dataclass(frozen=True, slots=True)
class Person:
    """One track as the outside sees it: one person over time."""

    track: int
    """1, 2, 3, … in order of arrival; never used again within one run."""
    box: Box
    verdict: DoorState
    """`checking`, `unsure`, `passed` or `violation` for this person alone."""
    label: Label
    """The likeliest label of the smoothed probabilities."""
    probabilities: Probabilities
    """Smoothed over the trusted looks; before the first of them, the latest look as it was."""
    looks: int
    """How many trusted looks there were so far."""
    reason: str = ""
    """Why unsure: the doubts of the last look, in words. Empty otherwise."""
    here: bool = True
    """False: not found in this frame, and still counted for `gone_s`; `box` is where the face was last."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One finished visit."""

    track: int
    entered: float
    """Seconds of frame time."""
    left: float
    """When the person was last seen, in seconds of frame time."""
    verdict: DoorState
    """The last of `passed` and `violation` that was reached, so a violation put right counts as `passed`; `unsure`
    where there was neither."""
    label: Label
    """The likeliest label of the smoothed probabilities."""
    confidence: float
    """Smoothed probability of `label`, 0 to 1."""
    looks: int
    """How many trusted looks there were."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the door says after one frame."""

    t: float
    state: DoorState
    previous: DoorState
    """The state after the frame before; differs from `state` exactly when the state changed."""
    people: tuple[Person, ...]
    """Everybody in range, worst first."""
    reported: tuple[int, ...] = ()
    """Tracks whose violation is told with this frame: sound the buzzer once for them. A person is told once, and again
    only after being away for `rearm_s`."""
    passages: tuple[Passage, ...] = ()
    """Visits that ended with this frame."""
    reason: str = ""
    """Why unsure or fault, in words for the operator."""
    admits: bool = False
    """Whether the relay may open now: the mode and the state together, and in mode `refuse` everybody's verdict now:
    a green lamp that is only held for `hold_s` opens nothing."""
