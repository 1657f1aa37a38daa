# SPDX-License-Identifier: Apache-2.0
"""A command as it is typed, and what it left of the pins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.commands.main import main


def run(capfd: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """Exit code and standard error of one command."""
    code = main([str(word) for word in words])
    return code, capfd.readouterr().err


def pins_of(path: Path) -> dict[str, int]:
    """The last level of every output in a pins file."""
    return {line["pin"]: line["value"] for line in map(json.loads, path.read_text().splitlines())}


def assert_safe(path: Path) -> None:
    levels = pins_of(path)
    assert set(levels) == {"green", "amber", "red", "buzzer", "relay"}
    assert not any(levels.values())
