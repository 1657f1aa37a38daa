# SPDX-License-Identifier: Apache-2.0
"""Recipe: every setting of one training, in one TOML file. The same recipe on the same pictures gives the same model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.errors import SettingsError
from edge.vision.bundle import View
from trainer.data.labels import CLASSES, INCORRECT

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
Weight = Annotated[float, Meta(ge=0, le=1e6)]
Count = Annotated[int, Meta(ge=0)]


class _Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A section: unknown keys are errors, so that a misspelt setting never trains silently with its default."""


class Data(_Part, frozen=True):
    """Which faces are drawn."""

    detector: str = "weights/yunet_n_640_640.onnx"
    """The YuNet that cuts the training faces out, relative to the data folder or its parent; the unit's own where this one is not there."""
    hold_out: tuple[str, ...] = ()
    """Sources kept out whole, to be measured on."""
    splits: tuple[str, ...] = ("train",)
    """Splits that are drawn from. `val` and `test` are never in here for a model that is measured on them."""


class Model(_Part, frozen=True):
    """The network."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "maskgate-mask"
    architecture: Literal["MobileNetV2", "ResNet50V2", "ResNet50", "small"] = "MobileNetV2"
    alpha: Annotated[float, Meta(gt=0, le=2)] = 0.35
    input_px: Annotated[int, Meta(ge=32, le=512)] = 128
    margin: Share = 0.15
    """Share of the face's longer side around it, in training."""
    views: Annotated[tuple[View, ...], Meta(max_length=8)] = ()
    """How the unit looks at a face; see `edge.vision.bundle.Description`. Training draws its own margins around `margin`."""
    dropout: Share = 0.2
    classes: Literal[2, 3] = 3
    """3: mask, incorrect, no_mask. 2: mask or not; `incorrect` then counts as not."""
    weights: str = "imagenet"
    """`imagenet`, `none`, or a file beside the data folder (for instance `weights/x.h5`)."""


class Sampling(_Part, frozen=True):
    """How often a face is drawn: first its class, then inside the class by weight."""

    classes: dict[str, Share] = msgspec.field(default_factory=lambda: {"mask": 0.34, "incorrect": 0.32, "no_mask": 0.34})
    sources: dict[str, Weight] = msgspec.field(default_factory=dict)
    """Weight of a face of a source; 1 where it is not named."""
    turned: Weight = 1.0
    """Further weight of a face whose head is turned by more than `turned_from`."""
    turned_from: Weight = 0.3
    """In eye distances, as `edge.vision.quality.turn` measures it; 0.3 is about 30 degrees."""

    def weight(self, source: str, label: str) -> float:
        """Of a face of this source and label."""
        return self.sources.get(f"{source}/{label}", self.sources.get(source, 1.0))

    def __post_init__(self) -> None:
        if not set(self.classes) <= set(CLASSES) or not sum(self.classes.values()):
            raise ValueError(f"[sampling] classes: expected shares of {', '.join(CLASSES)}, not all of them 0")


class Render(_Part, frozen=True):
    """Drawn masks, hands and transplanted lower faces: share of each class's draws that are made from other faces."""

    share: dict[str, Share] = msgspec.field(default_factory=dict)
    """By class, of the drawn kinds: `mask` and `incorrect` from bare faces, `no_mask` with a hand or a thing before it. Where no
    face is of `incorrect`, all that are shown of it are made, if this or `transplant` has a share of it."""
    transplant: dict[str, Share] = msgspec.field(default_factory=dict)
    """By class: a real lower face of another picture set into this one, over the nose, below it or below the mouth."""
    up: Share = 0.0
    """Share of the transplanted `incorrect` faces whose cloth lies over the eyes or the forehead instead."""
    bank: Annotated[int, Meta(ge=1, le=1_000_000)] = 1500
    """How many different ones are made of each kind and class."""

    def __post_init__(self) -> None:
        if unknown := {*self.share, *self.transplant} - set(CLASSES):
            raise ValueError(f"[render] share, transplant: no class {', '.join(sorted(unknown))}; there are {', '.join(CLASSES)}")


class Augment(_Part, frozen=True):
    """Ranges of the augmentation; `trainer.augment` says what each does. Standard deviations are of normal draws."""

    rotate_deg: Weight = 12.0
    zoom: Weight = 0.11
    shift: Weight = 0.06
    shear: Weight = 0.05
    stretch: Weight = 0.05
    rim: Share = 0.12
    low_res: Share = 0.5
    low_res_px: tuple[int, int] = (22, 110)
    jpeg: Share = 0.5
    blur: Share = 0.2
    motion: Share = 0.1
    grey: Share = 0.25
    infrared: Share = 0.04
    gamma: Weight = 0.3
    contrast: Weight = 0.2
    colour: Weight = 0.08
    backlight: Share = 0.15
    noise: Share = 0.35
    occlude: Share = 0.12

    def __post_init__(self) -> None:
        least, most = self.low_res_px
        if not 1 <= least <= most:
            raise ValueError(f"[augment] low_res_px = [{least}, {most}]: expected the least side and the greatest, in pixels from 1 on")


