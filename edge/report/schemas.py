# SPDX-License-Identifier: Apache-2.0
"""Schemas: the promise about our two formats, as JSON schema. `docs/*.schema.json` are written from here."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from edge.report.events import LabelName, PassageEvent, StartEvent, StateEvent

Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Chances(msgspec.Struct, kw_only=True, frozen=True):
    """How likely each label is; they add up to 1."""

    mask: Chance
    incorrect: Chance
    no_mask: Chance


class FoundFace(msgspec.Struct, kw_only=True, frozen=True):
    """One face in a still or frame."""

    box: tuple[float, float, float, float]
    """x, y, width, height in pixels of the picture as stored."""
    score: Chance
    label: LabelName
    probabilities: Chances


class Checked(msgspec.Struct, kw_only=True, frozen=True):
    """One line of `maskgate check --json`: one still or one frame."""

    source: str
    """Path as given."""
    t: float | None
    """Seconds into a clip; null for a still."""
    faces: list[FoundFace]


def schemas() -> dict[str, dict[str, Any]]:
    """File name below docs/ → JSON schema of one line."""
    return {"events.schema.json": msgspec.json.schema(StartEvent | StateEvent | PassageEvent), "check.schema.json": msgspec.json.schema(Checked)}
