# SPDX-License-Identifier: Apache-2.0
"""The pins that a running program holds, noted where they outlive it.

Whoever edits the settings of a running unit, and kills it before its restart, would leave the old pins on: what turns
everything off reads the settings as they are then. The note lies in the service's runtime folder, in memory: a power cut takes
it and the levels alike.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from edge.settings import PanelSettings
from edge.settings_text import sections
from edge.whole import whole

log = logging.getLogger("maskgate.panel")


def note_path(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where the note of this service lies; None for a program that no service manager started."""
    folder = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(folder) / "panel.json" if folder else None


def note(settings: PanelSettings, path: Path | None) -> None:
    """Write down what is about to be driven, whole or not at all. A full or missing folder keeps no unit from starting."""
    if path is None:
        return
    try:
        with whole(path) as part:
            part.write_bytes(msgspec.json.encode(settings))
    except OSError as error:
        log.warning("pins not noted path=%s error=%s", path, error.strerror)


def noted(path: Path | None) -> PanelSettings | None:
    """What the last program here drove, or None. A value that this release cannot take (the note may be another's) is the default."""
    if path is None:
        return None
    try:
        values = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        log.warning("note of the pins cannot be read path=%s error=%s", path, error)
        return None
    found: dict[str, Any] = {}
    for key, entry in sections()["panel"].items():
        with contextlib.suppress(KeyError, msgspec.ValidationError):
            found[key] = msgspec.convert(values[key], entry.type)
    return PanelSettings(**found)
