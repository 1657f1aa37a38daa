# SPDX-License-Identifier: Apache-2.0
"""The machines that several files of tests/pi try things on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from box import INPUT, Box, copy_checkout, install, need_containers


@pytest.fixture(scope="session")
def clip(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Minutes of the demo's walk, so that the service does not come to its end while a test looks at it."""
    import cv2

    out = tmp_path_factory.mktemp("clip") / "clip.mp4"
    reader = cv2.VideoCapture(str(project / "edge" / "demo" / "door.mp4"))
    frames = []
    while True:
        good, frame = reader.read()
        if not good:
            break
        frames.append(frame)
    assert frames, "edge/demo/door.mp4 holds no frames"
    rate_fps = reader.get(cv2.CAP_PROP_FPS)
    writer = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"mp4v"), rate_fps, (frames[0].shape[1], frames[0].shape[0]))
    for _ in range(int(180 * rate_fps / len(frames)) + 1):
        for frame in frames:
            writer.write(frame)
    writer.release()
    return out


@pytest.fixture(scope="session", params=["trixie", "bookworm"])
def box(request: pytest.FixtureRequest, project: Path, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A machine on which MaskGate was installed, with a clip for a camera and mock pins."""
    need_containers()
    source = tmp_path_factory.mktemp("source")
    copy_checkout(project, source)
    shutil.copy(clip, source / "clip.mp4")
    box = Box(request.param, source)
    box.up()
    try:
        box.run("install", "-D", "-m", "644", "/src/clip.mp4", f"{INPUT}/clip.mp4")
        install(box, f'[camera]\nsource = "{INPUT}/clip.mp4"\n[panel]\nkind = "mock"\n')
        yield box
    finally:
        box.down()
