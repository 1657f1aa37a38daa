# SPDX-License-Identifier: Apache-2.0
"""The table of what can go wrong while the unit runs, and what then happens. docs/faults.md is written from it.

A fault is a state, not a traceback: it has lamps, one line in the log, an entry in the list of health, and an end.
`picture.py` and `vitals.py` find faults, `health.py` keeps them, `fault_of` tells which one stands behind an error,
`watch.py` puts them together for the daemon's loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from edge.door.state import DoorState
from edge.errors import (
    CameraBusy,
    CameraError,
    CameraFrozen,
    CameraStopped,
    CardError,
    GpioMissing,
    MaskGateError,
    MemoryGrown,
    ModelError,
    ModelStopped,
    PinError,
)
from edge.panel.patterns import lamp_table


class Part(StrEnum):
    """What the health list has an entry for."""

    CAMERA = "camera"
    PICTURE = "picture"
    MODEL = "model"
    PANEL = "panel"
    STORAGE = "storage"
    MEMORY = "memory"
    TEMPERATURE = "temperature"
    PACE = "pace"
    CLOCK = "clock"
    PROGRAM = "program"


class Recovery(StrEnum):
    """How a fault ends."""

    BY_ITSELF = "the program goes on, and it is over as soon as its cause is"
    RESTART = "the program ends, and the service starts it again until it works"
    OPERATOR = "the program ends and stays down until somebody mends it"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row."""

    code: str
    """As it stands in logs and in health.json; never renamed."""
    part: Part
    what: str
    """What is wrong, as a sentence without a full stop."""
    noticed: str
    """By what it is noticed."""
    blind: bool
    """True: nobody can be judged, and the panel shows `fault`. False: judging goes on."""
    hint: str
    """What the operator should do, one line."""
    recovery: Recovery
    exit_code: int | None = None
    """With which the program ends; None: it goes on."""

    @property
    def lamps(self) -> str:
        """What the panel shows, in words, for the page."""
        if self.part is Part.PANEL:
            return "dark, as far as pins can still be driven"
        return "out of order" if self.blind else "as ever"

    def log_line(self, detail: str = "") -> str:
        """The one line for the log: `fault=camera-hung part=camera: The camera … (detail) | hint`."""
        return f"fault={self.code} part={self.part}: {self.what}{f' ({detail})' if detail else ''} | {self.hint}"


