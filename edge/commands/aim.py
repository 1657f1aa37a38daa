# SPDX-License-Identifier: Apache-2.0
"""maskgate aim: hang the camera well, with somebody standing where people will stand."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.care.aim import FOV_DEG
from edge.commands.colours import coloured
from edge.commands.given import add_config, settings_of
from edge.errors import SettingsError
from edge.outputs import must_be_apart, must_be_writable, must_end_in
from edge.whole import whole

if TYPE_CHECKING:
    from edge.care.aim.session import Standing

EXAMPLES = """examples:
  sudo systemctl stop maskgate && sudo maskgate aim      live; Ctrl-C ends it
  maskgate aim --source 0 --fov 78                       a webcam that sees 78 degrees across
  maskgate aim --seconds 30 --report place.html --picture

Stand where people will stand, without a mask, and look where they will look.
exit codes: 0 something was measured, 1 nobody stood before the camera; others as for run.
"""
LEAST_PX = 12.0
"""Faces that are too small for the door are measured, too: that they are is what the installer is to see."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--source", metavar="S", help="another source than the settings name")
    parser.add_argument("--seconds", type=_seconds, metavar="N", help="end after so many seconds (default: at Ctrl-C)")
    parser.add_argument("--fov", type=_degrees, default=FOV_DEG, metavar="DEGREES",
                        help="what the camera sees along the longer side (default: %(default)g, Camera Module 3; module 2: 62, module 1: 54, wide 3: 102)")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a report to keep")
    parser.add_argument("--picture", action="store_true", help="put one picture of the scene into the report; ask whoever is in it")


def run(arguments: argparse.Namespace) -> int:
    """Measure whoever stands before the camera, show it, and write the report if one is asked for."""
    from edge.camera import open_camera
    from edge.care.aim.screen import Screen, table
    from edge.care.aim.session import aim
    from edge.vision import open_faces

    if arguments.picture and not arguments.report:
        raise SettingsError("--picture: there is no report to put it into.", hint="Add --report FILE.html.")
    if arguments.report:
        must_be_writable("--report", arguments.report)
    settings = settings_of(arguments)
    must_be_apart({"--config": arguments.config, "--source": settings.camera.source, "--report": arguments.report})
    if arguments.report:
        must_end_in("--report", arguments.report, ".html", ".htm", holds="a page in HTML")
    terminal = sys.stdout.isatty()
    screen = Screen(_write, terminal=terminal, coloured=coloured(sys.stdout), width=shutil.get_terminal_size((100, 24)).columns - 1)
    # The whole frame: the region is set once the camera hangs.
    detector = open_faces(replace(settings.faces, min_face_px=LEAST_PX, region=(0.0, 0.0, 1.0, 1.0)))
    with open_camera(settings.camera, fast=not terminal) as camera:
        standing = aim(camera, detector, settings.trust, arguments.fov, screen, seconds=arguments.seconds)
    if standing and not terminal:
        print("\n".join(table(standing, coloured=False, width=200)))
    if arguments.report:
        _report(arguments, standing, settings.camera.source)
    return 0 if standing and standing.items else 1


def _report(arguments: argparse.Namespace, standing: Standing | None, source: str) -> None:
    import time

    from edge.care.aim.page import write_page
    from edge.care.doctor.redact import redact

    text = write_page(standing, when=time.strftime("%Y-%m-%d %H:%M"), source=redact(source), fov_deg=arguments.fov, picture=arguments.picture)
    try:
        with whole(arguments.report) as part:  # of a disk that is full, the report of before stays
            part.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise SettingsError(f"--report {arguments.report}: cannot be written ({error.strerror}).",
                            hint="Name a file in a folder that you may write to, on a disk with room.") from error
    print(f"report: {arguments.report}" + ("" if arguments.picture else " (without a picture)"))


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _seconds(text: str) -> float:
    return _between(text, 0.1, 86_400, "seconds")


def _degrees(text: str) -> float:
    return _between(text, 20, 150, "degrees")


def _between(text: str, least: float, most: float, unit: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text}: expected {least:g} to {most:g} {unit}")
    return value
