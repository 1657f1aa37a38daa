# SPDX-License-Identifier: Apache-2.0
"""What can still be read of the [panel] section in a settings file that is broken.

Only for turning everything off: a wrong guess of `relay_active_high` would pull the relay that is to be let go, so a
typing mistake elsewhere in the file must not lose the lines that are right.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from edge.settings import PanelSettings
from edge.settings_file import beginning_of
from edge.settings_text import sections


def salvage_panel(path: Path, before: PanelSettings | None = None) -> PanelSettings:
    """The panel settings of every line of [panel] that is right in itself. For the rest what was driven `before`, where that is
    known, or else defaults. Raises nothing.
    """
    try:
        lines = beginning_of(path).decode("utf-8-sig", errors="replace").splitlines()
    except OSError:
        lines = []
    known = sections()["panel"]
    read: dict[str, Any] = {}
    section = ""
    for line in lines:
        if line.strip().startswith("["):
            section = line.strip().removeprefix("[").split("]")[0].strip().strip("\"'")
            continue
        table = _one_line(line)
        values = table if section == "panel" else table.get("panel") if section == "" else None  # `panel.green_pin = 5`, `panel = {…}`
        for key, value in values.items() if isinstance(values, dict) else ():
            try:
                read[key] = msgspec.convert(value, known[key].type)
            except (KeyError, msgspec.ValidationError):
                continue
    return replace(before or PanelSettings(), **read)


def _one_line(line: str) -> dict[str, Any]:
    try:
        return tomllib.loads(line)
    except (ValueError, RecursionError):  # no TOML, or a number or brackets without end
        return {}
