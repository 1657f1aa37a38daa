# SPDX-License-Identifier: Apache-2.0
"""Minutes of the demo's walk, so that the service does not come to the end of its clip while a test looks at it."""

from __future__ import annotations

from pathlib import Path

import cv2


def write_walk(project: Path, out: Path, *, seconds: float, from_s: float = 0.0) -> None:
    """The demo's clip again and again, `seconds` of it and a little more, each round from `from_s` on."""
    reader = cv2.VideoCapture(str(project / "edge" / "demo" / "door.mp4"))
    frames = []
    while (got := reader.read())[0]:
        frames.append(got[1])
    assert frames, "edge/demo/door.mp4 holds no frames"
    rate_fps = reader.get(cv2.CAP_PROP_FPS)
    first = round(from_s * rate_fps)
    frames = frames[first:] + frames[:first]
    writer = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"mp4v"), rate_fps, (frames[0].shape[1], frames[0].shape[0]))
    for _ in range(int(seconds * rate_fps / len(frames)) + 1):
        for frame in frames:
            writer.write(frame)
    writer.release()
