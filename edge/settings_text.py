# SPDX-License-Identifier: Apache-2.0
"""The settings in words: the commented default file and the reference page, both made from `settings.py`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta

from edge.settings import Settings

READ_FROM = ("Every command reads /etc/maskgate/maskgate.toml, or the file that --config names; without either the defaults count.",
             "A maskgate.toml in the folder where a command is typed is not read: a door must not depend on that folder.")
"""Which file counts, a sentence a line, for the file and the page."""


@dataclass(frozen=True)
class Setting:
    """One setting, as the texts and the reader need it."""

    section: str
    key: str
    type: Any
    """The annotated type, with its range: what `msgspec.convert` checks against."""
    meta: Meta
    default: Any

    @property
    def expected(self) -> str:
        """What may stand there, in words: type and range."""
        plain = get_args(self.type)[0]
        if get_origin(plain) is Literal:
            return "one of " + ", ".join(repr(value) if isinstance(value, str) else str(value) for value in get_args(plain))
        if get_origin(plain) is tuple:
            return f"a list of {len(get_args(plain))} numbers"
        if isinstance(plain, UnionType):
            return 'a BCM number (17), "GPIO17", "BOARD11", or "" for none'
        words = {str: "text in quotes", bool: "true or false", int: "a whole number", float: "a number"}[plain]
        if self.meta.ge is not None and self.meta.le is not None:
            words += f" from {self.meta.ge:g} to {self.meta.le:g}"
        return words


@cache
def sections() -> Mapping[str, Mapping[str, Setting]]:
    """Section → key → setting, in the order of `settings.py`."""
    return {section.name: {setting.key: setting for setting in _settings(section.name, section.default_factory)}
            for section in fields(Settings)}


def _settings(section: str, kind: Any) -> Iterator[Setting]:
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        annotated = hints[field.name]
        if get_origin(annotated) is not Annotated:
            raise TypeError(f"[{section}] {field.name} has no text")
        yield Setting(section, field.name, annotated, get_args(annotated)[1], field.default)


def toml_value(value: Any) -> str:
    """One value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the same escapes
    if isinstance(value, tuple | list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + "}"
    return str(value)  # numbers and dates


def settings_file(settings: Settings, *, comments: bool = True) -> str:
    """A whole maskgate.toml with these values; with `comments`, each setting explained above its line."""
    lines = ["# MaskGate: every setting with its default. Delete what you do not change.", *(f"# {line}" for line in READ_FROM), ""] if comments else []
    for section, known in sections().items():
        if comments:
            lines.append(f"# {_purpose(section)}")
        lines.append(f"[{section}]")
        for setting in known.values():
            if comments:
                lines += textwrap.wrap(f"{setting.meta.title}: {setting.expected}. {setting.meta.description}", 110,
                                       initial_indent="# ", subsequent_indent="# ")
            lines.append(f"{setting.key} = {toml_value(getattr(getattr(settings, section), setting.key))}")
        lines.append("")
    return "\n".join(lines)


def reference() -> str:
    """The reference page in Markdown: a table for each section."""
    lines = ["# Settings", "", "Every setting of `maskgate.toml`. This page is written by `maskgate config reference`.", "", *READ_FROM, ""]
    for section, known in sections().items():
        lines += [f"## [{section}]", "", _purpose(section), "", "| setting | what | may be | default |", "|---|---|---|---|"]
        lines += [f"| `{s.key}` | **{s.meta.title}.** {_cell(s.meta.description)} | {_cell(s.expected)} | `{toml_value(s.default)}` |"
                  for s in known.values()]
        lines.append("")
    return "\n".join(lines)


def _purpose(section: str) -> str:
    kind: Any = next(field.default_factory for field in fields(Settings) if field.name == section)
    return str(kind.__doc__).strip().splitlines()[0]


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")
