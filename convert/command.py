# SPDX-License-Identifier: Apache-2.0
"""What `maskgate-convert` does: its arguments, and the whole way from a model to a bundle."""

from __future__ import annotations

import argparse
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.convert import REPRESENTATIVE, tensor_types, to_int8
from convert.describe import describe
from convert.parity import parity
from edge.outputs import must_be_apart
from edge.vision.bundle import LABELS, TWO_LABELS, Description, load_bundle, write_bundle
from edge.vision.masks import Masks
from trainer.augment import augment, plain
from trainer.data.cache import Faces
from trainer.data.labels import CLASSES
from trainer.draw import Drawer
from trainer.ending import EXIT_CODES
from trainer.errors import TrainerError
from trainer.model import load_keras
from trainer.recipe import NamedRecipe, Recipe, read_recipe
from trainer.shelf import CACHE, cached_faces

ABOUT = """Turn a trained model into the file that the unit runs: int8 throughout, uint8 RGB in, logits out, with its
description inside; then ask both about the same faces, through the unit's own code, and print how far they differ.

  maskgate-convert runs/shipped/best.keras --out edge/models/mask.tflite
  maskgate-convert edge/models/mask.tflite --out edge/models/mask.tflite --temperature 0.9 --metrics runs/shipped/metrics.json

The second puts what `maskgate-train evaluate` found into the description of a file that is converted already.
"""
HELP = "`maskgate-convert --help` says what it takes."


def run(argv: list[str] | None) -> None:
    """Do what was typed.

    Raises:
        SettingsError, ModelError, TrainerError: recipe, bundle, model or data cannot be used.
    """
    arguments = _parser().parse_args(argv)
    if arguments.temperature is not None and not 0 < arguments.temperature <= 100:
        raise TrainerError(f"--temperature {arguments.temperature:g}: expected more than 0 and at most 100.", hint=HELP)
    if arguments.metrics and arguments.model.suffix != ".tflite":
        raise TrainerError("--metrics: only a .tflite bundle is described with them.",
                           hint="Convert first, measure the bundle with `maskgate-train evaluate`, then describe it with what that wrote.")
    model = None if arguments.model.suffix == ".tflite" else arguments.model  # a bundle may be described in its place
    must_be_apart({"the model": model, "--recipe": arguments.recipe, "--metrics": arguments.metrics, "--out": arguments.out})
    if arguments.out.exists() and not arguments.out.is_file():
        raise TrainerError(f"--out {arguments.out}: this is a folder or a device; expected a file name.", hint="Name a file in a folder that you may write to, such as mask.tflite.")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)  # told before minutes of work
    if arguments.model.suffix == ".tflite":
        describe(arguments.model, arguments.out, arguments.temperature, arguments.metrics)
        print(f"{arguments.out}: described.")
    else:
        convert(arguments.model, arguments.out, arguments.data, arguments.recipe, arguments.temperature or 1.0, arguments.cache)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="maskgate-convert", description=ABOUT, epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a .keras file; the recipe.toml beside it tells margin and name. Or a .tflite bundle, to describe anew")
    parser.add_argument("--out", type=Path, default=Path("mask.tflite"), help="where the bundle goes (default: mask.tflite)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="data folder that it was trained from (default: ../shared/data)")
    parser.add_argument("--recipe", type=Path, help="the recipe (default: recipe.toml beside the model)")
    parser.add_argument("--temperature", type=float, help="from `maskgate-train evaluate` on a source kept out (default: 1, or as it was)")
    parser.add_argument("--metrics", type=Path, help="metrics.json of `maskgate-train evaluate`, for the description of a bundle")
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"where prepared faces lie (default: {CACHE})")
    return parser


