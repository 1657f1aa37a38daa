# SPDX-License-Identifier: Apache-2.0
"""The pins that a running program holds, noted where they outlive it.

Whoever edits the settings of a running unit, and kills it before its restart, would leave the old pins on: what turns
everything off reads the settings as they are then. The note lies in the service's runtime folder, in memory: a power cut takes
it and the levels alike.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from edge.settings import PanelSettings


def note_path(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where the note of this service lies; None for a program that no service manager started."""
    folder = environment.get("RUNTIME_DIRECTORY", "")
    return Path(folder) / "panel.json" if folder else None


def note(settings: PanelSettings, path: Path | None) -> None:
    """Write down what is about to be driven, whole or not at all. A full or missing folder keeps no unit from starting."""
    if path is not None:
        part = path.with_suffix(".part")
        with contextlib.suppress(OSError):
            part.write_bytes(msgspec.json.encode(settings))
            part.replace(path)


def noted(path: Path | None) -> PanelSettings | None:
    """What the last program here drove; None where none has, or the note cannot be read."""
    if path is None:
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=PanelSettings)
    except (OSError, msgspec.MsgspecError):
        return None
