# SPDX-License-Identifier: Apache-2.0
"""Light and distance: if somebody stands before the camera just now, is the face large and bright enough to judge."""

from __future__ import annotations

from edge.care.aim import FOV_DEG
from edge.care.doctor.context import Context
from edge.care.doctor.result import Level, Result, ok, together, warning
from edge.errors import MaskGateError

NAME = "light and distance"


def check(context: Context) -> Result:
    if context.camera_taken:
        return ok(NAME, "not looked at: the service has the camera")
    if not context.imports["cv2"].good or context.shots.last is None:
        return warning(NAME, "not looked at: there is no picture", "see the packages and the camera above")
    from edge.care.aim.measure import measure
    from edge.care.aim.verdict import Limits, judge

    frame = context.shots.last
    try:
        faces = context.open_faces(context.settings.faces).find(frame.image, frame.small)
    except MaskGateError:
        return warning(NAME, "not looked at: the face detector cannot be loaded", "see the models above")
    measured = measure(frame, faces[0], FOV_DEG) if faces else None
    if measured is None:
        return ok(NAME, "nobody stands before the camera; `maskgate aim` shows all of it while somebody does")
    items = judge(measured, context.settings.trust, Limits())
    # Here a wish is only a wish: whoever walks by while the doctor looks was not asked to pose.
    results = [warning(NAME, f"{item.name}: {item.found}, expected {item.wanted}", item.remedy) for item in items if item.level is not Level.OK]
    return together(NAME, results, ", ".join(item.found for item in items[:1] + items[3:5]))
