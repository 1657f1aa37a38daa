# SPDX-License-Identifier: Apache-2.0
"""Whether colours are welcome where a command writes."""

from __future__ import annotations

import os
from typing import IO


def coloured(stream: IO[str]) -> bool:
    """A terminal, and nobody has asked for none (the variable NO_COLOR, see no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")
