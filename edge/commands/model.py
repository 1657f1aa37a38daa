# SPDX-License-Identifier: Apache-2.0
"""maskgate model: what a mask model says of itself."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

EXAMPLES = """examples:
  maskgate model show
  maskgate model show mine.tflite --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    show = verbs.add_parser("show", help="print the description inside a mask model, after trying the model")
    show.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: the one that ships")
    show.add_argument("--json", action="store_true", help="as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print a model's description."""
    import msgspec

    from edge.vision import MODELS
    from edge.vision.bundle import load_bundle
    from edge.vision.masks import Masks

    bundle = load_bundle(arguments.file or MODELS / "mask.tflite")
    Masks(bundle)  # a description is worth printing only if the model behind it runs
    said = bundle.description
    if arguments.json:
        print(msgspec.json.encode(said).decode())
        return 0
    print(f"{bundle.path.name}: {said.name}, {len(bundle.model) / 1024:.0f} KiB")
    print(f"  labels       {', '.join(said.labels)}")
    print(f"  input        uint8 RGB {said.input_px} x {said.input_px}, margin {said.margin:g} on each side of the face")
    if said.views:
        print("  looks at     " + ", then at ".join(f"margin {view.margin:g}{' mirrored' if view.mirrored else ''}" for view in said.views))
    print(f"  temperature  {said.temperature:g} (1: as sure as the network itself; less: surer)")
    print(f"  made         {said.made or 'unknown'}")
    if said.only_drawn:
        print(f"  only drawn   {', '.join(said.only_drawn)}: training saw no real face of it, only masks drawn on other faces; trust it as far as figures below are of real ones")
    print(f"  sha256       {said.sha256}")
    _print_figures(said.figures)
    return 0


def _print_figures(figures: dict[str, Any]) -> None:
    from edge.vision.figures import HOW_TO_READ, MEANINGS

    if not figures:
        print("  figures      none: nobody measured it, or `maskgate-convert --metrics` has not put them in")
    shown = set()
    for name, figure in figures.items():
        if isinstance(figure, dict) and all(value == [None, None, None] for value in figure.values()):
            print(f"  {name}: nothing measured")
            continue
        print(f"  {name}")
        for key, value in figure.items() if isinstance(figure, dict) else [("", figure)]:
            shown.add(key)
            print(f"    {key:<16} {_in_words(value)}")
    if known := [key for key in MEANINGS if key in shown]:
        print("  what they say")
        for key in known:
            print(f"    {key:<16} {MEANINGS[key]}")
        for line in HOW_TO_READ:
            print(f"    {line}")


def _in_words(figure: object) -> str:
    """One figure of a description, as maskgate-convert writes it: [value, low, high] with its 95 % interval, null where nothing could
    be measured. Anything else, which other tools may have put there, as it is.
    """
    match figure:
        case [int() | float() as value, int() | float() as low, int() | float() as high]:
            return f"{value:.3f}  [{low:.3f}, {high:.3f}]"
        case [None, None, None]:
            return "not measured"
    return str(figure)
