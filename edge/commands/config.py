# SPDX-License-Identifier: Apache-2.0
"""maskgate config: check, show, explain the settings."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.commands.given import add_config
from edge.settings import Settings

EXAMPLES = """examples:
  maskgate config check maskgate.toml
  maskgate config show --config maskgate.toml      what is in force, defaults included
  maskgate config default > maskgate.toml          every setting with its explanation
  maskgate config reference                        the same as a page
"""
HERE = Path("maskgate.toml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    check = verbs.add_parser("check", help="say whether a settings file is right, and every mistake in it")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: the installed one")
    show = verbs.add_parser("show", help="print the settings in force as TOML")
    add_config(show)
    verbs.add_parser("default", help="print a settings file with every default, explained")
    verbs.add_parser("reference", help="print the reference page in Markdown")


def run(arguments: argparse.Namespace) -> int:
    """Check a file, or print settings: those in force, the defaults, or the page about them."""
    from edge.settings_file import INSTALLED, doubtful, load_settings
    from edge.settings_text import reference, settings_file

    match arguments.verb:
        case "check":
            settings = load_settings(arguments.file, models=True)
            print(f"{arguments.file or INSTALLED}: right." if arguments.file or INSTALLED.is_file() else f"No {INSTALLED}; the defaults are right.")
            for found, remedy in doubtful(settings):
                print(f"warning: {found}; {remedy}.")
            if not arguments.file and HERE.is_file() and HERE.resolve() != INSTALLED.resolve():
                print(f"{HERE} in this folder was not read: `maskgate config check {HERE}` does.")
        case "show":
            print(settings_file(load_settings(arguments.config), comments=False), end="")
        case "default":
            print(settings_file(Settings()), end="")
        case "reference":
            print(reference(), end="")
    return 0
