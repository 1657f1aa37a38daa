# SPDX-License-Identifier: Apache-2.0
"""maskgate-train sheet: what the network gets to see."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from trainer.augment import plain
from trainer.data.labels import CLASSES
from trainer.data.picture_file import place_for, write_picture
from trainer.draw import Drawer
from trainer.ready import require_classes, to_know
from trainer.recipe import Recipe, read_recipe
from trainer.shelf import cached_faces, samples_of


def add(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "sheet", help="a contact sheet of augmented faces", description="Draw a contact sheet: four rows a class as training draws them.")
    parser.add_argument("out", type=Path, help="a .png file")
    parser.add_argument("--recipe", type=Path, help="a recipe (default: the defaults of trainer/recipe.py)")
    return parser


def run(arguments: argparse.Namespace) -> None:
    out = place_for(arguments.out)
    recipe = read_recipe(arguments.recipe).recipe if arguments.recipe else Recipe()
    samples = samples_of(arguments.data)
    require_classes(samples, recipe, str(arguments.data))
    for text in to_know(samples, recipe):
        print(text)
    faces = cached_faces(recipe, arguments.data, arguments.cache)
    drawer = Drawer(faces, recipe, [i for i, row in enumerate(faces.rows) if row.split in recipe.data.splits])
    rng = np.random.default_rng(recipe.fit.seed)
    rows = []
    shown = [label for label in CLASSES if recipe.needs(label)]
    for label in shown:
        clean = [plain(drawer.plain(label, rng), recipe.model.margin, recipe.model.input_px) for _ in range(12)]
        rows += [np.hstack(clean)] + [np.hstack([drawer.example(label, rng) for _ in range(12)]) for _ in range(3)]
    write_picture(out, np.vstack(rows))
    print(f"{out}: {', '.join(shown)}; of each one row as it is, three as drawn.")