class Fit(_Part, frozen=True):
    """The optimisation."""

    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 1
    batch: Annotated[int, Meta(ge=1)] = 64
    head_steps: Count = 150
    head_rate: Positive = 3e-3
    head_batches: Count = 0
    """0: the head alone is fitted on fresh pictures. More: on the features of so many batches, computed once."""
    steps: Count = 1300
    optimizer: Literal["adamw", "adam", "rmsprop"] = "adamw"
    rate: Positive = 3e-4
    schedule: Literal["cosine", "plateau", "constant"] = "cosine"
    patience: Annotated[int, Meta(ge=1)] = 2
    """`plateau`: looks without a better one until the rate falls."""
    stop_after: Count = 0
    """Looks without a better one until the training ends; 0: never early."""
    warm_up: Count = 50
    from_layer: Count = 20
    """First layer of the backbone that is fitted; those before it keep ImageNet's edges and colours."""
    top_steps: Count = 0
    """So many of the steps fit only the layers from `top_layer` on; the others follow after them."""
    top_layer: Count = 100
    clip: Positive = 1.0
    smoothing: Share = 0.05
    decay: Weight = 0.0
    """AdamW's weight decay."""
    average: Share = 0.998
    """Decay of the exponential moving average of the weights; 0: none."""
    mixup: Weight = 0.0
    negatives: Share = 0.03
    """Share of pictures without a face; their target is even over the three answers, so that nothing is sure of them."""
    pass_weight: Weight = 0.0
    """Weight of a second loss on the door's own question: mask, or not."""
    watch_every: Annotated[int, Meta(ge=1)] = 200
    keep: Literal["best", "last"] = "best"
    """Which look becomes best.keras. Where few faces are watched, or all are right early, the best is the luckiest:
    `last`, with a schedule that ends low and averaged weights, is then the better choice."""


class Finish(_Part, frozen=True):
    """Last steps, after `[fit] steps`, at a low rate and with more pictures that are no face."""

    steps: Count = 0
    rate: Positive = 1e-4
    """Falls to a hundredth of it as a cosine."""
    negatives: Share = 0.1
    """As in `[fit]`."""
    nothing: Share = 0.6
    """Share of the pictures without a face that are made: drawn hands before nobody, close views of hair, ears, necks."""


class Recipe(_Part, frozen=True):
    """One training."""

    data: Data = msgspec.field(default_factory=Data)
    model: Model = msgspec.field(default_factory=Model)
    sampling: Sampling = msgspec.field(default_factory=Sampling)
    render: Render = msgspec.field(default_factory=Render)
    augment: Augment = msgspec.field(default_factory=Augment)
    fit: Fit = msgspec.field(default_factory=Fit)
    finish: Finish = msgspec.field(default_factory=Finish)

    def __post_init__(self) -> None:
        if not self.total_steps:
            raise ValueError("[fit] head_steps and steps, [finish] steps: all are 0, so nothing is trained")

    @property
    def total_steps(self) -> int:
        """Of head, backbone and finish together."""
        return self.fit.head_steps + self.fit.steps + self.finish.steps

    def without(self, *sources: str) -> Recipe:
        """The same with these sources held out, and no others."""
        return msgspec.structs.replace(self, data=msgspec.structs.replace(self.data, hold_out=sources))

    def needs(self, label: str) -> bool:
        """Whether a training must show this class: a network of two answers can do without `incorrect`."""
        return label != INCORRECT or self.model.classes == len(CLASSES) or bool(self.sampling.classes.get(label))

    def only_made(self, there: Collection[str]) -> tuple[str, ...]:
        """The classes that a training shows though none of its faces is of them (`there` are those that they are of): a mask worn wrongly
        can be drawn on a bare face, or set onto one, as `[render]` says. Of masks and of bare faces some must be real.
        """
        made = self.render.share.get(INCORRECT, 0.0) + self.render.transplant.get(INCORRECT, 0.0)
        return (INCORRECT,) if made and INCORRECT not in there and self.needs(INCORRECT) else ()

    def finishes(self, step: int) -> bool:
        """Whether a step belongs to the finish."""
        return self.fit.head_steps + self.fit.steps <= step < self.total_steps


@dataclass(frozen=True)
class NamedRecipe:
    """A recipe with its file and hash."""

    recipe: Recipe
    name: str
    sha256: str


def read_recipe(path: Path) -> NamedRecipe:
    """Read a recipe.

    Raises:
        SettingsError: no such file, no TOML, an unknown key, a value out of range.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"Recipe {path}: cannot be read ({error.strerror}).", hint="The shipped one is recipes/shipped.toml.") from error
    try:
        recipe = msgspec.toml.decode(text, type=Recipe)
    except (ValueError, RecursionError) as error:  # no TOML, no text, a number or brackets without end; msgspec's errors are ValueErrors
        other = re.search(rb"^(data|weights|stages|advisers) *=", text, re.MULTILINE)  # the mask's recipes have tables of those names, or none
        raise SettingsError(f"Recipe {path}: {error}.", hint=f"It looks like a recipe of the face detector: maskgate-train faces fit {path}." if other
                            else "trainer/recipe.py lists every key with its range.") from error
    return NamedRecipe(recipe, path.stem, hashlib.sha256(text).hexdigest())
