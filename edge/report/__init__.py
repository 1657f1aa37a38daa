# SPDX-License-Identifier: Apache-2.0
"""Report: tells others what happened. Everything here is a subscriber: called after the panel, never in its way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge.door.state import Decision
from edge.frame import Frame
from edge.look import Look

Subscriber = Callable[[Frame, Sequence[Look], Decision], None]
"""Called once for each decided frame, in the loop's own thread: must be quick."""
