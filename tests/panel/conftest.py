# SPDX-License-Identifier: Apache-2.0
"""The stand-in for lgpio, where gpiozero and the panel look for the module."""

from __future__ import annotations

import sys

import pytest
from panel_stand_ins import FakeLgpio


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch) -> FakeLgpio:
    """A Raspberry Pi 3B with one chip: `lgpio.levels[22]` is a meter on a pin."""
    fake = FakeLgpio()
    monkeypatch.setitem(sys.modules, "lgpio", fake)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", lambda: 0xA02082)
    return fake
