# SPDX-License-Identifier: Apache-2.0
"""Reads maskgate.toml into Settings, and says of every mistake where it is and what would be right."""

from __future__ import annotations

import difflib
import stat
import tomllib
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge.errors import MaskGateError, ModelError, PinError, SettingsError
from edge.reading import content_of, reading
from edge.settings import Settings
from edge.settings_text import Setting, sections, toml_value

INSTALLED = Path("/etc/maskgate/maskgate.toml")
"""Where `setup.sh install` puts the settings of a unit."""
MOST_BYTES = 2**20
"""Of a settings file: the one with every setting and its comment has a hundredth of that."""
SILENT_FRAMES = 2
"""So many frames should be missing before a camera counts as silent: one may always be late."""
DEFAULT = "`maskgate config default > maskgate.toml` writes one with every setting."


def load_settings(path: Path | None, *, models: bool = False) -> Settings:
    """Settings from `path`; without one from the installed file; without that the defaults.

    Args:
        models: a model file that is named and missing is a mistake, too. Whoever loads it finds out anyway.

    Raises:
        SettingsError: the file is missing or no TOML, or any section, key or value is wrong. All mistakes are
            named in one message, a line each.
        PinError, ModelError: the same, where no other mistakes were found than in pins, or in the names of models.
        CardError: the card fails while they are read.
    """
    if path is None:
        with reading(f"Settings file {INSTALLED}"):
            there = INSTALLED.is_file()
        if not there:
            return Settings()
        path = INSTALLED
    return settings_from(_table(path), where=str(path), models=models)


def beginning_of(path: Path) -> bytes:
    """A settings file's first `MOST_BYTES`, and one more where it is longer.

    Raises:
        OSError: it is no file, or cannot be read.
    """
    return content_of(path, MOST_BYTES + 1)


