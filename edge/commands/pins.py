# SPDX-License-Identifier: Apache-2.0
"""maskgate pins: drive every output to its safe level. The service runs it after any kind of death (ExecStopPost)."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from edge.commands.given import add_config
from edge.errors import MaskGateError
from edge.settings import PanelSettings

MORE_TIME = "EXTEND_TIMEOUT_USEC=30000000"
"""For the service manager: half a minute. A busy, small board takes seconds for what follows, and to be ended before it is
done would leave a lamp on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `maskgate pins`."""
    parser.add_argument("action", choices=["safe"], help="lamps dark, buzzer silent, relay let go; then the pins are given back")
    add_config(parser)
    parser.add_argument("--panel", choices=["gpio", "mock", "none"], help="where lamps and buzzer are (default: as in the settings)")
    parser.add_argument("--pins", type=Path, metavar="FILE", help="append each safe level as a JSON line")


def run(arguments: argparse.Namespace) -> int:
    """Drive the outputs of the settings, or of what can be read of them; says which.

    Raises:
        PinError: an output could not be driven.
    """
    from edge.service import notify

    notify(os.environ.get("NOTIFY_SOCKET", ""), MORE_TIME)
    from edge.panel.held import note_path, noted
    from edge.panel.safe import drive_safe

    held = noted(note_path())
    settings = _settings(arguments.config, held)
    if arguments.panel is not None:
        settings, held = replace(settings, kind=arguments.panel), None
    done = drive_safe(settings, held=held, pins_file=arguments.pins)
    print(f"safe ({settings.kind}): {', '.join(done) or 'nothing is wired'}")
    return 0


def _settings(path: Path | None, held: PanelSettings | None) -> PanelSettings:
    """The panel's settings; broken ones do not keep the pins from being turned off."""
    from edge.settings_file import INSTALLED, load_settings

    try:
        return load_settings(path).panel
    except MaskGateError as error:
        from edge.panel.salvage import salvage_panel

        rest = "what was driven before" if held else "defaults"
        print(f"{error}\ngoing on with what can be read of [panel], and {rest} for the rest", file=sys.stderr)
        return salvage_panel(path or INSTALLED, held)
