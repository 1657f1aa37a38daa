# SPDX-License-Identifier: Apache-2.0
"""Recipe: everything that decides a training of the face detector, read from a TOML file."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.errors import SettingsError
from trainer.faces.plan import Plan

LEAST_MINED = 16
"""Least steps between two saved states with `mine`. Scenes are made eight steps ahead, and the detector whose errors they show must have
been written by then."""
Width = Annotated[int, Meta(ge=1, le=1024)]
Units = Annotated[int, Meta(ge=0, le=64)]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a detector is fitted; recipes/faces*.toml are seven examples."""

    data: str = "../shared/data"
    """Folder of the pictures, from the folder that the command runs in."""
    weights: str = "../shared/weights"
    """Folder of the teachers."""
    cache: str = "~/.cache/maskgate/faces"
    """Decoded pictures, what the teachers said, and the state of trainings."""
    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "face"
    """Of the training: its folder in the cache."""
    start: str = "face_detection_yunet_2023mar.onnx"
    """Detector in `weights`, or a path, or another recipe (the step that it chooses), whose weights are the first; empty: begin at random."""
    shared: tuple[Units, Units, Units] = (0, 1, 1)
    """Units added before the heads at strides 8, 16 and 32."""
    down: bool = False
    """Add to the finer maps what the `shared` units make of the coarser ones, in place of those themselves; see `plan.py`."""
    stages: Annotated[tuple[tuple[Width, Width], ...], Meta(min_length=5, max_length=5)] = Plan().stages
    """Widths of the two units of each of the five stages. Where they are less than in `start`, its channels that weigh least are left out."""
    keep: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    """Share of the weights of `start` in every saved detector, so that what it knew is not forgotten (Wortsman et al. 2022, "Robust
    fine-tuning")."""
    mine: bool = False
    """Show more of what this training's own detector misses in the pictures, or wrongly takes for a face; it is the one saved last but one that
    is asked."""
    dress: Annotated[float, Meta(ge=0, le=1)] = 0.6
    """Share of the bare faces that get a mask, a hand or a cup."""
    imitate: Annotated[float, Meta(ge=0, le=10)] = 0.5
    """Weight in the loss of answering as YuNet n and the advisers do: the mean of their logits, or as `believe` says."""
    advisers: tuple[str, ...] = ()
    """Detectors imitated together with YuNet n: recipes (the step that each chooses), paths, or files in `weights`."""
    believe: bool = False
    """Under a face that an adviser sees where it is, imitate the highest cls and obj of those who do. The labels then teach only the cells that
    answer for the face. Needs `imitate`."""
    copy: bool = False
    """Learn to answer as YuNet n and the advisers do together, and nothing else (copying.py). Boxes and landmarks are those of the last
    adviser. Needs `advisers`, and an `imitate` above 0, whose value makes no difference."""
    share: Annotated[float, Meta(ge=0, le=1)] = 0.25
    """With `copy`: how much YuNet n counts. The advisers, who know masks, share the rest."""
    mirror: bool = False
    """Show the advisers mirror images in half of the steps: where their answers to the two differ, it is by chance. Needs `imitate`."""
    views: Literal["varied", "natural"] = "varied"
    """How scenes are put together: `varied` (mosaics, tilts, much that spoils them), or, to finish, `natural`, as a camera shows them."""
    side: Annotated[int, Meta(ge=64, le=640, multiple_of=32)] = 320
    """Of a training scene, in pixels."""
    batch: Annotated[int, Meta(ge=1, le=256)] = 16
    steps: Annotated[int, Meta(ge=1)] = 8000
    stop: Annotated[int, Meta(ge=0)] = 0
    """Step to stop after, a multiple of `every`; 0: go on to `steps`. The learning rate falls over all `steps` and so is still high there, but
    the saved weights are averaged anyway (see `average`)."""
    optimiser: Literal["adam", "muon"] = "adam"
    """`muon` (Jordan et al. 2024; Liu et al. 2025, "Muon is Scalable for LLM Training") for the 1x1 convolutions and Adam for the rest, or Adam for all."""
    rate: Annotated[float, Meta(gt=0, le=0.1)] = 7e-4
    """Highest learning rate; it rises over the first `warm_up` steps, then falls along a cosine to a hundredth."""
    warm_up: Annotated[int, Meta(ge=0)] = 300
    average: Annotated[float, Meta(ge=0, lt=1)] = 0.999
    """The exported weights are the mean over about 1 / (1 - average) steps."""
    choose: Literal["best", "last"] = "best"
    """Which step is exported. The held-out faces are a few hundred, so the best step is partly the luckiest; where the rate falls
    to a hundredth and the weights are averaged, the last one is steadier."""
    every: Annotated[int, Meta(ge=1)] = 500
    """Steps between two saved states, each measured on the held-out pictures."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 1
    """Processor threads within each operation of a training step. With another number sums are taken in another order, and nothing is faster on
    two cores: two operations run side by side as it is, and the scenes are made by a thread of their own."""
    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 1
    hash: str = ""
    """Of the file, first 12 digits; set by `load`."""

    @property
    def end(self) -> int:
        """The last step."""
        return self.stop or self.steps

    @property
    def folder(self) -> Path:
        """Where this training keeps its states."""
        return Path(self.cache).expanduser() / self.name


def load(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        SettingsError: the file is missing, is no TOML, or has a setting that is unknown, mistyped or out of range.
    """
    try:
        data = path.read_bytes()
        values = tomllib.loads(data.decode())
        unknown = sorted(set(values) - set(Recipe.__dataclass_fields__))
    except (OSError, ValueError, RecursionError) as error:  # no TOML, no text, a number or brackets without end
        raise SettingsError(f"Recipe {path}: cannot be read ({error}).", hint="Recipes are TOML files; recipes/faces.toml is one.") from error
    if unknown or "hash" in values:
        tables = any(isinstance(values[name], dict) for name in unknown)  # only the mask's recipes have some
        raise SettingsError(f"Recipe {path}: {', '.join(unknown) or 'hash'} is no setting.",
                            hint=f"It looks like a recipe of the mask model: maskgate-train fit {path}." if tables
                            else f"There are: {', '.join(Recipe.__dataclass_fields__)}.")
    try:
        recipe = msgspec.convert(values | {"hash": hashlib.sha256(data).hexdigest()[:12]}, Recipe)
    except msgspec.ValidationError as error:
        raise SettingsError(f"Recipe {path}: {error}.",
                            hint="trainer/faces/recipe.py says what each setting may be; recipes/faces*.toml are examples.") from error
    if recipe.believe and recipe.copy:
        raise SettingsError(f"Recipe {path}: `believe` and `copy` are both true; one of them says how advisers are heard.", hint="Leave one of them out.")
    asking = [name for name in ("believe", "copy", "mirror") if getattr(recipe, name)]
    if asking and not recipe.imitate:
        raise SettingsError(f"Recipe {path}: `{asking[0]}` is true and `imitate` 0, so that nobody is asked.", hint="Say `imitate = 1.0`, or leave it out.")
    if recipe.stop > recipe.steps or recipe.stop % recipe.every:
        raise SettingsError(f"Recipe {path}: `stop` is {recipe.stop}; expected at most `steps` ({recipe.steps}) and a multiple of `every` "
                            f"({recipe.every}), since scenes are seeded by that.", hint="Leave `stop` out to go on to `steps`.")
    if recipe.mine and recipe.every < LEAST_MINED:
        raise SettingsError(f"Recipe {path}: `every` is {recipe.every}; expected at least {LEAST_MINED} with `mine`, which asks the state before "
                            "while scenes are made ahead.")
    if recipe.copy and not recipe.advisers:
        raise SettingsError(f"Recipe {path}: `copy` is true and there are no `advisers`; YuNet n alone knows too little of masks.",
                            hint='Name a recipe or a file: `advisers = ["recipes/faces-natural.toml"]`.')
    return recipe