_ROWS = (
    Fault("camera-missing", Part.CAMERA, "There is no camera, or it cannot be used", "opening it fails", True,
          "Check the cable at both ends, then `maskgate doctor`.", Recovery.RESTART, 3),
    Fault("camera-busy", Part.CAMERA, "Another program holds the camera", "opening it fails", True,
          "Stop the other program (`fuser -v /dev/video*` names it).", Recovery.RESTART, 3),
    Fault("camera-hung", Part.CAMERA, "The camera has stopped delivering pictures", "no picture for [camera] silence_s", True,
          "Nothing, if it comes back by itself; if it happens daily, replace the cable or the power supply.", Recovery.RESTART, 3),
    Fault("camera-unplugged", Part.CAMERA, "The camera was unplugged", "no picture for [camera] silence_s, and the device is gone", True,
          "Plug it in again; the unit finds it by itself.", Recovery.RESTART, 3),
    Fault("stream-missing", Part.CAMERA, "The network camera cannot be reached, or sends no video", "opening its address fails", True,
          "Check that it is on, the network, the address, user name and password; then `maskgate doctor`.", Recovery.RESTART, 3),
    Fault("stream-hung", Part.CAMERA, "The network camera has stopped sending pictures", "no picture for [camera] silence_s", True,
          "Nothing, if it comes back by itself; if it happens daily, look after the network, or the camera.", Recovery.RESTART, 3),
    Fault("picture-black", Part.PICTURE, "The camera's picture is black", "all of it is black for 5 s", True,
          "Switch on the light, take the cap off the lens, or replace the camera.", Recovery.BY_ITSELF),
    Fault("lens-covered", Part.PICTURE, "Something covers the lens", "no edge anywhere in the picture for 5 s", True,
          "Uncover and wipe the lens.", Recovery.BY_ITSELF),
    Fault("picture-frozen", Part.PICTURE, "The camera delivers the same picture again and again", "no sample of it changes for 30 s", True,
          "Nothing, if it comes back by itself; if not, unplug the camera and plug it in again.", Recovery.RESTART, 3),
    Fault("model-broken", Part.MODEL, "A model is missing, damaged or does not run here", "loading it fails, or trying it then", True,
          "`sudo ./setup.sh install` lays down the shipped ones; or empty [faces] model and [masks] model.", Recovery.OPERATOR, 4),
    Fault("model-stopped", Part.MODEL, "A model that worked has failed", "judging a picture fails, or gives no number in twenty frames in a row", True,
          "Nothing, if it comes back by itself; if it happens again and again, `sudo ./setup.sh install` lays down the shipped models.", Recovery.RESTART, 1),
    Fault("pin-taken", Part.PANEL, "A pin is taken by another program or cannot be driven", "opening or writing it fails", True,
          "`gpioinfo` names who holds it; stop that program, or wire and set another pin in [panel].", Recovery.RESTART, 5),
    Fault("gpio-missing", Part.PANEL, "The machine's pins cannot be had", "opening them fails: no lgpio, no GPIO chip, or no right to use it", True,
          "Mend what is missing (`sudo apt install python3-lgpio`, as a rule; `maskgate doctor` says it); without GPIO set [panel] kind = \"mock\" or \"none\".",
          Recovery.RESTART, 5),
    Fault("disk-full", Part.STORAGE, "The disk is full", "less than 20 MB free where events go, or a write fails", False,
          "Make room (`journalctl --vacuum-size=50M`), or move the event file; meanwhile events are lost.", Recovery.BY_ITSELF),
    Fault("disk-read-only", Part.STORAGE, "The disk can no longer be written",
          "its file system was mounted read-only after an error, or a write fails", False,
          "The SD card is failing: back up the settings, flash a new card.", Recovery.BY_ITSELF),
    Fault("card-unreadable", Part.STORAGE, "The card cannot be read", "reading a model, a library or a secret fails", True,
          "Nothing, if it comes back by itself; if it happens more than once, back up the settings and flash a new card.", Recovery.RESTART, 1),
    Fault("memory-pressure", Part.MEMORY, "Memory runs short", "less than 40 MB available", False,
          "Stop what else runs here, or ask for smaller frames in [camera].", Recovery.BY_ITSELF),
    Fault("memory-grown", Part.MEMORY, "The program has grown beyond what it needs", "40 % of the machine's memory is its own", True,
          "Nothing, if it comes back by itself; if it happens at every start, ask for smaller frames in [camera].", Recovery.RESTART, 1),
    Fault("over-temperature", Part.TEMPERATURE, "The processor is hot, and only half as many frames are judged",
          "75 °C; over again below 70 °C; the firmware would throttle at 80 °C", False,
          "Give it air or a heat sink, take it out of the sun, or lower [camera] rate_fps.", Recovery.BY_ITSELF),
    Fault("judging-slow", Part.PACE, "Pictures are judged too far apart for anybody to be judged",
          "ten in a row without three less than 1.25 s apart; over again after ten that are", False,
          "Give it a better power supply and air, or ask for smaller frames in [camera]; a camera must deliver two pictures a second.", Recovery.BY_ITSELF),
    Fault("clock-jump", Part.CLOCK, "The time of day has jumped", "system and monotonic clock part by more than 2 s", False,
          "Nothing: judging counts its own time; only times in the log and in reports jump.", Recovery.BY_ITSELF),
    Fault("program-failed", Part.PROGRAM, "The program has failed", "any error that has no row of its own; the log has all of it", True,
          "Nothing, if it comes back by itself; if it happens again and again, `sudo maskgate doctor`, and report what the log says.", Recovery.RESTART, 1),
)
BEYOND = (
    "## When the card has died", "",
    "The program goes on from memory. If it ends then, neither it nor `maskgate pins safe` can be loaded any more, and Raspberry Pi's kernel leaves every pin at "
    "its last level until the power is cut: a lamp may stay lit, the buzzer on, the relay pulled (a `fail-secure` door open, a `fail-safe` one locked). "
    "An escape route, whose relay is `fail-safe`, therefore also needs a switch that cuts the relay's power.", "",
    "The line `dtparam=strict_gpiod` in /boot/firmware/config.txt, and a reboot, have the kernel itself turn the pins of a dead program into inputs, which needs no "
    "card: the pulls that MaskGate sets, and the relay's own resistor, then let everything go. It counts for every program of the machine: `gpioset`, for one, leaves "
    "no level behind any more. It needs Raspberry Pi's kernel of May 2024 or later, and was not tried on a board.", "",
)
"""What no program can help, told where faults are."""
FAULTS: Mapping[str, Fault] = MappingProxyType({fault.code: fault for fault in _ROWS})
"""Code → fault, in the order of the page."""


