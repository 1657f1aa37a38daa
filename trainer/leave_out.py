# SPDX-License-Identifier: Apache-2.0
"""Leave out: one training for each source that is kept out of it, and what the model is then worth on that source.

What a model scores on the source that it was trained on says little about the next door; this says more.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from edge.whole import whole
from trainer.alone import alone
from trainer.claim import claim, is_claimed
from trainer.data.cache import Faces, Row
from trainer.data.labels import CLASSES
from trainer.data.manifest import Sample
from trainer.errors import TrainerError
from trainer.fit import Say, fit
from trainer.log import FIGURES
from trainer.recipe import Recipe


def sources_of(rows: Iterable[Row | Sample], asked: Sequence[str]) -> list[str]:
    """The sources to leave out: those asked for, or all with two classes or more (of one class nothing can be said).

    Raises:
        TrainerError: one that is not there, or none.
    """
    labels: dict[str, set[str]] = {}
    for row in rows:
        labels.setdefault(row.source, set()).update({row.label} & set(CLASSES))
    if unknown := [name for name in asked if name not in labels]:
        raise TrainerError(f"No source {', '.join(unknown)}; there are {', '.join(sorted(labels))}.")
    found = list(asked) or sorted(name for name, mine in labels.items() if len(mine) > 1)
    if not found:
        raise TrainerError("No source has more than one class, so leaving one out says nothing.")
    return found


def leave_out(faces: Faces, recipe: Recipe, sources: Sequence[str], data: Path, home: Path, say: Say = print, threads: int = 2) -> dict[str, dict[str, float]]:
    """Train once for each source, the source kept out whole, and read the last look at it.

    A source whose training is done already (its plot is there) is only read, and stays in the table when it is not asked for again: so the
    table can be made in parts.

    Args:
        faces: the cache.
        recipe: as for a training of all; its `hold_out` is replaced.
        home: folder of the runs, one folder a source; `leave_out.json` is written there too.

    Returns:
        By source, those of earlier calls with this recipe and these faces too: number of its faces, and the figures of `trainer.log`.

    Raises:
        TrainerError: a source's folder holds a run of another recipe.
    """
    for source in sources:
        say(f"Without {source}:")
        run, one = home / source, recipe.without(source)
        with alone(run):
            claim(run, one, faces)
            if not _is_done(run):
                fit(faces, one, data, run, say=say, threads=threads)
    # Read from the runs, not from the table before: what another recipe or other faces gave is not among them.
    done = [source for source in sorted({*sources, *(row.source for row in faces.rows)})
            if source in sources or (_is_done(home / source) and is_claimed(home / source, recipe.without(source), faces))]
    table = {source: _measured(source, home / source, faces) for source in done}
    known = {source: {k: None if v != v else v for k, v in row.items()} for source, row in table.items()}  # JSON has no nan
    with whole(home / "leave_out.json") as part:
        part.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    return table


def _is_done(run: Path) -> bool:
    return (run / "training_plot.png").is_file()


def _measured(source: str, run: Path, faces: Faces) -> dict[str, float]:
    """How many faces of the source were looked at, and the figures of the last look."""
    with (run / "log.csv").open(newline="", encoding="utf-8") as file:
        last = list(csv.DictReader(file))[-1]
    count = sum(row.source == source and row.split == "train" and row.label in CLASSES for row in faces.rows)
    return {"faces": float(count), **{name: float(last[name] or "nan") for name in FIGURES}}
