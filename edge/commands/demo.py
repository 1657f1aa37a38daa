# SPDX-License-Identifier: Apache-2.0
"""maskgate demo: the daemon's own loop over a clip that ships with MaskGate."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from edge.commands.colours import coloured
from edge.commands.given import add_config
from edge.door.state import Decision
from edge.errors import MaskGateError, SettingsError
from edge.outputs import must_be_apart, must_be_writable
from edge.whole import whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.daemon import Summary
    from edge.frame import Frame
    from edge.look import Look
    from edge.panel.pins_file import Change
    from edge.report import Subscriber
    from edge.settings import Settings

EXAMPLES = """examples:
  maskgate demo
  maskgate demo --events - --out /tmp/demo
"""
ANSI = {"green": "\033[30;42m", "amber": "\033[30;43m", "red": "\033[30;41m", "off": "\033[100m", "end": "\033[0m"}
RATE_FPS = 15.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("maskgate-demo"), metavar="FOLDER", help="where the pictures go (default: %(default)s)")
    parser.add_argument("--events", metavar="FILE", help="append events as JSON lines; - for the standard output, and then the timeline on the other")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Play the clip, print what the door does, and leave its pictures in a folder."""
    import logging

    from edge.settings_file import load_settings

    logging.getLogger("maskgate").setLevel(logging.WARNING)  # the timeline says the same, better
    settings = load_settings(arguments.config)
    make_folder(arguments.out)
    clip, sheet = arguments.out / "demo.mp4", arguments.out / "demo.png"
    must_be_apart({"--config": arguments.config, "the clip": clip, "the contact sheet": sheet, "--events": arguments.events})
    must_be_writable("--out", clip)
    must_be_writable("--out", sheet)
    told = sys.stderr if arguments.events == "-" else sys.stdout
    timeline = Timeline(told, coloured=coloured(told))
    print(timeline.head(), file=told)
    summary = play(settings, timeline, clip, arguments.events)
    write_sheet(sheet, timeline.pictures)
    print(f"\n{summary.frames} frames decided at {summary.rate_fps:.0f} frames a second on this machine, drawing included.\n"
          f"states: {', '.join(timeline.states)}\n"
          f"pictures: {sheet} (contact sheet), {clip} (the clip as the unit saw it)\n"
          "next: maskgate run --source 0 --panel mock      your webcam; Ctrl-C stops it", file=told)
    return 0


def play(settings: Settings, timeline: Timeline, seen: Path, events_to: str | None) -> Summary:
    """The daemon's own loop over the clip; what it saw goes into `seen`.

    Raises:
        KeyboardInterrupt: it was stopped; half a demo tells no story.
        MaskGateError: the events could not be written, all of them.
    """
    from edge.camera import open_camera
    from edge.care.faults import Part
    from edge.care.watch import Care
    from edge.daemon import watch
    from edge.demo import CLIP
    from edge.panel import open_panel
    from edge.report.events import Events
    from edge.report.save import SavedClip
    from edge.vision import open_vision

    care = Care()
    with ExitStack() as stack:
        panel = stack.enter_context(open_panel(replace(settings.panel, kind="mock"), on_change=timeline.note))
        vision = open_vision(settings)
        camera = stack.enter_context(open_camera(replace(settings.camera, source=str(CLIP), rotate_deg=0), fast=True))
        subscribers: list[Subscriber] = [timeline, stack.enter_context(SavedClip(seen, RATE_FPS))]
        events = stack.enter_context(Events(events_to)) if events_to else None
        if events:
            subscribers.append(events)
        summary = watch(camera, vision, settings.door, panel, subscribers, care=care)
        if summary.stopped:
            raise KeyboardInterrupt
        storage = next(health for health in care.health.values if health.part is Part.STORAGE)
        if not storage.ok:  # a unit goes on without; a demo is here to be seen
            raise MaskGateError(f"--events {events_to}: cannot be written ({storage.detail or storage.why}).", hint="Make room there, or name another file.")
        if events:
            events.passages(summary.t, summary.cut_short)
    return summary


class Timeline:
    """Prints a line whenever something changes, and at least every second; keeps a picture of each state."""

    def __init__(self, told: IO[str], *, coloured: bool) -> None:
        self._told, self._coloured = told, coloured
        self._lit: dict[str, int] = {}
        self._last: tuple[object, ...] = ()
        self._printed = -1.0
        self._entered = 0.0
        self._kept = False
        self.states: list[str] = []
        self.pictures: list[NDArray[np.uint8]] = []

    def head(self) -> str:
        return f"{'time':>7}  {'lamps':<6} {'door':<10} faces"

    def note(self, change: Change) -> None:
        """Remember what a lamp does now."""
        self._lit[change.pin] = change.value

    def __call__(self, frame: Frame, looks: Sequence[Look], decision: Decision) -> None:
        labels = [(person.track, person.label.value) for person in decision.people]
        now = (decision.state, tuple(labels))
        if now != self._last or decision.t - self._printed >= 1:
            print(self._line(decision), file=self._told)
            self._last, self._printed = now, decision.t
        self._keep_picture(frame, looks, decision)

    def _line(self, decision: Decision) -> str:
        lamps = "".join(self._lamp(name, self._lit.get(name, 0)) for name in ("green", "amber", "red"))
        people = ", ".join(f"{person.track}: {person.label.value} {person.probabilities.of(person.label):.0%}"
                           for person in decision.people)
        buzzer = "  *beep*" if decision.reported else ""
        return f"{decision.t:6.2f}s  {lamps} {decision.state.value:<10} {people or '-'}{buzzer}"

    def _lamp(self, name: str, lit: int) -> str:
        letter = f"{name[0].upper() if lit else '.'} "  # in the coloured block, too: not everybody tells green from red
        return f"{ANSI[name if lit else 'off']}{letter}{ANSI['end']}" if self._coloured else letter

    def _keep_picture(self, frame: Frame, looks: Sequence[Look], decision: Decision) -> None:
        """One picture a state, from its middle rather than from the moment of change: a second in."""
        from edge.report.draw import annotate

        if decision.state is not decision.previous or not self.states:
            self.states.append(decision.state.value)
            self._entered, self._kept = decision.t, False
            self.pictures.append(annotate(frame.image, looks, decision))
        elif not self._kept and decision.t - self._entered >= 1:
            self.pictures[-1] = annotate(frame.image, looks, decision)
            self._kept = True


def write_sheet(path: Path, pictures: Sequence[NDArray[np.uint8]]) -> None:
    """A contact sheet of the states as a PNG, written whole or not at all.

    Raises:
        SettingsError: it cannot be written.
    """
    import cv2

    from edge.report.draw import contact_sheet

    try:
        with whole(path) as part:
            part.write_bytes(cv2.imencode(".png", contact_sheet(pictures))[1].tobytes())
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written ({error.strerror}).", hint="Check the rights of the folder and the free space.") from error


def make_folder(path: Path) -> None:
    """Make the folder for the results.

    Raises:
        SettingsError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"--out {path}: cannot be made ({error.strerror}).", hint="Name a folder that may be written.") from error
