# SPDX-License-Identifier: Apache-2.0
"""Tables: the evaluation's figures in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.faces.clips import Tally
from trainer.faces.measure import BANDS, Outcome
from trainer.faces.results import Result

COLUMNS = [("mask", band) for band, _, _ in BANDS] + [("incorrect", band) for band, _, _ in BANDS[:2]] + [("no_mask", band) for band, _, _ in BANDS]


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.3f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def recall_table(results: Sequence[Result], score: float) -> str:
    """Recall by class and height at one score, for each model and size."""
    counts = {column: results[0].outcome.recall(score, *column)[1] for column in COLUMNS}
    head = ["detector", "long side", *(f"{label} {band} ({counts[label, band]})" for label, band in COLUMNS),
            "false / picture", "AP", "AP mask", "landmarks", "ms"]
    rows = [[r.model, str(r.size), *(_number(r.outcome.recall(score, *column)[0]) for column in COLUMNS),
             f"{r.outcome.false_per_picture(score):.2f}", _number(r.outcome.average_precision()), _number(r.outcome.average_precision("mask")),
             _number(r.landmark_error), f"{r.milliseconds:.1f}"] for r in results]
    return f"Recall by class and by face height (share of the picture's height), score >= {score}, webphotos test:\n\n{_table(head, rows)}"


def means_table(outcomes: Sequence[tuple[str, Outcome]], over: str, score: float, pictures: str) -> str:
    """For each model by name the mean over all its outcomes, the least and the greatest; `over` and `pictures` say of what."""
    counts = {column: outcomes[0][1].recall(score, *column)[1] for column in COLUMNS}
    head = ["detector", *(f"{label} {band} ({counts[label, band]})" for label, band in COLUMNS), "false / picture"]
    rows = []
    for model in dict.fromkeys(name for name, _ in outcomes):
        mine = [outcome for name, outcome in outcomes if name == model]
        figures = [[outcome.recall(score, *column)[0] for outcome in mine] for column in COLUMNS]
        figures.append([outcome.false_per_picture(score) for outcome in mine])
        rows.append([model, *(f"{_number(sum(values) / len(values))} ({_number(min(values))} to {_number(max(values))})" for values in figures)])
    return f"Means over {over}, least and greatest, score >= {score}, {pictures}:\n\n{_table(head, rows)}"


def nearby_table(results: Sequence[Result], score: float, pictures: str) -> str:
    """The means over all sizes there are."""
    sizes = sorted({r.size for r in results})
    return means_table([(r.model, r.outcome) for r in results], f"{len(sizes)} long sides from {sizes[0]} to {sizes[-1]} px", score, pictures)


def scores_table(results: Sequence[Result], size: int) -> str:
    """The same at one size over the score threshold."""
    head = ["detector", "score", *(f"{label} {band}" for label, band in COLUMNS), "false / picture"]
    rows = [[r.model, f"{score:.2f}", *(_number(r.outcome.recall(score, *column)[0]) for column in COLUMNS), f"{r.outcome.false_per_picture(score):.2f}"]
            for r in results if r.size == size for score in (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9)]
    return f"Over the score threshold, long side {size}, webphotos test:\n\n{_table(head, rows)}"


def clips_table(names: Sequence[str], tallies: Sequence[Sequence[Tally]], size: int, score: float) -> str:
    """A row for each clip: share of the faces found and the longest gap, or false faces in frames without anybody."""
    head = ["clip", *(f"{name}: {what}" for name in names for what in ("found", "longest gap, s", "false in empty frames"))]
    rows = []
    for column in zip(*tallies, strict=True):
        row = [column[0].clip]
        for tally in column:
            row += [f"{tally.found / tally.faces:.3f}" if tally.faces else "-", f"{tally.longest_gap_s:.1f}" if tally.faces else "-",
                    f"{tally.false} / {tally.empty}" if tally.empty else "-"]
        rows.append(row)
    total = ["all"]
    for model in tallies:
        faces, empty = sum(t.faces for t in model), sum(t.empty for t in model)
        total += [f"{sum(t.found for t in model) / max(1, faces):.3f}", f"{max((t.longest_gap_s for t in model), default=0):.1f}",
                  f"{sum(t.false for t in model)} / {empty}"]
    return f"Clips, long side {size}, score >= {score}, about ten frames a second:\n\n{_table(head, [*rows, total])}"
