# SPDX-License-Identifier: Apache-2.0
"""maskgate-train explain: where the network looks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.outputs import must_be_apart
from edge.vision.crop import crop_face
from trainer.augment import plain
from trainer.data.decode import read_picture
from trainer.data.find import Finder
from trainer.data.labels import CLASSES
from trainer.data.picture_file import place_for, write_picture
from trainer.errors import TrainerError
from trainer.recipe import Recipe, read_recipe
from trainer.shelf import cached_faces, detector_of


def add(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "explain", help="where the network looks (Grad-CAM)",
        description="Draw faces with what speaks for their label over them (Grad-CAM), and print how much of it lies on the lower face.")
    parser.add_argument("model", type=Path, help="a .keras file with its recipe.toml beside it")
    parser.add_argument("out", type=Path, help="a .png file")
    parser.add_argument("--each", type=int, default=24, help="faces of each class (default: 24)")
    parser.add_argument("--picture", type=Path, help="any picture instead: its main face, with what speaks for each answer")
    return parser


def run(arguments: argparse.Namespace) -> None:
    from trainer.explain import gallery
    from trainer.model import load_keras

    must_be_apart({"the model": arguments.model, "--picture": arguments.picture, "the picture to write": arguments.out})
    out = place_for(arguments.out)
    model = load_keras(arguments.model)
    recipe = read_recipe(arguments.model.with_name("recipe.toml")).recipe
    if arguments.picture:
        crop = _main_face(arguments.picture, recipe, arguments.data)
        crops = {label: [crop] for label in CLASSES}
    else:
        crops = faces_apart(recipe, arguments.data, arguments.cache, arguments.each)
    sheet, shares = gallery(model, crops, across=1 if arguments.picture else 12)
    for label, share in shares.items():
        print(f"{label:10} {share:.0%} of what speaks for it lies on the lower half ({len(crops[label])} faces)")
    write_picture(out, sheet)
    print(f"{out}: written.")


def faces_apart(recipe: Recipe, data: Path, cache: Path, each: int) -> dict[str, list[NDArray[np.uint8]]]:
    """So many faces of each label that the recipe does not draw, cropped as the unit crops them.

    Raises:
        TrainerError: there is none.
    """
    faces = cached_faces(recipe, data, cache)
    rng = np.random.default_rng(0)
    apart = {label: [i for i, row in enumerate(faces.rows) if row.label == label and row.split != "train"] for label in CLASSES}
    if not any(apart.values()):
        raise TrainerError(f"{data}: every face is of split train; faces that no training draws are explained.",
                           hint="`maskgate-train data build FOLDER --val 0.15` keeps some; --picture FILE explains one picture.")
    return {label: [plain(faces.pictures[i], recipe.model.margin, recipe.model.input_px) for i in rng.permutation(rows)[:each]]
            for label, rows in apart.items()}


def _main_face(path: Path, recipe: Recipe, data: Path) -> NDArray[np.uint8]:
    image = read_picture(path)
    face = Finder(detector_of(recipe, data)).main_face(image)
    if face is None:
        raise TrainerError(f"{path}: no face found in it.", hint="Cut the picture closer around the face.")
    return crop_face(image, face.box, recipe.model.margin, recipe.model.input_px)
