# SPDX-License-Identifier: Apache-2.0
"""Python with the network in Keras, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

# TensorFlow warns about itself at import and keeps threads; a process of its own leaves the other tests alone.
HEAD = """
import numpy as np, sys
from pathlib import Path
from trainer.faces.plan import Plan
from trainer.faces.network import build, put_weights, take_weights
from trainer.faces.weights import random_weights, grow
TINY = Plan(stem=4, stages=((4, 6), (6, 8), (8, 8), (8, 8), (8, 8)), shared=(0, 1, 0))
"""


def run(code: str, *arguments: str) -> str:
    """Run code after HEAD; what it printed."""
    done = subprocess.run([sys.executable, "-c", HEAD + code, *arguments], capture_output=True, text=True, timeout=55, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
