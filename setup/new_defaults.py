# SPDX-License-Identifier: Apache-2.0
"""What a new release's defaults mean for settings that are kept: `new_defaults.py OLD NEW SETTINGS`, three TOML files.

A line for each setting that is new, was taken away, or has another default now while the kept file says something else.
Nothing is changed. Needs no package, so that it runs with any Python of a unit.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def flat(text: str) -> dict[str, object]:
    """`[section] key` → value."""
    return {f"[{section}] {key}": value for section, values in tomllib.loads(text).items() for key, value in values.items()}


def report(old: dict[str, object], new: dict[str, object], kept: dict[str, object]) -> list[str]:
    """One line a difference, in the order of the new defaults; those that are gone last.

    >>> report({"[a] x": 1}, {"[a] x": 2, "[a] y": 3}, {"[a] x": 1})
    ['changed default: [a] x = 2 (was 1; your settings say 1, which stays)', 'new setting: [a] y = 3']
    """
    lines = []
    for name, value in new.items():
        if name not in old:
            lines.append(f"new setting: {name} = {in_toml(value)}")
        elif old[name] != value and name in kept and kept[name] != value:
            lines.append(f"changed default: {name} = {in_toml(value)} (was {in_toml(old[name])}; your settings say {in_toml(kept[name])}, which stays)")
        elif old[name] != value and name not in kept:
            lines.append(f"changed default: {name} = {in_toml(value)} (was {in_toml(old[name])}; your settings leave it out, so it counts from now on)")
    return lines + [f"gone: {name}" for name in old if name not in new]


def in_toml(value: object) -> str:
    """As it would stand in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def main() -> None:
    for line in report(*(flat(Path(name).read_text(encoding="utf-8-sig")) for name in sys.argv[1:4])):  # as the unit reads settings
        print(f"    {line}")


if __name__ == "__main__":
    main()
