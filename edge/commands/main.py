# SPDX-License-Identifier: Apache-2.0
"""maskgate: the command line of the unit. One file a command beside this one."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from importlib import import_module

from edge import __version__
from edge.errors import MaskGateError

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
  0  done, or stopped by SIGTERM or Ctrl-C
  2  a setting, option or argument is wrong
  3  the camera or clip: not found, busy, silent, unreadable
  4  a model file: missing, broken, or not what it says
  5  a pin: does not exist, used twice, or no GPIO here
"""


def parser() -> argparse.ArgumentParser:
    """The parser with every command. Loads no OpenCV, numpy or runtime, so that --help and `pins` start fast."""
    top = argparse.ArgumentParser(
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


def main(argv: list[str] | None = None) -> int:
    """Run one command; every named error becomes two lines and its exit code."""
    arguments = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except MaskGateError as error:
        print(f"maskgate: {error}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:  # `maskgate check … | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
