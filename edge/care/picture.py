# SPDX-License-Identifier: Apache-2.0
"""Watches whether a live camera still shows the world: black, covered or frozen pictures.

    watch = PictureWatch(live=camera.live)
    fault = watch.step(frame.t, frame.image)     # None, or a row of the table in faults.py

Pure but for what it remembers: the last few thousand samples, and since when something is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from edge.care.faults import FAULTS, Fault

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GRID = 40
"""Samples along the longer side, so that a frame of any size costs the same."""
BLACK_MEAN = 6.0
"""Mean of all samples, 0 to 255. A lamp or a window anywhere in the picture lifts it above."""
FLAT_STEP = 12.0
"""A lens is covered where 49 in 50 differences between neighbouring blocks are no larger than this (see `largest_steps`). Behind a hand,
tape or a cap there are no edges: at most 5 with strong noise and light from one side. Thirty clips of rooms, shops and streets never
fall below 38."""
SAME_SHARE = 0.005
"""Share of samples in which the pictures of a frozen camera may differ from the first of them: a clock drawn into the picture runs on."""
DARK_S, FROZEN_S = 5.0, 30.0
"""How long it must last. Somebody may lean against the camera for a moment; a network camera with a good codec may send
the very same picture for some seconds where nothing moves."""


class _Lasting(NamedTuple):
    """What has been wrong without a break, and since when."""

    frozen: bool
    """True: nothing moves. False: nothing is to be seen, be it black or covered."""
    since: float
    """Seconds of frame time."""


class PictureWatch:
    """What is wrong with the pictures of one camera, and since when."""

    def __init__(self, *, live: bool = True) -> None:
        """`live` False: a file is what it is, and `step` never complains."""
        self._live = live
        self._first: NDArray[np.uint8] | None = None
        """Samples of the picture since which nothing has moved."""
        self._lasts: _Lasting | None = None

    def step(self, t: float, image: NDArray[np.uint8]) -> Fault | None:
        """Look at one picture.

        Args:
            t: seconds of frame time.
            image: `uint8` BGR (height, width, 3), of any size; it is not kept.

        Returns:
            The fault that has lasted long enough; None as soon as a picture is well again. Black and covered pictures are counted
            together: behind a cap the one becomes the other when somebody switches the light.
        """
        if not self._live:
            return None
        # The green channel: nearest to brightness, and the one with most of the sensor's pixels.
        step = max(1, max(image.shape[:2]) // GRID)
        samples = image[::step, ::step, 1]
        code = self._wrong(samples, image, step)
        if not code:
            self._lasts = None
            return None
        frozen = code == "picture-frozen"
        if self._lasts is None or self._lasts.frozen is not frozen:
            self._lasts = _Lasting(frozen, t)
        return FAULTS[code] if t - self._lasts.since >= (FROZEN_S if frozen else DARK_S) else None

    def _wrong(self, samples: NDArray[np.uint8], image: NDArray[np.uint8], step: int) -> str:
        if samples.mean() <= BLACK_MEAN:
            return "picture-black"
        if largest_steps(image, step) <= FLAT_STEP:
            return "lens-covered"
        first = self._first
        if first is not None and first.shape == samples.shape and (first != samples).mean() <= SAME_SHARE:
            return "picture-frozen"
        self._first = samples.copy()    # a slice would keep the whole frame in memory
        return ""


def largest_steps(image: NDArray[np.uint8], step: int) -> float:
    """The 98th percentile of the differences between neighbouring blocks, 0 to 255; noise is averaged away within them."""
    import cv2
    import numpy as np

    fine = max(1, step // 8)    # 64 pixels of a block stand for all of them
    green = np.ascontiguousarray(image[::fine, ::fine, 1])
    size = (max(2, image.shape[1] // step), max(2, image.shape[0] // step))
    blocks = cv2.resize(green, size, interpolation=cv2.INTER_AREA).astype(np.int16)
    steps = np.concatenate([np.abs(np.diff(blocks, axis=0)).ravel(), np.abs(np.diff(blocks, axis=1)).ravel()])
    return float(np.percentile(steps, 98))
