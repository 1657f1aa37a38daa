# SPDX-License-Identifier: Apache-2.0
"""Overview: a set of pictures at a glance: how many of what, how large, how bright, how sharp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from edge.vision.crop import crop_face
from edge.vision.quality import sharpness
from edge.whole import whole
from trainer.data.decode import read_picture
from trainer.data.labels import CLASSES
from trainer.data.manifest import SPLITS, Sample, counts, require_inside
from trainer.errors import TrainerError
from trainer.lettering import lettered

PLOTS = (".png", ".jpg", ".jpeg", ".pdf", ".svg")
"""Ends of names that matplotlib draws into."""
COLOURS = {"mask": "tab:green", "incorrect": "tab:orange", "no_mask": "tab:red", "not_face": "tab:gray", "unknown": "lightgray"}

SOURCE_INCHES = 0.22
"""Height of a source's bar: its name in 8 points, and room."""


@dataclass(frozen=True)
class Measured:
    """One face in numbers."""

    label: str
    side_px: float
    """Longer side of the box, or of the picture that is one face."""
    light: float
    """Mean brightness, 0 to 255."""
    sharp: float
    """As the unit measures it, see `edge.vision.quality.sharpness`."""


def measure(samples: Sequence[Sample], data: Path, show: bool = True) -> list[Measured]:
    """Read every picture once and measure its faces.

    Raises:
        TrainerError: a picture is missing or unreadable, a box lies outside its picture, or there is nothing to measure.
    """
    if not samples:
        raise TrainerError("No samples, so no overview.")
    found = []
    last: tuple[str, Any] = ("", None)
    for s in tqdm(samples, desc="measure", unit="face", disable=not show):
        if s.path != last[0]:
            last = (s.path, read_picture(data / s.path))
        image = last[1]
        if s.box is not None:
            require_inside(s.box, image.shape[1], image.shape[0], str(data / s.path))
        face = image if s.box is None else crop_face(image, s.box, 0.0, 64)
        side = max(s.box.w, s.box.h) if s.box else float(max(image.shape[:2]))
        grey = np.asarray(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), np.uint8)
        found.append(Measured(s.label, side, float(grey.mean()), sharpness(grey)))
    return found


def overview(samples: Sequence[Sample], measured: Sequence[Measured], out: Path) -> None:
    """Draw the plots into one picture, written whole or not at all. It is as high as the sources need, each with a name that can be read."""
    from matplotlib.figure import Figure

    sources = {name: dict(table) for name, table in sorted(counts(samples).items())}
    bars = max(4.5, 0.8 + SOURCE_INCHES * len(sources))
    figure = Figure(figsize=(15, bars + 4.5), layout="constrained")
    axes = figure.subplots(2, 3, height_ratios=(bars, 4.5))
    _stacked(axes[0][0], sources, "faces by source")
    by_split = {split: {label: sum(s.split == split and s.label == label for s in samples) for label in COLOURS} for split in SPLITS}
    _stacked(axes[0][1], by_split, "faces by split")
    groups = {label: len({(s.source, s.group) for s in samples if s.label == label}) for label in COLOURS}
    _stacked(axes[0][2], {label: {label: n} for label, n in groups.items() if n}, "groups (people, clips, batches) by label")
    _spread(axes[1][0], measured, "side_px", "size of the face, px (log)", log=True)
    _spread(axes[1][1], measured, "light", "mean brightness, 0 to 255")
    _spread(axes[1][2], measured, "sharp", "sharpness (log)", log=True)
    # One for all the plots, above them: inside a plot it lies on whatever bar is there.
    figure.legend(*axes[0][2].get_legend_handles_labels(), loc="outside upper center", ncols=len(COLOURS))
    with whole(out) as part:
        figure.savefig(part, dpi=80)


def _stacked(axes: Any, rows: dict[str, dict[str, int]], title: str) -> None:
    """A bar a row, the first one on top."""
    from matplotlib.ticker import MaxNLocator

    left = np.zeros(len(rows))
    for label, colour in COLOURS.items():
        values = np.array([row.get(label, 0) for row in rows.values()], float)
        if values.any():
            axes.barh(range(len(rows)), values, left=left, color=colour, label=label)
        left += values
    axes.set_title(title)
    axes.set_yticks(range(len(rows)), [lettered(name) for name in rows])
    axes.tick_params(axis="y", labelsize=8)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))  # numbers of six digits need the room


def _spread(axes: Any, measured: Sequence[Measured], what: str, title: str, log: bool = False) -> None:
    from matplotlib.ticker import LogFormatter

    values = {label: np.array([max(getattr(m, what), 1e-3) for m in measured if m.label == label]) for label in CLASSES}
    every = np.concatenate(list(values.values()))
    if len(every):
        low = max(float(every.min()), 1.0 if log else 0.0)
        high = max(float(every.max()), 2.0, 1.1 * low)  # all alike: bins need a width
        bins = np.geomspace(low, high, 40) if log else np.linspace(low, high, 40)
        for label, mine in values.items():
            if len(mine):
                axes.hist(np.maximum(mine, low), bins=bins, histtype="step", color=COLOURS[label], label=label, density=True)
    axes.set(title=title, xscale="log" if log else "linear", yticks=[])
    if log:  # 60 and 200, not six and two times powers of ten, which would lie over each other
        axes.xaxis.set_major_formatter(LogFormatter())
        axes.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