def convert(model_path: Path, out: Path, data: Path, recipe_path: Path | None, temperature: float, cache: Path) -> None:
    """The whole way; prints what it found.

    Raises:
        SettingsError: the recipe does not fit.
        TrainerError: model or data do not.
    """
    model = load_keras(model_path)
    named = read_recipe(recipe_path or model_path.with_name("recipe.toml"))
    # A run's copy is called recipe.toml whatever the recipe was called; the run's folder bears its name.
    recipe_name = named.name if recipe_path else model_path.resolve().parent.name
    faces = cached_faces(named.recipe, data, cache)
    graph = to_int8(model, representative(faces, named, int(model.input_shape[1])))
    description = Description(
        name=named.recipe.model.name, input_px=int(model.input_shape[1]), margin=named.recipe.model.margin, views=named.recipe.model.views,
        only_drawn=only_drawn(faces, named.recipe),
        labels=LABELS if model.output_shape[-1] == len(LABELS) else TWO_LABELS, temperature=temperature, sha256=hashlib.sha256(graph).hexdigest(),
        made=f"{datetime.now(UTC):%Y-%m-%d}, recipe {recipe_name} ({named.sha256[:16]})")
    write_bundle(out, graph, description)
    print(f"{out}: {out.stat().st_size / 1024:.0f} KiB, {dict(tensor_types(graph))}")
    for label in description.only_drawn:
        print(f"Of {label} training saw no real face, only drawn ones: the description says so, and what follows measures nothing of it.")
    crops, truth, fitted = compared(faces, named, int(model.input_shape[1]))
    print(parity(model, Masks(load_bundle(out)), crops, truth))
    if fitted:
        print("These faces are those that it was trained on, so the figures say only how far int8 and float differ. "
              "`maskgate-train data build FOLDER --val 0.15` keeps others.")


def only_drawn(faces: Faces, recipe: Recipe) -> tuple[str, ...]:
    """The labels of which the recipe's training saw drawn faces only."""
    return recipe.only_made({row.label for row in faces.rows if row.split in recipe.data.splits and row.source not in recipe.data.hold_out
                             and recipe.sampling.weight(row.source, row.label)})


def representative(faces: Faces, named: NamedRecipe, size_px: int) -> NDArray[np.uint8]:
    """RGB pictures that set the int8 ranges: every class, half of them as drawn for training, so that dark and grey
    faces keep their range; a third is of the class that training only drew, where there is one."""
    rng = np.random.default_rng(named.recipe.fit.seed)
    margin = named.recipe.model.margin
    drawn = [i for i, row in enumerate(faces.rows) if row.split in named.recipe.data.splits and row.label in CLASSES]
    if not drawn:
        raise TrainerError(f"The data has no face of the recipe's splits ({', '.join(named.recipe.data.splits)}), so nothing sets the int8 ranges.",
                           hint="Name the data that the model was trained from with --data.")
    chosen = rng.choice(drawn, size=min(REPRESENTATIVE, len(drawn)), replace=False)
    pictures = [plain(faces.pictures[i], margin, size_px) if n % 2 else augment(faces.pictures[i], rng, named.recipe.augment, margin, size_px)
                for n, i in enumerate(chosen)]
    for label in only_drawn(faces, named.recipe):
        drawer = Drawer(faces, named.recipe, drawn)
        pictures[::3] = [augment(drawer.made(label, rng), rng, named.recipe.augment, margin, size_px) for _ in pictures[::3]]
    return np.stack(pictures)[..., ::-1].copy()


def compared(faces: Faces, named: NamedRecipe, size_px: int, most: int = 1500) -> tuple[NDArray[np.uint8], NDArray[np.int64], bool]:
    """BGR crops and truth of faces that the model was not fitted on, or of those that it was where there are no others; and whether it was."""
    labelled = [i for i, row in enumerate(faces.rows) if row.label in CLASSES]
    apart = [i for i in labelled if faces.rows[i].split not in named.recipe.data.splits]
    chosen = np.random.default_rng(0).permutation(apart or labelled)[:most]
    crops = np.stack([plain(faces.pictures[i], named.recipe.model.margin, size_px) for i in chosen])
    return crops, np.array([CLASSES.index(faces.rows[i].label) for i in chosen], np.int64), not apart
