# SPDX-License-Identifier: Apache-2.0
"""Given: the settings that a command runs with, from a file and from what the command line says on top of it. Loads next to nothing."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from edge.settings import Settings


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option --config, alike in every command."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (default: /etc/maskgate/maskgate.toml where it is, else the defaults; "
                                                                    "a maskgate.toml in this folder is read only if it is named here)")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings file with --source, --panel and --events on top of it, where the command has them and they are given.

    Raises:
        SettingsError, PinError, CardError: as `load_settings`, or what is given does not fit the rest.
    """
    from edge.settings_file import check_together, load_settings

    settings = load_settings(arguments.config)
    if getattr(arguments, "source", None) is not None:
        settings = replace(settings, camera=replace(settings.camera, source=arguments.source))
    if getattr(arguments, "panel", None) is not None:
        settings = replace(settings, panel=replace(settings.panel, kind=arguments.panel))
    if getattr(arguments, "events", None) is not None:
        settings = replace(settings, report=replace(settings.report, events=arguments.events))
    check_together(settings)
    return settings
