# SPDX-License-Identifier: Apache-2.0
"""Every setting: title, reason, unit (in its name), range and default, in one place.

The same text validates `maskgate.toml`, writes the commented default file and makes `docs/settings.md`
(`edge/settings_text.py`); reading a file and its error messages are in `edge/settings_file.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta


def about(title: str, why: str, ge: float | None = None, le: float | None = None) -> Meta:
    """What the operator reads about one setting, and the range it must lie in."""
    return Meta(title=title, description=why, ge=ge, le=le)


@dataclass(frozen=True, kw_only=True)
class CameraSettings:
    """Where frames come from."""

    source: Annotated[str, about(
        "Source of frames",
        "`picamera`; a number or /dev/video* for a webcam; an rtsp:// or http:// address; a video file; a folder or "
        "a pattern (`*.jpg`) of stills. `credential:NAME` is what /etc/maskgate/secrets/NAME holds, for an address with a password.")] = "picamera"
    width_px: Annotated[int, about(
        "Width asked of a camera", "640 keeps a face at two metres above the minimum and a Zero 2 W within its memory.",
        160, 4096)] = 640
    height_px: Annotated[int, about("Height asked of a camera", "See `width_px`.", 120, 3072)] = 480
    rate_fps: Annotated[float, about(
        "Frames a second asked of a camera", "Judging takes the newest frame, so more than the unit can judge only costs heat.",
        1, 60)] = 15.0
    rotate_deg: Annotated[Literal[0, 90, 180, 270], about(
        "Turn the picture clockwise", "For a camera that hangs on its side or upside down.")] = 0
    silence_s: Annotated[float, about(
        "Longest wait for a frame",
        "A live camera that says nothing for so long has stopped; the unit shows a fault and starts again. Above 5.5 "
        "the service's watchdog is first, and only starts again.",
        0.5, 60)] = 5.0


@dataclass(frozen=True, kw_only=True)
class FacesSettings:
    """How faces are found."""

    model: Annotated[str, about(
        "Face detector", "An ONNX file that cv2.FaceDetectorYN can read. Empty: the one that ships with MaskGate.")] = ""
    long_side_px: Annotated[int, about(
        "Size of the picture that is searched",
        "The frame is scaled to this long side first. 320 finds nine in ten faces of 28 to 32 px in a 640 px frame; 160 "
        "is two to four times as fast and sees half as far.",
        96, 1280)] = 320
    score_min: Annotated[float, about(
        "Least score of a face",
        "0.6 suits the detector that ships, and any YuNet. OpenCV's own default of 0.9 loses more than half of the "
        "masked faces; below 0.5 hands and bags become faces.",
        0.3, 0.95)] = 0.6
    min_face_px: Annotated[float, about(
        "Smallest face in range",
        "Shorter side of the face in pixels of the frame: 28 is 2.6 m before a Camera Module 3 at 640 px. Whoever is "
        "further off is not asked to wear anything. From here to `face_px` of [trust] the unit can only ask to come "
        "nearer.",
        12, 400)] = 28.0
    max_faces: Annotated[int, about("Most faces in one frame", "The largest are kept, so that a crowd costs a bounded time.", 1, 10)] = 10
    region: Annotated[tuple[float, float, float, float], about(
        "Part of the frame that counts",
        "Left, top, width, height as shares of the frame (0 to 1). A face counts when its centre is inside. Cut away a "
        "poster, a screen or a busy street.")] = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class MasksSettings:
    """How a face is judged."""

    model: Annotated[str, about(
        "Mask classifier", "A .tflite file made by `maskgate-convert`. Empty: the one that ships with MaskGate.")] = ""
    threads: Annotated[int, about("Processor threads", "Two leave the others to the camera and the detector.", 1, 4)] = 2


@dataclass(frozen=True, kw_only=True)
class TrustSettings:
    """When one look at a face is good enough to decide by; otherwise it counts as unsure."""

    face_px: Annotated[float, about(
        "Smallest face that is trusted", "Shorter side in pixels of the frame. The classifier was measured down to this size.", 16, 400)] = 32.0
    light_min: Annotated[float, about("Darkest face", "Mean brightness of the face, 0 (black) to 255.", 0, 128)] = 25.0
    light_max: Annotated[float, about("Brightest face", "Mean brightness of the face, 0 to 255 (white).", 128, 255)] = 245.0
    sharpness_min: Annotated[float, about(
        "Most blurred face", "Variance of the Laplacian of the face scaled to 64 px: about 10 when smeared by motion, 100 and more when sharp.",
        0, 500)] = 8.0
    inside_min: Annotated[float, about("Least share of the face inside the frame", "A chin cut off by the frame hides how the mask sits.", 0, 1)] = 0.85
    turn_max: Annotated[float, about(
        "Furthest turn of the head",
        "Distance of the nose tip from the middle between the eyes, in eye distances: 0 frontal, about 0.5 at 45 "
        "degrees, 1 and more in profile.",
        0.1, 5)] = 1.2


@dataclass(frozen=True, kw_only=True)
class DoorSettings:
    """What is asked of people, and how fast and how surely the door answers."""

    mode: Annotated[Literal["remind", "refuse", "off"], about(
        "What the door does",
        "`remind`: say it with light and sound, open to whoever is there. `refuse`: the relay opens only for `passed` (without a relay it is `remind`). "
        "`off`: lamps and buzzer stay off, the door stays open.")] = "remind"
    looks_min: Annotated[int, about("Looks before anybody is judged", "One frame is never enough.", 3, 30)] = 3
    smooth_s: Annotated[float, about(
        "Smoothing time", "A look counts for half after this time. Longer is calmer, shorter notices a mask taken off sooner.", 0.05, 5)] = 0.35
    pass_min: Annotated[float, about("Least probability of `mask` to pass", "Chosen with the model, see its card.", 0.5, 0.99)] = 0.6
    stay_min: Annotated[float, about(
        "Least probability of `mask` to stay passed", "Below `pass_min`: the gap between them stops flicker.", 0.1, 0.98)] = 0.4
    violate_after_s: Annotated[float, about(
        "Evidence before a violation", "One or two bad looks at a good mask turn nothing red. Never waits longer than `answer_s`.", 0, 5)] = 0.4
    pass_after_s: Annotated[float, about(
        "Evidence before somebody passes", "Longer than `violate_after_s`: a wrong pass is worse than a late one.", 0, 5)] = 0.6
    amend_after_s: Annotated[float, about(
        "Evidence before somebody passes after a violation",
        "Longer than a hand is held before a bare face; a mask put on is noticed so much later.", 0, 10)] = 1.0
    hold_s: Annotated[float, about("Shortest time in one state", "No lamp changes faster than this, except to red.", 0.1, 5)] = 0.5
    answer_s: Annotated[float, about(
        "Longest time to an answer", "Somebody in range and plainly visible is told within this time.", 0.5, 10)] = 2.0
    unsure_after_s: Annotated[float, about(
        "Patience before `unsure`", "Whoever cannot be judged for so long is asked to come nearer or look up.", 0.2, 10)] = 1.0
    gone_s: Annotated[float, about("Time until somebody is gone", "Bridges a face lost for a few frames.", 0.2, 10)] = 0.8
    rearm_s: Annotated[float, about(
        "Time until the same place is reported again", "Somebody who comes back sooner is the same person, and is not reported twice.", 0, 600)] = 5.0


Pin = int | str
"""BCM number (17), BCM name ("GPIO17"), header position ("BOARD11"), or "" where nothing is wired."""


@dataclass(frozen=True, kw_only=True)
class PanelSettings:
    """Lamps, buzzer, door relay and mute button: the pins (BCM number, "GPIO17", "BOARD11", or "" for none)."""

    kind: Annotated[Literal["gpio", "mock", "none"], about(
        "Kind of panel", "`gpio`: real pins. `mock`: records every change (a desktop, a test). `none`: nothing at all.")] = "gpio"
    green_pin: Annotated[Pin, about("Green lamp", "Passed.")] = 17
    amber_pin: Annotated[Pin, about("Amber lamp", "Checking, or come nearer.")] = 27
    red_pin: Annotated[Pin, about("Red lamp", "No mask, or worn wrongly.")] = 22
    buzzer_pin: Annotated[Pin, about("Buzzer", "Sounds when a violation begins.")] = 23
    relay_pin: Annotated[Pin, about("Door relay", "Wire it so that a unit without power is in the position you want in a fire.")] = 24
    button_pin: Annotated[Pin, about("Mute button", "To ground; the unit's own pull-up is used.")] = 25
    lamps_active_high: Annotated[bool, about("Lamps light on a high level", "False for lamps wired to 3.3 V.")] = True
    buzzer_active_high: Annotated[bool, about("Buzzer sounds on a high level", "False for most three-pin buzzer boards.")] = True
    relay_active_high: Annotated[bool, about("Relay pulls on a high level", "False for most relay boards with an optocoupler.")] = True
    buzzer_kind: Annotated[Literal["active", "passive"], about("Kind of buzzer", "`active` has its own tone, `passive` needs one.")] = "active"
    buzzer_hz: Annotated[float, about("Tone of a passive buzzer", "Most piezo discs are loudest near 2,400.", 100, 5000)] = 2400.0
    relay_kind: Annotated[Literal["fail-secure", "fail-safe"], about(
        "What the door does without power",
        "`fail-secure`: the relay pulls to open. `fail-safe`: the relay pulls to lock, and a dead unit lets everybody "
        "through. Either way a stopped program lets the relay go.")] = "fail-secure"
    relay_hold_s: Annotated[float, about(
        "Time the door stays open",
        "After the last moment that somebody could be let in. A violation that may not pass, or a fault, ends it at "
        "once.", 0.5, 60)] = 5.0
    mute_s: Annotated[float, about("Silence after a press of the button", "The lamps go on; the buzzer comes back by itself.", 1, 86400)] = 600.0


@dataclass(frozen=True, kw_only=True)
class ReportSettings:
    """What is told, and to whom. Nothing here ever holds a picture."""

    events: Annotated[str, about("Event file", "JSON lines; `-` for the standard output. Empty: none.")] = ""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], about("Log level", "The log is written on change, not per frame.")] = "info"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole of maskgate.toml."""

    camera: CameraSettings = field(default_factory=CameraSettings)
    faces: FacesSettings = field(default_factory=FacesSettings)
    masks: MasksSettings = field(default_factory=MasksSettings)
    trust: TrustSettings = field(default_factory=TrustSettings)
    door: DoorSettings = field(default_factory=DoorSettings)
    panel: PanelSettings = field(default_factory=PanelSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
