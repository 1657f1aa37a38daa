# SPDX-License-Identifier: Apache-2.0
"""The machines that several files of tests/pi try things on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from box import INPUT, Box, copy_checkout, install, need_containers
from walk import write_walk


@pytest.fixture(scope="session")
def clip(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_walk(project, out, seconds=180)
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
