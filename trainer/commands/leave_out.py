# SPDX-License-Identifier: Apache-2.0
"""maskgate-train leave-out: the leave-one-source-out table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from trainer.data.cache import worth_preparing
from trainer.errors import TrainerError
from trainer.model import require_weights
from trainer.ready import require_classes, to_know
from trainer.recipe import Recipe, read_recipe
from trainer.score import number
from trainer.shelf import cached_faces, samples_of


def add(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "leave-out", help="what a recipe is worth on sources that it has not seen",
        description="Train once for each source, that source kept out whole, and measure on it. A whole training each: give --steps "
                    "for a quick table, and --sources for some. Given again, it goes on where it was cut off.")
    parser.add_argument("recipe", type=Path, help="for instance recipes/shipped.toml")
    parser.add_argument("--sources", default="", metavar="SOURCE[,SOURCE]", help="default: every source of two classes and more")
    parser.add_argument("--steps", type=int, help="steps of each training instead of the recipe's")
    parser.add_argument("--run", dest="home", type=Path, help="where the runs lie (default: runs/<recipe's name>-leave-out)")
    parser.add_argument("--threads", type=int, default=2, help="processor threads of TensorFlow (default: 2)")
    return parser


def run(arguments: argparse.Namespace) -> None:
    from trainer.leave_out import leave_out, sources_of

    named = read_recipe(arguments.recipe)
    recipe = named.recipe
    if arguments.steps is not None:
        recipe = _of_steps(recipe, arguments.steps)
    samples = samples_of(arguments.data)
    require_classes(samples, recipe.without(), str(arguments.data))
    sources = sources_of(worth_preparing(samples), [name for name in arguments.sources.split(",") if name])
    require_weights(recipe.model, arguments.data)
    for source in sources:  # the last one's trouble told before the first one's training
        try:
            require_classes(samples, recipe.without(source), f"{arguments.data} without {source}")
        except TrainerError as error:
            raise TrainerError(str(error), hint=f"Name the sources that can be left out with --sources. {error.hint}") from error
    for text in to_know(samples, recipe):
        print(text)
    faces = cached_faces(recipe, arguments.data, arguments.cache)
    home = arguments.home or Path("runs") / f"{named.name}-leave-out"
    for source, row in leave_out(faces, recipe, sources, arguments.data, home, threads=arguments.threads).items():
        print(f"{source:28} {row['faces']:.0f} faces  " + "  ".join(f"{name} {number(value)}" for name, value in row.items() if name != "faces"))
    print(f"{home / 'leave_out.json'}: written.")


def _of_steps(recipe: Recipe, steps: int) -> Recipe:
    if steps < 0:
        raise TrainerError(f"--steps {steps}: expected 0 or more.")
    try:
        return msgspec.structs.replace(recipe, fit=msgspec.structs.replace(recipe.fit, steps=steps))
    except ValueError as error:  # no step is left at all
        raise TrainerError(f"--steps {steps}: {error}.") from error
