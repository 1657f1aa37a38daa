# SPDX-License-Identifier: Apache-2.0
"""Frame: one picture on its way from the camera to judging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture and the moment it was taken.

    Whoever receives a frame owns its image: a source never writes into it again.
    """

    image: NDArray[np.uint8]
    """`uint8` of shape (height, width, 3), channels in the order blue, green, red."""
    t: float
    """Seconds on the source's own monotonic clock: every rule of the door counts in this time."""
    seq: int
    """0, 1, 2, … as delivered by the source; a gap means frames dropped."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What the sensor says (`ExposureTime`, `Lux`, …); empty where the source knows nothing."""
    small: NDArray[np.uint8] | None = None
    """The same picture, smaller, where the camera's own scaler made one (Picamera2's lores); else None."""
