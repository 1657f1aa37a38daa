# SPDX-License-Identifier: Apache-2.0
"""Going on: a training that is continued must have begun with the settings that its recipe has now. A recipe is kept beside the saved states,
since shapes of tensors alone would not show a difference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from edge.whole import whole
from trainer.errors import TrainerError
from trainer.faces.recipe import Recipe

FREE = ("data", "weights", "cache", "name", "steps", "stop", "every", "choose", "threads", "hash")
"""Settings that may change under way: where things lie, how long and how fast to train, when to look, which step to export."""
NOTE = "recipe.json"


def note(recipe: Recipe) -> None:
    """Write down beside the states what they are learnt by."""
    with whole(recipe.folder / NOTE) as part:
        part.write_text(json.dumps(asdict(recipe), indent=2))


def must_go_on_alike(recipe: Recipe) -> None:
    """Compare the recipe with the one that its training began with; where none is noted, with nothing.

    Raises:
        TrainerError: a setting that changes what is learnt is another one.
        ValueError: what was noted is damaged.
    """
    path = recipe.folder / NOTE
    before = json.loads(path.read_text()) if path.is_file() else {}
    if not isinstance(before, dict):
        raise ValueError(f"{NOTE} says nothing of a recipe")
    if changed := differences(before, json.loads(json.dumps(asdict(recipe)))):
        told = "; ".join(f"{key} = {json.dumps(old)}, and the recipe says {json.dumps(new)}" for key, (old, new) in changed.items())
        raise TrainerError(f"Training {recipe.folder}: it began with {told}.",
                           hint=f"Put back what it began with, or give the recipe another `name`; to begin anew, delete {recipe.folder}.")


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Setting → its old and its new value, where they differ. A setting that the older recipe does not have is taken to be as it is now."""
    return {key: (before[key], now[key]) for key in now if key not in FREE and key in before and before[key] != now[key]}
