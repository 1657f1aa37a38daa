# SPDX-License-Identifier: Apache-2.0
"""Do the Python packages load, and are they built for the numpy that is there."""

from __future__ import annotations

from edge.care.doctor.context import Context
from edge.care.doctor.imports import Imported
from edge.care.doctor.result import Result, failure, together, warning

NAME = "packages"
AGAIN = "install again: `sudo ./setup.sh install`"
APT = {"picamera2": "python3-picamera2", "libcamera": "python3-libcamera", "lgpio": "python3-lgpio"}
"""Modules that come from apt: pip has none that work (docs/decisions.md)."""


def check(context: Context) -> Result:
    numpy = context.imports["numpy"].version or "?"
    results = [_judge(name, found, numpy) for name, found in context.imports.items()]
    versions = ", ".join(f"{name.partition('.')[0]} {found.version}".strip() for name, found in context.imports.items())
    return together(NAME, [result for result in results if result], versions)


def _judge(name: str, found: Imported, numpy: str) -> Result | None:
    if found.clash:
        return failure(NAME, f"{name} is built for another numpy than the {numpy} that is there ({found.error})",
                       f"numpy must be apt's: `/opt/maskgate/current/bin/pip uninstall numpy`, then {AGAIN}")
    if found.missing:
        package = APT.get(found.missing)
        return failure(NAME, f"{name} cannot be loaded: the module {found.missing} is missing",
                       f"`sudo apt install {package}`, and a venv with --system-site-packages" if package else AGAIN)
    if found.crashed:
        return failure(NAME, f"{name} crashes when it is loaded ({found.error})",
                       f"it is built for another processor or library: {AGAIN}")
    if found.slow:
        return warning(NAME, f"{name}: {found.error}", "run the doctor again; if it stays, look at the card and the memory below")
    if not found.good:
        return failure(NAME, f"{name} cannot be loaded: {found.error}", AGAIN)
    if found.said.get("empty"):
        return failure(NAME, "lgpio is an empty shell (version 0.0.0.2 from PyPI is)",
                       "`/opt/maskgate/current/bin/pip uninstall lgpio`, then `sudo apt install python3-lgpio`")
    return None
