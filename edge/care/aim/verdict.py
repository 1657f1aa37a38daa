# SPDX-License-Identifier: Apache-2.0
"""Holds what was measured against limits, and says for each item in one line what to do."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.care.aim.measure import Measured
from edge.care.doctor.result import Level
from edge.settings import TrustSettings


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a well-hung camera reaches."""

    pupils_px: float = 32.0
    """Least distance between the pupils."""
    angle_deg: float = 15.0
    """Most turn and most pitch."""
    lux: float = 200.0
    """Least light, where the camera tells it."""
    light: tuple[float, float] = (70.0, 210.0)
    """Brightness of a face that is lit well, 0 to 255."""
    back_light: float = 0.6
    """Least brightness of the face as a share of the background's."""
    sharpness: float = 30.0
    """Least sharpness: a face smeared by motion has 10, a sharp one 100 and more."""
    eyes_at: tuple[float, float] = (0.2, 0.6)
    """Where in the picture the eyes belong, from above: children and the tall must fit in, too."""
    inside: float = 0.98


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the verdict."""

    name: str
    found: str
    wanted: str
    word: str
    """`ok`, `dark` (a warning), `too dark` (a failure)."""
    level: Level
    """Warning: it works, less surely than it could. Failure: people will be told `unsure`."""
    remedy: str
    """Empty where it is well."""


def judge(measured: Measured, trust: TrustSettings, limits: Limits) -> tuple[Item, ...]:
    """Every item. A failure is beyond what `[trust]` accepts, a warning beyond `limits`."""
    return (_size(measured, trust, limits), _turn(measured, limits), _pitch(measured, limits), _light(measured, trust, limits),
            _back_light(measured, limits), _sharp(measured, trust, limits), _height(measured, limits))


def _item(name: str, found: str, wanted: str, how: str, *, bad: bool, worse: bool = False, remedy: str = "") -> Item:
    """`how` it is if it is not well, as an adjective."""
    if not (bad or worse):
        return Item(name, found, wanted, "ok", Level.OK, "")
    return Item(name, found, wanted, f"too {how}" if worse else how, Level.FAILURE if worse else Level.WARNING, remedy)


def _size(measured: Measured, trust: TrustSettings, limits: Limits) -> Item:
    far = f", about {measured.distance_m:.1f} m off" if measured.distance_m else ""
    return _item("size", f"{measured.pupils_px:.0f} px between the pupils{far}", f"at least {limits.pupils_px:.0f} px", "small",
                 bad=measured.pupils_px < limits.pupils_px, worse=measured.face_px < trust.face_px,
                 remedy="come nearer, hang the camera nearer, or ask for a larger picture in [camera]")


def _turn(measured: Measured, limits: Limits) -> Item:
    wanted = f"within {limits.angle_deg:.0f}°"
    if measured.turn_deg is None:
        return _item("turn", "not to be told", wanted, "unclear", bad=True, remedy="look at the camera")
    side = "straight" if abs(measured.turn_deg) < 3 else "the camera is on the face's " + ("left" if measured.turn_deg > 0 else "right")
    return _item("turn", f"{abs(measured.turn_deg):.0f}°, {side}", wanted, "sideways", bad=abs(measured.turn_deg) > limits.angle_deg,
                 remedy="look where people will look; then hang the camera nearer to that line")


def _pitch(measured: Measured, limits: Limits) -> Item:
    wanted = f"within {limits.angle_deg:.0f}°"
    if measured.pitch_deg is None:
        return _item("pitch", "not to be told", wanted, "unclear", bad=True, remedy="look at the camera")
    above = measured.pitch_deg > 0
    side = "level" if abs(measured.pitch_deg) < 3 else f"the camera is {'above' if above else 'below'} where the face looks"
    by_m = abs(math.sin(math.radians(measured.pitch_deg))) * measured.distance_m if measured.distance_m else None
    return _item("pitch", f"{abs(measured.pitch_deg):.0f}°, {side}", wanted, "steep", bad=abs(measured.pitch_deg) > limits.angle_deg,
                 remedy=f"hang the camera {'' if by_m is None else f'about {by_m:.1f} m '}{'lower' if above else 'higher'}, "
                        "to the height of the eyes of whoever looks straight ahead")


def _light(measured: Measured, trust: TrustSettings, limits: Limits) -> Item:
    least, most = limits.light
    lux = "" if measured.lux is None else f", {measured.lux:.0f} lux"
    wanted = f"{least:.0f} to {most:.0f}" + ("" if measured.lux is None else f", at least {limits.lux:.0f} lux")
    dim = measured.light < max(least, trust.light_min) or (measured.lux is not None and measured.lux < limits.lux)
    return _item("light", f"brightness {measured.light:.0f}{lux}", wanted, "dark" if dim else "bright", bad=dim or measured.light > most,
                 worse=not trust.light_min <= measured.light <= trust.light_max,
                 remedy="put a lamp above or beside the camera, towards the face" if dim else "take direct light off the face")


def _back_light(measured: Measured, limits: Limits) -> Item:
    wanted = f"face at least {limits.back_light:.0%} of the background"
    if not measured.background:
        return _item("back-light", "no background in the picture", wanted, "", bad=False)
    share = measured.light / measured.background
    return _item("back-light", f"face {share:.0%} of the background", wanted, "dark", bad=share < limits.back_light,
                 worse=share < limits.back_light / 2,
                 remedy="turn the camera away from the window or lamp behind the face, or light the face")


def _sharp(measured: Measured, trust: TrustSettings, limits: Limits) -> Item:
    return _item("sharpness", f"{measured.sharpness:.0f}", f"at least {limits.sharpness:.0f}", "blurred", bad=measured.sharpness < limits.sharpness,
                 worse=measured.sharpness < trust.sharpness_min,
                 remedy="stand still; if it stays, wipe the lens, focus it, and give more light for a shorter exposure")


def _height(measured: Measured, limits: Limits) -> Item:
    upper, lower = limits.eyes_at
    high, cut = measured.eyes_at < upper, measured.inside < limits.inside
    return _item("height", f"eyes at {measured.eyes_at:.0%} from above{', face cut off' if cut else ''}", f"{upper:.0%} to {lower:.0%}",
                 "high" if high else "low" if measured.eyes_at > lower else "far out", bad=high or measured.eyes_at > lower or cut, worse=measured.inside < 0.7,
                 remedy=f"tilt the camera {'up' if high else 'down'}, or hang it {'higher' if high else 'lower'}"
                 if high or measured.eyes_at > lower else "step into the middle of the picture, or further back")
