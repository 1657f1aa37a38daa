# SPDX-License-Identifier: Apache-2.0
"""Claim: a run's folder belongs to one recipe and one set of faces; nothing else is gone on with, or read, under its name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from edge.whole import whole
from trainer.data.cache import Faces
from trainer.errors import TrainerError
from trainer.recipe import Recipe

TRACES = ("last.npz", "log.csv")
"""What a training leaves in its folder."""
NOTE = "run.json"
"""Whose folder it is."""


def is_claimed(run: Path, recipe: Recipe, faces: Faces) -> bool:
    """Whether the folder is noted as a run of just this recipe and these faces."""
    return (run / NOTE).is_file() and (run / NOTE).read_bytes() == _said(recipe, faces)


def claim(run: Path, recipe: Recipe, faces: Faces) -> None:
    """Note in a run's folder what it is a run of.

    Raises:
        TrainerError: it holds a run of another recipe (or what is held out is another source), or of other faces.
    """
    if is_claimed(run, recipe, faces):
        return
    if any((run / name).exists() for name in TRACES):
        raise TrainerError(f"{run}: holds a run of another recipe, or of other faces.", hint="Give another --run folder, or delete this one.")
    run.mkdir(parents=True, exist_ok=True)
    with whole(run / NOTE) as part:
        part.write_bytes(_said(recipe, faces))


def _said(recipe: Recipe, faces: Faces) -> bytes:
    rows = hashlib.sha256(repr(faces.rows).encode(errors="surrogateescape")).hexdigest()[:16]
    return msgspec.json.format(msgspec.json.encode({"faces": rows, "recipe": recipe})) + b"\n"
