# SPDX-License-Identifier: Apache-2.0
"""Scenes for the tests of the door: people as plain looks, played frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge.door import Decision, DoorState, Memory, step
from edge.look import Box, Doubt, Face, Look, Probabilities
from edge.settings import DoorSettings

MASKED = Probabilities(0.95, 0.03, 0.02)
BARE = Probabilities(0.03, 0.05, 0.92)
NOSE_OUT = Probabilities(0.08, 0.85, 0.07)
HAND = Probabilities(0.9, 0.05, 0.05)
"""What a poor classifier says of a hand before the mouth."""
UNDECIDED = Probabilities(0.5, 0.45, 0.05)

Scene = Callable[[float], Sequence[Look]]


def look(probabilities: Probabilities = MASKED, x: float = 100, y: float = 100, size: float = 60,
         doubts: Sequence[Doubt] = ()) -> Look:
    """A face of `size` px with its left upper corner at x, y."""
    landmarks = tuple((x + size * dx, y + size * dy) for dx, dy in ((.3, .4), (.7, .4), (.5, .6), (.35, .8), (.65, .8)))
    return Look(Face(Box(x, y, size, size), landmarks, 0.9), probabilities, frozenset(doubts))  # type: ignore[arg-type]


def timeline(*parts: tuple[float, Look | None]) -> Scene:
    """One person: each part is how long it lasts, and the look meanwhile (None: nobody)."""

    def scene(t: float) -> Sequence[Look]:
        for length, seen in parts:
            if t < length - 1e-9:
                return [seen] if seen else []
            t -= length
        return []

    return scene


def play(scene: Scene, seconds: float, fps: float = 10, rules: DoorSettings | None = None, start: float = 0.0,
         memory: Memory | None = None) -> list[Decision]:
    """Every decision of a scene; `scene` is asked with seconds since the start."""
    memory, decisions = memory or Memory(), []
    for number in range(round(seconds * fps)):
        memory, decision = step(memory, start + number / fps, scene(number / fps), rules or DoorSettings())
        decisions.append(decision)
    return decisions


def states(decisions: Sequence[Decision]) -> list[str]:
    """The states in order, each once for as long as it lasts."""
    found: list[str] = []
    for decision in decisions:
        if not found or found[-1] != decision.state:
            found.append(str(decision.state))
    return found


def first(decisions: Sequence[Decision], state: DoorState) -> float:
    """Time of the first decision in `state`."""
    return next(decision.t for decision in decisions if decision.state is state)
