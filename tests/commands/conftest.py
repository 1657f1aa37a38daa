# SPDX-License-Identifier: Apache-2.0
"""What every test of a command may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """An empty settings file, so that no test depends on what is installed here."""
    path = tmp_path / "unit.toml"
    path.write_text("")
    return path
