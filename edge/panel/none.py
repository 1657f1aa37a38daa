# SPDX-License-Identifier: Apache-2.0
"""No panel: for a unit that only writes events, or a machine that only judges."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from edge.door.state import Decision


class NoPanel:
    """Takes every decision and shows nothing."""

    def show(self, decision: Decision, t: float) -> None:
        """Nothing."""

    def tick(self, t: float) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
