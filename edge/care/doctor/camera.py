# SPDX-License-Identifier: Apache-2.0
"""Does the camera open, deliver at its rate, expose well and see sharply."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from edge.care.doctor.context import Context
from edge.care.doctor.result import Result, failure, ok, together, warning
from edge.errors import CameraNotFound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.care.doctor.shots import Shots

NAME = "camera"
DARK, BRIGHT = 30.0, 225.0
"""Mean brightness of the picture, 0 to 255, outside of which its exposure is called wrong."""
SHARP_MIN = 10.0
"""Least focus score of a picture that has edges; rooms and streets in focus have 50 and more."""
LONG_US = 50_000
"""An exposure beyond 1/20 s smears whoever walks."""
FOCUS_PX = 640


def check(context: Context) -> Result:
    result = _look(context)
    if context.settings_error is None:
        return result
    return replace(result, found=f"by the defaults, as the settings cannot be read (source {context.settings.camera.source}): {result.found}")


def _look(context: Context) -> Result:
    if not context.imports["cv2"].good:
        return warning(NAME, "not looked at: OpenCV cannot be loaded", "see the packages above")
    if context.camera_taken:
        return ok(NAME, f"in the hands of the service, which says: {context.unit.get('StatusText') or 'nothing yet'} (stop it for a closer look)")
    shots = context.shots
    if shots.error is not None:
        return _no_frames(context)
    assert shots.last is not None
    image = shots.last.image
    light, focus = float(image[::4, ::4].mean()), focus_score(image)
    exposure = shots.last.metadata.get("ExposureTime")
    results = [*_rate(context, shots), *_picture(shots, light, focus)]
    if isinstance(exposure, int | float) and exposure > LONG_US:
        results.append(warning(NAME, f"it exposes for {exposure / 1000:.0f} ms, which smears whoever walks", "give the site more light"))
    seen = f"{image.shape[1]}x{image.shape[0]}, {shots.frames} frames" + (f" at {shots.rate_fps:.1f} a second" if shots.live else "")
    return together(NAME, results, f"{seen}, brightness {light:.0f}, focus {focus:.0f}"
                    + (f", exposure {exposure / 1000:.0f} ms" if isinstance(exposure, int | float) else ""))


def focus_score(image: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of the whole picture at 640 px: below 10 out of focus, 50 and more sharp."""
    import cv2

    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    scale = FOCUS_PX / max(grey.shape)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def _no_frames(context: Context) -> Result:
    error = context.shots.error
    assert error is not None
    if isinstance(error, CameraNotFound) and context.settings.camera.source == "picamera":
        boot = context.text("/boot/firmware/config.txt") or ""
        if re.search(r"^\s*start_x\s*=\s*1", boot, re.MULTILINE):
            return failure(NAME, f"{error} The legacy camera is switched on", "delete start_x=1 from /boot/firmware/config.txt and reboot")
        if re.search(r"^\s*camera_auto_detect\s*=\s*0", boot, re.MULTILINE) and not re.search(r"^\s*dtoverlay\s*=\s*(imx|ov)\d", boot, re.MULTILINE):
            return failure(NAME, f"{error} Cameras are not looked for at boot", "set camera_auto_detect=1 in /boot/firmware/config.txt and reboot")
    return failure(NAME, str(error), error.hint)


def _rate(context: Context, shots: Shots) -> list[Result]:
    asked = context.settings.camera.rate_fps
    if not shots.live or not shots.rate_fps or shots.rate_fps >= asked / 2:
        return []
    return [warning(NAME, f"it delivers {shots.rate_fps:.1f} frames a second, asked for were {asked:g}",
                    "give the site more light (a camera slows down in the dark), or ask for a smaller picture in [camera]")]


def _picture(shots: Shots, light: float, focus: float) -> list[Result]:
    if shots.fault is not None:
        return [failure(NAME, shots.fault.what, shots.fault.hint)]
    if not DARK <= light <= BRIGHT:
        how = "dark" if light < DARK else "bright"
        return [warning(NAME, f"the picture is too {how} (mean brightness {light:.0f} of 255)",
                        "give the site more light" if how == "dark" else "turn the camera away from the window or lamp")]
    if focus < SHARP_MIN:
        return [warning(NAME, f"the picture is not sharp (focus score {focus:.0f}, expected at least {SHARP_MIN:.0f})",
                        "peel off the lens's film, wipe it, and turn it until `maskgate aim` shows the highest sharpness")]
    return []
