# SPDX-License-Identifier: Apache-2.0
"""The rules that keep the rooms apart."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_after(statement: str) -> set[str]:
    """Top-level modules in memory after a fresh interpreter ran `statement`."""
    code = f"import sys\n{statement}\nprint(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=50).stdout.split())


def test_the_unit_needs_neither_tensorflow_nor_the_desktop_rooms() -> None:
    everything = ("import edge.daemon, edge.camera, edge.panel, edge.testing, edge.commands.parser, edge.report.save\n"
                  "edge.commands.parser.parser()\nimport edge.vision.faces, edge.vision.masks")
    assert not loaded_after(everything) & {"tensorflow", "keras", "trainer", "convert", "torch", "matplotlib", "sklearn"}


@pytest.mark.parametrize("statement", ["import edge.commands.parser as p; p.parser()", "import edge.commands.pins"])
def test_help_and_the_safe_pins_command_start_without_the_heavy_libraries(statement: str) -> None:
    assert not loaded_after(statement) & {"cv2", "numpy", "ai_edge_litert"}