def fault_of(error: Exception, *, delivered: bool = False, device_there: bool = True, stream: bool = False) -> Fault | None:
    """The row that an error belongs to; None for what is no fault of the unit (wrong settings, a wrong argument, a reader of events who has seen enough).

    Args:
        delivered: whether the camera had handed out frames before.
        device_there: whether its device node still exists.
        stream: whether the camera is one in the network.
    """
    if isinstance(error, CameraError):
        if delivered and not device_there:
            return FAULTS["camera-unplugged"]
        if isinstance(error, CameraBusy):
            return FAULTS["camera-busy"]
        if isinstance(error, CameraFrozen):
            return FAULTS["picture-frozen"]
        if isinstance(error, CameraStopped):
            return FAULTS["stream-hung" if stream else "camera-hung"]
        return FAULTS["stream-missing" if stream else "camera-missing"]
    kinds = {ModelError: "model-broken", ModelStopped: "model-stopped", GpioMissing: "gpio-missing", PinError: "pin-taken", CardError: "card-unreadable", MemoryGrown: "memory-grown"}
    for kind, code in kinds.items():
        if isinstance(error, kind):
            return FAULTS[code]
    return None if isinstance(error, (MaskGateError, BrokenPipeError)) else FAULTS["program-failed"]


def page() -> str:
    """docs/faults.md."""
    rows = lamp_table()
    lines = [
        "# Faults", "",
        "What can go wrong while the unit runs, how it shows, and how it ends. This page is written by `maskgate doctor --faults`.", "",
        "*Out of order* in the table is the panel's state `fault`:", "", *rows[:2], next(row for row in rows if row.startswith(f"| {DoorState.FAULT} ")), "",
        "Nobody is let in meanwhile (with [door] mode `off` the door stays open, and nothing is shown). A fault that ends the program is shown "
        "before it does: for 10 s if it comes at the start, for 2 s if it comes later. Then the lamps are dark and the relay is let go, "
        "until the service has started it again.", "",
        "Every fault is told in three places:", "",
        "* one line in the log (`journalctl -u maskgate`) when it begins, `fault=CODE part=PART: what is wrong | what to do`, and one when it is over;",
        "* the status line of the service (`systemctl status maskgate`), for as long as it lasts;",
        "* `/run/maskgate/health.json`, while the service runs: every part with `ok` and `since`, and where it is not well with `fault`, `why` and "
        "`do`. Written whole on every change and every 10 s.", "",
        "| code | what is wrong | noticed by | lamps | how it ends | exit code | what to do |", "|---|---|---|---|---|---|---|",
    ]
    lines += [f"| `{fault.code}` | {fault.what}. | {fault.noticed} | {fault.lamps} | {fault.recovery} | "
              f"{'' if fault.exit_code is None else fault.exit_code} | {fault.hint} |" for fault in _ROWS]
    lines += ["", "Parts in the list of health: " + ", ".join(f"`{part}`" for part in Part) + ". Each says ok or not, why, and since when.", "", *BEYOND]
    return "\n".join(lines)