def _table(path: Path) -> dict[str, Any]:
    try:
        with reading(f"Settings file {path}"):
            content = beginning_of(path)
    except OSError as error:
        raise SettingsError(f"Settings file {path}: cannot be read ({error.strerror}).", hint=DEFAULT) from error
    if len(content) > MOST_BYTES:
        raise SettingsError(f"Settings file {path}: longer than {MOST_BYTES // 2**20} MiB, expected some ten kilobytes of TOML.", hint=DEFAULT)
    try:
        return tomllib.loads(content.decode("utf-8-sig"))  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise SettingsError(f"Settings file {path}: this is no TOML: expected text in UTF-8.", hint="Save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:  # also a number or brackets without end
        raise SettingsError(f"Settings file {path}: this is no TOML: {error}.") from error


def settings_from(table: Mapping[str, Any], where: str = "settings", *, models: bool = False) -> Settings:
    """Settings from the tables of a parsed file, checked value by value and then against each other.

    Raises:
        SettingsError: see `load_settings`.
    """
    known = sections()
    mistakes: list[MaskGateError] = []
    wrong: set[str] = set()
    settings = Settings()
    for section, values in table.items():
        if section in known and isinstance(values, Mapping):
            read = _read_section(section, values, known[section])
            settings = replace(settings, **{section: replace(getattr(settings, section), **read.values)})
            mistakes += read.mistakes
            wrong |= read.wrong
        else:
            mistakes.append(SettingsError(_outside(section, values)))
    mistakes += _mistakes_together(settings, wrong)
    if models:
        mistakes += _wrong_models(settings)
    _complain(mistakes, where)
    return settings


def check_together(settings: Settings, where: str = "settings") -> None:
    """Whatever only shows when settings are seen side by side.

    Raises:
        SettingsError: naming both settings.
        PinError: a pin does not exist or is used twice.
    """
    _complain(_mistakes_together(settings, set()), where)


def doubtful(settings: Settings) -> list[tuple[str, str]]:
    """What may be set and will hardly do what was meant; for each, what is so and what to do about it."""
    panel, camera, found = settings.panel, settings.camera, []
    unwired = ('[panel] kind is "none"' if panel.kind == "none" else
               '[panel] relay_pin is ""' if isinstance(panel.relay_pin, str) and not panel.relay_pin.strip() else "")
    if settings.door.mode == "refuse" and unwired:
        found.append((f'[door] mode = "refuse" keeps nobody out, as no relay is wired ({unwired}): the unit does what it does in "remind"',
                      'wire a relay and name its pin in [panel], or set mode = "remind"'))
    # Many webcams come faster than they are asked to, so that it may well work.
    if camera.silence_s * camera.rate_fps < SILENT_FRAMES:
        found.append((f"[camera] silence_s = {camera.silence_s} is over before {SILENT_FRAMES} frames can come at rate_fps = {camera.rate_fps}: "
                      "a camera that is well may count as silent", f"set silence_s = {SILENT_FRAMES / camera.rate_fps:g} or more"))
    return found


def _complain(mistakes: Sequence[MaskGateError], where: str) -> None:
    """Raise all mistakes as one error: of their own kind where they are of one kind."""
    if not mistakes:
        return
    kinds = {type(mistake) for mistake in mistakes}
    kind, hint = (kinds.pop(), mistakes[0].hint) if len(kinds) == 1 else (SettingsError, None)
    raise kind("\n".join(f"{where}: {line}" for mistake in mistakes for line in str(mistake).splitlines()), hint=hint)


def _mistakes_together(settings: Settings, wrong: Set[str]) -> list[MaskGateError]:
    """`wrong`: settings, as `section.key`, that have a mistake of their own; their defaults are compared with nothing."""
    door, trust, region = settings.door, settings.trust, settings.faces.region
    rules = [
        (("door.stay_min", "door.pass_min"), door.stay_min < door.pass_min,
         f"[door] stay_min = {door.stay_min} must lie below pass_min = {door.pass_min}."),
        (("door.looks_min", "door.answer_s", "camera.rate_fps"), (door.looks_min - 1) / settings.camera.rate_fps <= door.answer_s,
         f"[door] looks_min = {door.looks_min} takes longer than answer_s = {door.answer_s} at [camera] rate_fps = {settings.camera.rate_fps}."),
        (("door.smooth_s", "door.answer_s"), 2 * door.smooth_s <= door.answer_s,
         f"[door] smooth_s = {door.smooth_s} must be at most half of answer_s = {door.answer_s}, or a mask taken off is noticed too late."),
        (("trust.light_min", "trust.light_max"), trust.light_min < trust.light_max,
         f"[trust] light_min = {trust.light_min} must lie below light_max = {trust.light_max}."),
        (("faces.region",), min(region) >= 0 and region[2] > 0 and region[3] > 0 and region[0] + region[2] <= 1.0001 and region[1] + region[3] <= 1.0001,
         f"[faces] region = {list(region)} must lie inside the frame: left, top, width, height as shares from 0 to 1."),
        (("report.events",), "://" not in settings.report.events,
         f"[report] events = {toml_value(settings.report.events)} is an address, and MaskGate sends nothing anywhere; expected a file, "
         "such as /var/lib/maskgate/events.jsonl, which another program may read and send."),
    ]
    mistakes: list[MaskGateError] = [SettingsError(text) for keys, fits, text in rules if not fits and wrong.isdisjoint(keys)]
    from edge.panel.pins import check_pins

    unwired: dict[str, Any] = {name.removeprefix("panel."): "" for name in wrong if name.startswith("panel.") and name.endswith("_pin")}
    try:
        check_pins(replace(settings.panel, **unwired))
    except PinError as error:
        mistakes.append(error)
    return mistakes


def _wrong_models(settings: Settings) -> list[MaskGateError]:
    """Paths that lead to no file; whether a file is the model that it should be, and what it must offer, is told when it is opened."""
    named = {"faces": settings.faces.model, "masks": settings.masks.model}
    return [ModelError(f"[{section}] model = {toml_value(name)}: {fault}.") for section, name in named.items() if name and (fault := _no_file(Path(name)))]


def _no_file(path: Path) -> str:
    """What keeps this path from being a file; empty if nothing does."""
    try:
        with reading(str(path)):
            mode = path.stat().st_mode
        return "" if stat.S_ISREG(mode) else f"it is a {'folder' if stat.S_ISDIR(mode) else 'device'}, expected a file"
    except PermissionError:  # a home is closed to the service
        return "whoever runs this may not look there; put it where everybody can read it, such as /etc/maskgate"
    except OSError:
        return "there is no such file"


class _Section(NamedTuple):
    """What a section of a file holds."""

    values: dict[str, Any]
    mistakes: list[MaskGateError]
    wrong: set[str]
    """Settings with a mistake of their own, as `section.key`."""


def _read_section(section: str, values: Mapping[str, Any], known: Mapping[str, Setting]) -> _Section:
    read = _Section({}, [], set())
    for key, value in values.items():
        if key not in known:
            read.mistakes.append(SettingsError(f"[{section}] {key} is no setting{_nearest(key, known)}."))
        elif isinstance(value, str) and "\0" in value:
            read.wrong.add(f"{section}.{key}")
            read.mistakes.append(SettingsError(f"[{section}] {key}: there is a NUL in it, which no name has."))
        else:
            try:
                read.values[key] = msgspec.convert(value, known[key].type)
            except msgspec.ValidationError:
                read.wrong.add(f"{section}.{key}")
                read.mistakes.append(SettingsError(f"[{section}] {key} = {toml_value(value)} does not fit; "
                                                   f"expected {known[key].expected}, default {toml_value(known[key].default)}."))
    return read


def _outside(name: str, value: object) -> str:
    """What is wrong with something at the top of the file that is no section of ours."""
    known = sections()
    if isinstance(value, Mapping):
        return f"[{name}] is no section{_nearest(name, known)}."
    if name in known:
        return f"{name} stands outside of any section; expected [{name}] and keys below it."
    owners = " or ".join(f"[{section}]" for section, keys in known.items() if name in keys)
    if owners:
        return f"{name} stands outside of any section; it belongs below {owners}."
    return f"{name} stands outside of any section, and is no setting."


def _nearest(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else f"; there are: {', '.join(known)}"
