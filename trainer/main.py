# SPDX-License-Identifier: Apache-2.0
"""maskgate-train: the command line. One file a command in trainer/commands."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path

from edge.errors import CTRL_C, MaskGateError
from trainer.commands import data, evaluate, explain, fit, leave_out, sheet
from trainer.errors import refuse
from trainer.faces import command as faces
from trainer.shelf import CACHE

ABOUT = """Make a mask classifier for MaskGate: look through the pictures, train, measure.

  maskgate-train data check                     what is in the data folder, and what is wrong with it
  maskgate-train sheet out.png                  what the augmentation makes of the faces
  maskgate-train fit recipes/shipped.toml       train the model that ships, in runs/shipped (goes on where it stopped)
  maskgate-convert runs/shipped/best.keras      make the file that the unit runs
  maskgate-train evaluate mask.tflite           ask it the door's question, through the unit's own code
  maskgate-train explain runs/shipped/best.keras heat.png     where it looks
  maskgate-train leave-out recipes/shipped.toml --steps 300   the same recipe without one source, for each source
  maskgate-train faces evaluate face.onnx       the same for the face detector; `faces fit` and `faces export` make it

`maskgate-train COMMAND --help` says more. The data folder is ../shared/data unless --data names another."""


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0, or the exit code of the error that stopped it."""
    parser = argparse.ArgumentParser(prog="maskgate-train", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (data, sheet, fit, evaluate, explain, leave_out):
        sub = command.add(commands)
        sub.add_argument("--data", type=Path, default=Path("../shared/data"), help="data folder: a manifest.csv, or crops/ and boxed sources (default: ../shared/data)")
        sub.add_argument("--cache", type=Path, default=CACHE, help=f"where prepared faces lie (default: {CACHE})")
        sub.set_defaults(run=command.run)
    sub = commands.add_parser("faces", help="train, export and measure the face detector", description="MaskGate's face detector.")
    faces.add_arguments(sub)
    sub.set_defaults(run=faces.run)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name with signs that the terminal does not know ends nothing
    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments)
        sys.stdout.flush()  # here, where a reader that has gone is still told apart
    except BrokenPipeError:  # `maskgate-train data list | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (MaskGateError, OSError) as error:
        return refuse("maskgate-train", error)
    except KeyboardInterrupt:
        print("\nmaskgate-train: stopped; `fit` goes on from its last checkpoint when it is started again.", file=sys.stderr)
        return CTRL_C
    return 0
