# SPDX-License-Identifier: Apache-2.0
"""Ready: what a recipe asks for, held against what is there, before minutes of preparing pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trainer.data.cache import MIN_FACE_PX, worth_preparing
from trainer.data.labels import CLASSES, INCORRECT, NOT_FACE
from trainer.data.manifest import Sample
from trainer.errors import TrainerError
from trainer.recipe import Recipe, Sampling

ALL_MADE = ("A recipe that has masks worn wrongly drawn on bare faces does without: [render.share] incorrect = 0.3, or recipes/small.toml as it is. "
            "So does a network that only says mask or not: [model] classes = 2, and in [sampling.classes] mask and no_mask alone.")
"""How to train without a face of `incorrect`."""


def require_classes(samples: Sequence[Sample], recipe: Recipe, where: str) -> None:
    """Stop before a training that has nothing to show for one of the three answers.

    Raises:
        TrainerError: a class has no face that the recipe would draw, and the recipe makes none of it.
    """
    found = Counter(s.label for s in drawn(samples, recipe))
    made = recipe.only_made(found)
    if empty := [label for label in CLASSES if not found[label] and label not in made and recipe.needs(label)]:
        there = ", ".join(f"{found[label]} {label}" for label in CLASSES if found[label]) or "nothing else either"
        other = f"{ALL_MADE} " if empty == [INCORRECT] else ""
        raise TrainerError(
            f"{where}: no face of {' or '.join(empty)} to draw from ({there}); a training needs some of each of {', '.join(CLASSES)}.",
            hint=f"{other}Add some: `maskgate-train data build FOLDER` lists a folder beside the others, `maskgate-train data list` tells what is there. Not drawn are "
                 f"unknown faces, boxes below {MIN_FACE_PX:g} px, sources held out or of weight 0, and splits other than {', '.join(recipe.data.splits)}.")


def to_know(samples: Sequence[Sample], recipe: Recipe) -> list[str]:
    """What to say before a training, of what is no mistake: classes that it only sees drawn, weights that change nothing."""
    return [text for text in (missing_text(samples, recipe), idle_weights(recipe.sampling, samples)) if text]


def missing_text(samples: Sequence[Sample], recipe: Recipe) -> str:
    """What to say of a class that training only sees drawn; an empty text where there is none."""
    made = recipe.only_made({s.label for s in drawn(samples, recipe)})
    return "".join(f"No face of {label} to draw from: training sees only such as are drawn on other faces, as the recipe's [render] says." for label in made)


def drawn(samples: Sequence[Sample], recipe: Recipe) -> list[Sample]:
    """The samples that a training by this recipe may draw."""
    return [s for s in worth_preparing(samples) if s.split in recipe.data.splits and s.source not in recipe.data.hold_out
            and recipe.sampling.weight(s.source, s.label)]


def idle_weights(sampling: Sampling, samples: Sequence[Sample]) -> str:
    """What to say of the weights of sources that are not there, which change nothing; an empty text where there are none."""
    known = sorted({s.source for s in samples})
    idle = [name for name in sampling.sources if name not in known and not any(name == f"{source}/{label}" for source in known for label in (*CLASSES, NOT_FACE))]
    if not idle:
        return ""
    return (f"Recipe, [sampling.sources]: no source {', '.join(idle)} here, so these weights change nothing. "
            f"There are {', '.join(known)}, each also with one of /{', /'.join((*CLASSES, NOT_FACE))} behind it.")
