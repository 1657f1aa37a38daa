# SPDX-License-Identifier: Apache-2.0
"""maskgate-train explain: where the network looks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from trainer.augment import plain
from trainer.data.labels import CLASSES
from trainer.recipe import read_recipe
from trainer.shelf import cached_faces


def add(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "explain", help="where the network looks (Grad-CAM)",
        description="Draw a gallery of faces with what speaks for their label (Grad-CAM), and print how much of it lies on the lower face.")
    parser.add_argument("model", type=Path, help="a .keras file with its recipe.toml beside it")
    parser.add_argument("out", type=Path, help="a .png file")
    parser.add_argument("--each", type=int, default=24, help="faces of each class (default: 24)")
    return parser


def run(arguments: argparse.Namespace) -> None:
    from trainer.explain import heat, lower_share, overlay
    from trainer.model import load_keras

    model = load_keras(arguments.model)
    recipe = read_recipe(arguments.model.with_name("recipe.toml")).recipe
    faces = cached_faces(recipe, arguments.data, arguments.cache)
    rng = np.random.default_rng(0)
    rows = []
    for column, label in enumerate(CLASSES):
        apart = [i for i, row in enumerate(faces.rows) if row.label == label and row.split != "train"]
        crops = [plain(faces.pictures[i], recipe.model.margin, recipe.model.input_px) for i in rng.permutation(apart)[:arguments.each]]
        cams = [heat(model, crop, column) for crop in crops]
        print(f"{label:10} {np.mean([lower_share(cam) for cam in cams]):.0%} of what speaks for it lies on the lower half ({len(crops)} faces)")
        tiles = [overlay(crop, cam) for crop, cam in zip(crops, cams, strict=True)]
        tiles += [np.zeros_like(tiles[0])] * (arguments.each - len(tiles))
        rows += [np.hstack(tiles[i:i + 12]) for i in range(0, len(tiles) - len(tiles) % 12, 12)]
    cv2.imwrite(str(arguments.out), np.vstack(rows))
    print(f"{arguments.out}: written.")
