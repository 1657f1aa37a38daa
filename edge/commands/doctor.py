# SPDX-License-Identifier: Apache-2.0
"""maskgate doctor: find what is wrong with this unit."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.colours import coloured
from edge.commands.given import add_config
from edge.commands.interrupt import stop_on_signals
from edge.errors import SettingsError
from edge.outputs import must_be_apart, must_be_writable, must_end_in

if TYPE_CHECKING:
    from edge.care.doctor import Context, Result

EXAMPLES = """examples:
  sudo maskgate doctor                                looks at everything, drives nothing
  sudo maskgate doctor --pins-test                    lights each lamp, sounds the buzzer, and asks
  maskgate doctor --json                              for a program
  sudo maskgate doctor --bundle support.tar.gz        for whoever helps you: no secrets, no pictures

exit codes: 0 all is well, or warnings only; 1 at least one failure; 2 an argument is wrong.
While the service runs it keeps camera and pins; stop it for a closer look at those.
"""
MARKS = {"ok": "✓", "warning": "!", "failure": "✗"}
PLAIN_MARKS = {"ok": "ok  ", "warning": "warn", "failure": "FAIL"}
COLOURS = {"ok": "\033[32m", "warning": "\033[33m", "failure": "\033[31m"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object: level, and results with name, level, found and remedy")
    parser.add_argument("--pins-test", action="store_true", help="drive every output and read the button; asks what was seen and heard")
    parser.add_argument("--yes", action="store_true", help="with --pins-test: ask nothing, and leave the relay alone")
    parser.add_argument("--bundle", type=Path, metavar="FILE.tar.gz", help="write a support archive")
    parser.add_argument("--faults", action="store_true", help="print the page of what can go wrong (docs/faults.md), look at nothing")


def run(arguments: argparse.Namespace) -> int:
    """Look at everything, print each result as it comes, and write the support archive if one is asked for."""
    if arguments.faults:
        from edge.care.faults import page

        print(page(), end="")
        return 0
    from edge.care.doctor import Level, diagnose
    from edge.care.doctor.result import worst
    from edge.care.doctor.support import in_json, write_bundle

    context = context_of(arguments)
    if arguments.bundle:
        must_be_apart({"--config": arguments.config, "--bundle": arguments.bundle})
        must_be_writable("--bundle", arguments.bundle)
        if arguments.bundle.is_symlink():  # the archive is made anew, and would take the place of the link (/dev/stdout is one)
            raise SettingsError(f"--bundle {arguments.bundle}: this is a link; expected a file.", hint=f"Name what it leads to, {arguments.bundle.resolve()}.")
        must_end_in("--bundle", arguments.bundle, ".tar.gz", ".tgz", holds="a packed archive")
    if arguments.pins_test:
        stop_on_signals()  # whatever ends it turns the outputs off on its way
    results = []
    in_colour = coloured(sys.stdout)
    for result in diagnose(context):
        results.append(result)
        if not arguments.json:
            print("\n".join(in_words(result, coloured=in_colour)), flush=True)
    level = worst(results)
    if arguments.json:
        print(json.dumps({"level": level, "results": in_json(results)}, ensure_ascii=False))
    else:
        print(summary(results))
    if arguments.bundle:
        write_bundle(arguments.bundle, context, results)
        print(f"support archive: {arguments.bundle} (no secrets, no pictures; have a look before you send it)", file=sys.stderr)
    return 1 if level is Level.FAILURE else 0


def context_of(arguments: argparse.Namespace) -> Context:
    """The real machine; settings as far as they can be read."""
    from edge.care.doctor import Context
    from edge.errors import MaskGateError
    from edge.settings_file import INSTALLED, load_settings

    config = arguments.config or (INSTALLED if INSTALLED.exists() else None)
    may_ask = arguments.pins_test and not arguments.yes and not arguments.json and sys.stdin.isatty()
    context = Context(config=config, pins_test=arguments.pins_test, ask=ask if may_ask else None)
    try:
        context.settings = load_settings(config)
    except MaskGateError as error:
        context.settings_error = error
    return context


def ask(question: str) -> bool:
    """Put a question on the terminal; only a plain yes is one."""
    try:
        return input(f"  {question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def in_words(result: Result, *, coloured: bool) -> list[str]:
    """One or two lines for a person."""
    mark = (MARKS if _can_print("✓✗→") else PLAIN_MARKS)[result.level]
    if coloured:
        mark = f"{COLOURS[result.level]}{mark}\033[0m"
    lines = [f"{mark} {result.name}: {result.found}"]
    if result.remedy:
        lines.append(f"    → {result.remedy}" if _can_print("✓✗→") else f"    -> {result.remedy}")
    return lines


def summary(results: list[Result]) -> str:
    """The last line."""
    failures, warnings = (sum(result.level == level for result in results) for level in ("failure", "warning"))
    if not failures and not warnings:
        return f"All {len(results)} checks are well."
    return f"{len(results)} checks: {failures} failure{'s' * (failures != 1)}, {warnings} warning{'s' * (warnings != 1)}."


def _can_print(signs: str) -> bool:
    try:
        signs.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
