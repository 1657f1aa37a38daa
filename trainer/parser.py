# SPDX-License-Identifier: Apache-2.0
"""The command line of `maskgate-train` in words: every command with its arguments. One file a command in trainer/commands."""

from __future__ import annotations

import argparse
from pathlib import Path

from trainer.commands import data, evaluate, explain, fit, leave_out, sheet
from trainer.ending import EXIT_CODES
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

With pictures of your own below the folder pictures/ (docs/training.md goes through it):

  maskgate-train data build pictures/mine --data pictures --val 0.1 --test 0.2      and once for each further folder
  maskgate-train fit recipes/own.toml --data pictures
  maskgate-convert runs/own/best.keras --data pictures --out own.tflite
  maskgate-train evaluate own.tflite --data pictures --source mine

`maskgate-train COMMAND --help` says more. The data folder is ../shared/data unless --data names another."""


def parser() -> argparse.ArgumentParser:
    """The parser with every command; what it parses has `run`, to be called with it."""
    top = argparse.ArgumentParser(prog="maskgate-train", description=ABOUT, epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (data, sheet, fit, evaluate, explain, leave_out):
        sub = command.add(commands)
        sub.add_argument("--data", type=Path, default=Path("../shared/data"), help="data folder: a manifest.csv, or crops/ and boxed sources (default: ../shared/data)")
        sub.add_argument("--cache", type=Path, default=CACHE, help=f"where prepared faces lie (default: {CACHE})")
        sub.set_defaults(run=command.run)
    sub = commands.add_parser("faces", help="train, export and measure the face detector", description="MaskGate's face detector.")
    faces.add_arguments(sub)
    sub.set_defaults(run=faces.run)
    return top
