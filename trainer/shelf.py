# SPDX-License-Identifier: Apache-2.0
"""Shelf: where a recipe's prepared faces lie, and where they come from."""

from __future__ import annotations

from pathlib import Path

from edge.vision import MODELS
from trainer.data.cache import Faces, open_cache
from trainer.data.manifest import Sample, read_manifest
from trainer.data.readers import shared
from trainer.errors import TrainerError
from trainer.recipe import Recipe

CACHE = Path("~/.cache/maskgate").expanduser()


def samples_of(data: Path) -> list[Sample]:
    """The samples of a data folder: its manifest.csv where it has one, else the layout of ../shared/data.

    Raises:
        TrainerError: neither is there.
    """
    if (data / "manifest.csv").is_file():
        return read_manifest(data / "manifest.csv")
    if not data.is_dir():
        raise TrainerError(f"Data folder {data}: no such folder.", hint="Name it with --data.")
    if not (data / "crops").is_dir():
        raise TrainerError(f"Data folder {data}: neither manifest.csv nor crops/ in it.",
                           hint=f"List your pictures first: `maskgate-train data build FOLDER --data {data}`; `maskgate-train data --help` names the layouts.")
    return shared(data)


def cached_faces(recipe: Recipe, data: Path, cache: Path) -> Faces:
    """Every face of the data folder, prepared; the first time that takes some minutes."""
    return open_cache(samples_of(data), data, detector_of(recipe, data), cache, unit=MODELS / "face.onnx")


def detector_of(recipe: Recipe, data: Path) -> Path:
    """The detector that cuts the training faces out: a file beside the data folder, or anywhere; where the recipe names none
    and the usual one is not there, the unit's own.
    """
    name = recipe.data.detector
    otherwise = MODELS / "face.onnx" if name == Recipe().data.detector else data.parent / name
    return next((base / name for base in (data, data.parent, Path()) if (base / name).is_file()), otherwise)
