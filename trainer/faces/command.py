# SPDX-License-Identifier: Apache-2.0
"""`maskgate-train faces`: fit, export and evaluate the face detector."""

from __future__ import annotations

import argparse
from pathlib import Path

from trainer.model import tensorflow

SHIPPED = Path("edge/models/face.onnx")

LESSON = """\
The shipped detector is made and measured so, from the checkout, with the pictures, clips and weights in ../shared:

  maskgate-train faces fit recipes/faces-wide.toml     a wider parent: half an hour on two free cores, with the first look
  maskgate-train faces fit recipes/faces-narrow.toml   narrowed to YuNet's speed: six minutes
  maskgate-train faces fit recipes/faces-placed.toml   people's boxes on masked faces: twenty minutes
  maskgate-train faces fit recipes/faces-agreed.toml   nearer to its advisers: nine minutes
  maskgate-train faces fit recipes/faces-down.toml     near faces see more around them: twenty minutes
  maskgate-train faces fit recipes/faces-natural.toml  as a camera shows it: ten minutes
  maskgate-train faces fit recipes/faces.toml          copies that one and YuNet n, both mirrored by turns: eight minutes
  maskgate-train faces export recipes/faces.toml       the best step on pictures kept apart, or the last one -> edge/models/face.onnx
  maskgate-train faces evaluate edge/models/face.onnx ../shared/weights/face_detection_yunet_2023mar.onnx \\
      ../shared/weights/yunet_n_640_640.onnx --card edge/models/face.md

Stop any `fit` when you like: the same command goes on where it was. The first one looks at all pictures with three teachers, which takes
five to ten minutes, once. Its recipe says everything that decides the outcome; copy it under another `name` to try something else. `evaluate` takes any file that cv2.FaceDetectorYN reads.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the three verbs and their options."""
    parser.epilog, parser.formatter_class = LESSON, argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="faces_verb", required=True, metavar="{fit,export,evaluate}")

    verb = verbs.add_parser("fit", help="train, or go on with a training that was stopped")
    verb.add_argument("recipe", type=Path, help="TOML file, see recipes/faces.toml")

    verb = verbs.add_parser("export", help="write the chosen step of a training, or any YuNet, as the shipped file")
    verb.add_argument("source", type=Path, help="a recipe (the step that it chooses is taken), or an ONNX file of a YuNet")
    verb.add_argument("--to", type=Path, default=SHIPPED, help="the file to write (default: %(default)s)")

    verb = verbs.add_parser("evaluate", help="measure detectors side by side on the pictures and clips kept for it")
    verb.add_argument("models", nargs="+", type=Path, metavar="MODEL", help="files that cv2.FaceDetectorYN reads")
    verb.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of pictures (default: %(default)s)")
    verb.add_argument("--videos", type=Path, default=Path("../shared/videos"), help="folder of clips (default: %(default)s)")
    verb.add_argument("--sizes", type=_long_side, nargs="+", default=[160, 224, 320, 480, 640],
                      help="long sides in pixels; the means around 320 and 160 px are measured beside them (default: %(default)s)")
    verb.add_argument("--score", type=_score, default=0.6, help="score threshold of the tables (default: %(default)s)")
    verb.add_argument("--to", type=Path, default=Path("faces-evaluation"), help="folder for tables and plots (default: %(default)s)")
    verb.add_argument("--card", type=Path, help="model card whose section of figures is replaced")


def _long_side(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 32 <= int(text) <= 4096):
        raise argparse.ArgumentTypeError(f"{text}: expected a long side of 32 to 4096 pixels")
    return int(text)


def _score(text: str) -> float:
    from trainer.faces.results import FLOOR
    try:
        score = float(text)
    except ValueError:
        score = -1.0
    if not FLOOR <= score <= 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a score of {FLOOR} to 1")
    return score


def run(arguments: argparse.Namespace) -> int:
    """Do it. Raises MaskGateError for anything that the caller can put right."""
    if arguments.faces_verb == "fit":
        from trainer.faces.recipe import load
        recipe = load(arguments.recipe)  # a slip in it is told before TensorFlow is loaded
        tensorflow()
        from trainer.faces.fit import fit
        print(f"To be exported: {fit(recipe)}")
    elif arguments.faces_verb == "export":
        tensorflow()
        from trainer.faces.export import export
        export(arguments.source, arguments.to)
        print(f"Wrote {arguments.to}")
    else:
        from trainer.faces.evaluate import evaluate
        evaluate(arguments.models, arguments.data, arguments.videos, arguments.sizes, arguments.score, arguments.to, arguments.card)
        print(f"Tables and plots are in {arguments.to}")
    return 0
