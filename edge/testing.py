# SPDX-License-Identifier: Apache-2.0
"""Twins of the parts that need hardware or a model, for our tests and for whoever builds on MaskGate.

    camera = ReplayedCamera.still(image, frames=30, rate_fps=10)
    vision = Vision(ScriptedDetector([[face]] * 30), ScriptedClassifier([[BARE]] * 30), TrustSettings())
    with RecordingPanel(PanelSettings()) as panel:
        watch(camera, vision, DoorSettings(), panel)
    assert panel.states[-1] == "violation"
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edge.frame import Frame
from edge.look import Box, Face, Probabilities
from edge.panel.recording import RecordingPanel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BARE", "MASKED", "WRONG", "RecordingPanel", "ReplayedCamera", "ScriptedClassifier", "ScriptedDetector", "face_at"]

MASKED = Probabilities(0.97, 0.02, 0.01)
WRONG = Probabilities(0.05, 0.90, 0.05)
BARE = Probabilities(0.01, 0.03, 0.96)


def face_at(x: float, y: float, size: float = 100.0, score: float = 0.9) -> Face:
    """A frontal face whose box has its left upper corner at (x, y) and is `size` pixels wide and high."""
    def at(across: float, down: float) -> tuple[float, float]:
        return x + across * size, y + down * size

    return Face(Box(x, y, size, size), (at(0.3, 0.4), at(0.7, 0.4), at(0.5, 0.6), at(0.35, 0.8), at(0.65, 0.8)), score)


class ReplayedCamera:
    """Hands out given frames, then ends, or fails as a camera would."""

    live = False

    def __init__(self, frames: Iterable[Frame], then: BaseException | None = None) -> None:
        self._frames, self._then = list(frames), then
        self.dropped = 0
        self.closed = False

    @classmethod
    def still(cls, image: NDArray[np.uint8], frames: int, rate_fps: float = 10.0, then: BaseException | None = None) -> Self:
        """The same picture again and again."""
        return cls((Frame(image, seq / rate_fps, seq) for seq in range(frames)), then)

    def frames(self, waiting: Callable[[], None] | None = None) -> Iterator[Frame]:
        for frame in self._frames:
            if self.closed:
                return
            if waiting:
                waiting()
            yield frame
        if self._then:
            raise self._then

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class ScriptedDetector:
    """Finds what its script says, one entry a call; the last entry holds from then on."""

    def __init__(self, script: Sequence[Sequence[Face]]) -> None:
        self._script, self.calls = script, 0

    def find(self, image: NDArray[np.uint8], smaller: NDArray[np.uint8] | None = None) -> list[Face]:
        faces = self._script[min(self.calls, len(self._script) - 1)]
        self.calls += 1
        return list(faces)


class ScriptedClassifier:
    """Judges as its script says, one entry a call; the last entry holds from then on."""

    def __init__(self, script: Sequence[Sequence[Probabilities]]) -> None:
        self._script, self.calls = script, 0

    def judge(self, image: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Probabilities]:
        judged = self._script[min(self.calls, len(self._script) - 1)]
        self.calls += 1
        return list(judged)[:len(boxes)]
