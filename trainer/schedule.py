# SPDX-License-Identifier: Apache-2.0
"""Schedule: how fast to learn at a step, and when to stop. Pure functions, so that a run that was cut off goes on alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.recipe import Fit, Recipe

LOWER = 0.3
"""What a plateau multiplies the rate by."""
LEAST = 0.01
"""Share of the full rate that no schedule goes below."""


def rate_of(step: int, recipe: Recipe, worths: Sequence[float] = ()) -> float:
    """Learning rate of a step counted from the head's first, in the fit or in the finish."""
    if not recipe.finishes(step):
        return rate_at(step - recipe.fit.head_steps, recipe.fit, worths)
    done = (step - recipe.fit.head_steps - recipe.fit.steps) / recipe.finish.steps
    return recipe.finish.rate * (LEAST + (1 - LEAST) * 0.5 * (1 + float(np.cos(np.pi * done))))


def rate_at(step: int, settings: Fit, worths: Sequence[float] = ()) -> float:
    """Learning rate of one step.

    Args:
        step: steps since the backbone began to be fitted.
        settings: rate, warm-up, steps and schedule.
        worths: what each look so far was worth, oldest first; a plateau is read from it.

    Returns:
        A short rise, then: `cosine` a cosine down to a hundredth; `plateau` less after every `patience` looks without
        a better one; `constant` the same to the end.
    """
    if step < settings.warm_up:
        return settings.rate * (step + 1) / settings.warm_up
    if settings.schedule == "constant":
        return settings.rate
    if settings.schedule == "plateau":
        return settings.rate * max(LEAST, LOWER ** plateaus(worths, settings.patience))
    done = (step - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.rate * (LEAST + (1 - LEAST) * 0.5 * (1 + float(np.cos(np.pi * done))))


def plateaus(worths: Sequence[float], patience: int) -> int:
    """How many times `patience` looks in a row brought nothing better."""
    best, waited, found = -np.inf, 0, 0
    for worth in worths:
        waited = 0 if worth > best else waited + 1
        best = max(best, worth)
        if waited == patience:
            waited, found = 0, found + 1
    return found


def should_stop(worths: Sequence[float], looks: int) -> bool:
    """Whether the best look lies `looks` or more back; `looks` of 0 never stops."""
    return bool(looks and worths) and len(worths) - 1 - int(np.argmax(worths)) >= looks
