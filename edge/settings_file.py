# SPDX-License-Identifier: Apache-2.0
"""Reads maskgate.toml into Settings, and says of every mistake where it is and what would be right."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from edge.errors import MaskGateError, SettingsError
from edge.settings import Settings
from edge.settings_text import Setting, sections

INSTALLED = Path("/etc/maskgate/maskgate.toml")
"""Where `setup.sh install` puts the settings of a unit."""


def load_settings(path: Path | None) -> Settings:
    """Settings from `path`; without one from the installed file; without that the defaults.

    Raises:
        SettingsError: the file is missing or no TOML, or any section, key or value is wrong. All mistakes are
            named in one message, a line each.
    """
    if path is None:
        if not INSTALLED.is_file():
            return Settings()
        path = INSTALLED
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"Settings file {path}: cannot be read ({error.strerror}).",
                            hint="`maskgate config default > maskgate.toml` writes one with every setting.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"Settings file {path}: this is no TOML: {error}.") from error
    return settings_from(table, where=str(path))


def settings_from(table: Mapping[str, Any], where: str = "settings") -> Settings:
    """Settings from the tables of a parsed file, checked value by value and then against each other.

    Raises:
        SettingsError: see `load_settings`.
    """
    known = sections()
    mistakes: list[str] = []
    parts: dict[str, dict[str, Any]] = {}
    for section, values in table.items():
        if section not in known:
            mistakes.append(f"[{section}] is no section{_nearest(section, known)}.")
        elif not isinstance(values, Mapping):
            mistakes.append(f"{section} = {values!r} stands outside of any section; expected [{section}] and keys below it.")
        else:
            parts[section] = _read_section(section, values, known[section], mistakes)
    if mistakes:
        raise SettingsError("\n".join(f"{where}: {mistake}" for mistake in mistakes))
    defaults = Settings()
    settings = replace(defaults, **{name: replace(getattr(defaults, name), **values) for name, values in parts.items()})
    check_together(settings, where)
    return settings


def check_together(settings: Settings, where: str = "settings") -> None:
    """Whatever only shows when settings are seen side by side.

    Raises:
        SettingsError: naming both settings.
        PinError: a pin does not exist or is used twice.
    """
    door, trust, region = settings.door, settings.trust, settings.faces.region
    pairs = [
        (door.stay_min < door.pass_min, f"[door] stay_min = {door.stay_min} must lie below pass_min = {door.pass_min}"),
        (trust.light_min < trust.light_max, f"[trust] light_min = {trust.light_min} must lie below light_max = {trust.light_max}"),
        (min(region) >= 0 and region[2] > 0 and region[3] > 0 and region[0] + region[2] <= 1.0001 and region[1] + region[3] <= 1.0001,
         f"[faces] region = {list(region)} must lie inside the frame: left, top, width, height as shares from 0 to 1"),
    ]
    mistakes = [text for fits, text in pairs if not fits]
    if mistakes:
        raise SettingsError("\n".join(f"{where}: {mistake}." for mistake in mistakes))
    from edge.panel.pins import check_pins

    try:
        check_pins(settings.panel)
    except MaskGateError as error:
        error.args = (f"{where}: {error}",)
        raise


def _read_section(section: str, values: Mapping[str, Any], known: Mapping[str, Setting], mistakes: list[str]) -> dict[str, Any]:
    read = {}
    for key, value in values.items():
        if key not in known:
            mistakes.append(f"[{section}] {key} is no setting{_nearest(key, known)}.")
            continue
        try:
            read[key] = msgspec.convert(value, known[key].type)
        except msgspec.ValidationError:
            mistakes.append(f"[{section}] {key} = {value!r} does not fit; expected {known[key].expected}, default {known[key].default!r}.")
    return read


def _nearest(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else f"; there are: {', '.join(known)}"
