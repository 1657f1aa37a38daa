# SPDX-License-Identifier: Apache-2.0
"""maskgate-train fit: train a model as a recipe says."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edge.whole import whole
from trainer.alone import alone
from trainer.claim import claim
from trainer.errors import TrainerError
from trainer.model import require_weights
from trainer.ready import require_classes, to_know
from trainer.recipe import read_recipe
from trainer.shelf import cached_faces, samples_of


def add(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "fit", help="train a model as a recipe says", description="Train a model as a recipe says. Given again, it goes on where it was cut off.")
    parser.add_argument("recipe", type=Path, help="for instance recipes/shipped.toml")
    parser.add_argument("--run", dest="home", type=Path, help="the run's folder (default: runs/<recipe's name>)")
    parser.add_argument("--hold-out", default="", metavar="SOURCE[,SOURCE]", help="keep these sources out whole, to be measured on (the cross-source figure)")
    parser.add_argument("--threads", type=int, default=2, help="processor threads of TensorFlow (default: 2)")
    return parser


def run(arguments: argparse.Namespace) -> None:
    from trainer.fit import fit

    named = read_recipe(arguments.recipe)
    recipe = named.recipe
    samples = samples_of(arguments.data)
    if arguments.hold_out:
        recipe = recipe.without(*(name for name in arguments.hold_out.split(",") if name))
    known = {s.source for s in samples}
    if unknown := [name for name in recipe.data.hold_out if name not in known]:
        raise TrainerError(f"{'--hold-out' if arguments.hold_out else 'Recipe, [data] hold_out'}: no source {', '.join(unknown)}; there are {', '.join(sorted(known))}.")
    require_classes(samples, recipe, str(arguments.data))
    require_weights(recipe.model, arguments.data)
    for text in to_know(samples, recipe):
        print(text)
    home = arguments.home or Path("runs") / (named.name + ("-without-" + "-".join(recipe.data.hold_out) if recipe.data.hold_out else ""))
    with alone(home):  # told before minutes of preparing faces, and so is a folder that cannot be made
        faces = cached_faces(recipe, arguments.data, arguments.cache)
        claim(home, recipe, faces)
        with whole(home / "recipe.toml") as part:
            part.write_bytes(arguments.recipe.read_bytes())
        model = fit(faces, recipe, arguments.data, home, threads=arguments.threads)
    print(f"{model}: done. Next: maskgate-convert {model} --out {home / 'mask.tflite'}")
