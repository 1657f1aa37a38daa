# SPDX-License-Identifier: Apache-2.0
"""The door is pure code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import edge.door


def test_importing_the_door_pulls_in_no_picture_no_pin_and_no_thread():
    program = (
        "import sys; before = set(sys.modules); import edge.door;"
        "print(*sorted(name.split('.')[0] for name in set(sys.modules) - before))")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "edge" in loaded
    assert not loaded & {"cv2", "numpy", "gpiozero", "lgpio", "tensorflow", "ai_edge_litert", "threading", "socket"}


def test_no_file_of_the_door_asks_for_the_time_or_opens_anything():
    for path in Path(edge.door.__file__).parent.glob("*.py"):
        text = path.read_text()
        for word in ("import time", "datetime", "import random", "open(", "print(", "threading", "logging"):
            assert word not in text, f"{path.name}: {word}"
