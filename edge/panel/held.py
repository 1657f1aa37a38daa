# SPDX-License-Identifier: Apache-2.0
"""The pins that a running program holds, noted where they outlive it.

`maskgate pins safe` reads the settings as they are now. If somebody has edited them since the program started and the program is then
killed, it would turn off the new pins and leave the old ones on. So the program notes which pins it drives. The note lies in the service's
runtime folder, in memory: a power cut takes both the note and the levels.
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
    """Write down what is about to be driven, whole or not at all. Where that cannot be written it is logged, and the unit starts anyway."""
    if path is None:
        return
    try:
        with whole(path) as part:
            part.write_bytes(msgspec.json.encode(settings))
    except OSError as error:
        log.warning("pins not noted path=%s error=%s", path, error.strerror)


def noted(path: Path | None) -> PanelSettings | None:
    """What the last program drove; None where no note can be read. The note may be another release's: a value that this one cannot take
    becomes the default.
    """
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
