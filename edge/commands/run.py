# SPDX-License-Identifier: Apache-2.0
"""maskgate run: the daemon."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.given import add_config, settings_of
from edge.commands.interrupt import stop_on_signals
from edge.credential import revealed
from edge.errors import CardError, SettingsError
from edge.outputs import must_be_apart
from edge.settings import Settings

if TYPE_CHECKING:
    from edge.care.watch import Care
    from edge.daemon import Summary
    from edge.panel import Panel
    from edge.report.events import Events
    from edge.service import Service

EXAMPLES = """examples:
  maskgate run                                        a unit: everything from /etc/maskgate/maskgate.toml
  maskgate run --source 0 --panel mock --events -     a webcam on a laptop, events on the screen
  maskgate run --source door.mp4 --fast --panel mock --pins pins.jsonl
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--source", metavar="S", help="picamera, a webcam's number, an rtsp:// or http:// address, a clip, a folder or pattern of stills")
    parser.add_argument("--panel", choices=["gpio", "mock", "none"], help="where lamps and buzzer are (default: as in the settings)")
    parser.add_argument("--events", metavar="FILE", help="append events as JSON lines; - for the standard output")
    parser.add_argument("--pins", type=Path, metavar="FILE", help="with --panel mock: append every change of a pin as JSON lines")
    parser.add_argument("--save", type=Path, metavar="OUT.mp4", help="write what was seen, with boxes and labels; pictures leave memory only here")
    parser.add_argument("--fast", action="store_true", help="play a clip as fast as it can be judged; every rule still counts its own time")


def run(arguments: argparse.Namespace) -> int:
    """Watch until the source ends or a signal comes. Whatever ends it, the panel is safe afterwards, and a fault of the unit is told before."""
    from edge.care.ending import ending
    from edge.panel import open_panel
    from edge.panel.held import note, note_path
    from edge.service import Service
    from edge.settings_file import doubtful

    settings = settings_of(arguments)
    must_be_apart({"--config": arguments.config, "--source": settings.camera.source, "--events": settings.report.events,
                   "--pins": arguments.pins, "--save": arguments.save})
    logging.getLogger().setLevel(settings.report.log_level.upper())
    for found, remedy in doubtful(settings):
        logging.getLogger("maskgate").warning("%s | %s", found, remedy)
    stop_on_signals()
    service, care = Service.from_environment(), care_of(settings)
    note(settings.panel, note_path())
    with ending(care, service), open_panel(settings.panel, pins_file=arguments.pins) as panel, \
            ending(care, service, panel if settings.door.mode != "off" else None):
        summary = _watch(arguments, settings, panel, service, care)
    logging.getLogger("maskgate").info("frames=%d dropped=%d rate_fps=%.1f passages=%d",
                                       summary.frames, summary.dropped, summary.rate_fps, summary.passages)
    return 0


def _watch(arguments: argparse.Namespace, settings: Settings, panel: Panel, service: Service, care: Care) -> Summary:
    """All that runs while the panel is open."""
    from edge.camera import open_camera
    from edge.daemon import watch
    from edge.report.save import SavedClip
    from edge.vision import open_vision

    with ExitStack() as stack:
        vision = open_vision(settings)
        camera = stack.enter_context(open_camera(settings.camera, fast=arguments.fast))
        events = stack.enter_context(open_events(settings.report.events)) if settings.report.events else None
        saved = stack.enter_context(SavedClip(arguments.save, settings.camera.rate_fps)) if arguments.save else None
        stack.callback(service.stopping)
        summary = watch(camera, vision, settings.door, panel, [told for told in (events, saved) if told], service, care)
        if events:
            with care.storing():
                events.passages(summary.t, summary.cut_short)
    return summary


def open_events(target: str, environment: Mapping[str, str] = os.environ) -> Events:
    """The event file. Where the service keeps its things a disk that is full or broken keeps no door from starting; anywhere else it is
    a wrong setting: the sandbox shows the rest of the system to the service as a disk that cannot be written.

    Raises:
        SettingsError: it cannot be written.
    """
    from edge.report.events import Events

    kept = kept_in(environment)
    return Events(target, ours=kept is not None and Path(target).is_relative_to(kept))


def kept_in(environment: Mapping[str, str]) -> Path | None:
    """Where the service keeps its things; None for a program that no service manager started."""
    folder = environment.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(folder) if folder else None


def care_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> Care:
    """What looks after this run: on the disk where events go, else where the service keeps its things; told in health.json
    where the service manager gives us a folder for it.
    """
    from edge.care.health_file import HealthFile
    from edge.care.vitals import read_vitals
    from edge.care.watch import Care

    events, run = settings.report.events, environment.get("RUNTIME_DIRECTORY")
    folder = Path(events).parent if events not in ("", "-") else kept_in(environment)
    tell = HealthFile(Path(run.split(":")[0])).write if run else None
    source = settings.camera.source
    with suppress(SettingsError, CardError):  # a secret that cannot be had is told where the camera is opened
        source = revealed(source)
    return Care(source=source, read=lambda: read_vitals(folder), tell=tell)
