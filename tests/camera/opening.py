# SPDX-License-Identifier: Apache-2.0
"""Opens a camera by its source alone."""

from __future__ import annotations

from edge.camera import open_camera
from edge.settings import CameraSettings


def opened(source, fast=True, **settings):
    return open_camera(CameraSettings(source=str(source), **settings), fast=fast)
