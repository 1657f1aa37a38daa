# SPDX-License-Identifier: Apache-2.0
"""The command line in words: every command with its arguments, and what is said of wrong ones."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from edge import __version__

COMMANDS = {
    "run": "watch a camera or a clip and drive lamps, buzzer and relay",
    "demo": "the whole pipeline on a clip that comes with MaskGate; needs no camera",
    "check": "judge pictures and clips: every face with box, label and probabilities",
    "score": "play clips whose truth is known and say how often the lamps were right",
    "config": "check, show or explain the settings",
    "model": "what the shipped or a given mask model says of itself",
    "pins": "drive every output to its safe level",
    "aim": "hang the camera well: size, angle, light and sharpness of a face, live",
    "doctor": "find what is wrong with this unit, and say what to do about it",
}
"""Command → what it does. The module `edge.commands.<command>` gives add_arguments(parser) and run(arguments)."""

EXIT_CODES = """exit codes:
  0    done; of run also: stopped by SIGTERM or Ctrl-C
  1    doctor: a failure was found; aim: nobody was there; any: its output cannot be written, or the disk failed
  2    a setting, option or argument is wrong
  3    the camera or clip: not found, busy, silent, unreadable
  4    a model file: missing, broken, or not what it says
  5    a pin: does not exist, used twice, or no GPIO here
  130  ended by Ctrl-C before it was done
"""


class Parser(argparse.ArgumentParser):
    """Complains of an argument that it does not know itself, so that the usage shown is the command's, not that of `maskgate`."""

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> tuple[Any, list[str]]:  # type: ignore[override]
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            near = difflib.get_close_matches(unknown[0].partition("=")[0], self._option_string_actions, n=1)
            self.error(f"unrecognized arguments: {' '.join(unknown)}" + (f" (did you mean {near[0]}?)" if near else ""))
        return known, unknown


def parser() -> Parser:
    """The parser with every command. Loads no OpenCV, numpy or runtime, so that --help and `pins` start fast."""
    top = Parser(
        prog="maskgate", description="A door unit that sees whether people wear a mask over nose and mouth, and says so with light and sound.",
        epilog=EXIT_CODES + "\nfirst steps:\n  maskgate demo\n  maskgate run --source 0 --panel mock\n",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"maskgate {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        module = import_module(f"edge.commands.{name}")
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.",
                                      epilog=getattr(module, "EXAMPLES", None), formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top
