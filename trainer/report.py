# SPDX-License-Identifier: Apache-2.0
"""Report: an evaluation as one HTML page, pictures inside, nothing to fetch."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

from edge.vision.figures import MEANINGS
from edge.whole import whole
from trainer.data.labels import CLASSES
from trainer.evaluate import Result, gallery, worst
from trainer.judge import Judged
from trainer.plots import curves, degradation_plot
from trainer.score import number

STYLE = "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ccc}td:first-child,th:first-child{text-align:left}img{max-width:100%}"


TABLES = (("Thresholds for a stated rate of errors", "thresholds"), ("Under a worse camera", "degradation"),
          ("By light and sharpness", "slices"), ("By source, split val", "by source (val)"))


def write_report(path: Path, results: Sequence[Result], judged: Sequence[Judged], more: Mapping[str, Any],
                 pictures: Mapping[str, bytes] | None = None) -> None:
    """Write the page, whole or not at all: figures with intervals, confusion, curves, thresholds, degradation, the worst errors.

    Args:
        more: tables by kind (`TABLES`), `calibration`, and `notes`: what to know of the figures, in sentences.
        pictures: further PNG files by title: the training's plot, what the network looks at.
    """
    parts = ["<h1>Who passes, who is stopped</h1>"]
    parts += [f"<p><strong>{html.escape(note)}</strong></p>" for note in more.get("notes", [])]
    parts += [_result(result) for result in results]
    parts += [f"<h2>Curves</h2>{_image(curves(judged))}"]
    for title, kind in TABLES:
        rows = {name: {key: number(value, 0 if key == "faces" else 3) for key, value in row.items()} for name, row in more.get(kind, {}).items()}
        parts += [f"<h2>{title}</h2>", _table(rows)] if rows else []
        parts += [_image(degradation_plot(more[kind]))] if kind == "degradation" and rows else []
    parts += ["<h2>Calibration</h2>",
              _table({"faces of 48 px and more": {k: f"{v:.4f}" for k, v in more.get("calibration", {}).items()}}),
              "<h2>The worst errors</h2>", _image(cv2.imencode(".png", gallery(worst(judged)))[1].tobytes())]
    parts += [f"<h2>{html.escape(title)}</h2>{_image(png)}" for title, png in (pictures or {}).items()]
    with whole(path) as part:
        part.write_text(f"<!doctype html><meta charset=utf-8><title>MaskGate: evaluation</title><style>{STYLE}</style>" + "\n".join(parts), encoding="utf-8")


def _result(result: Result) -> str:
    figures = {name: {"value": number(f.value, 4), "95 % from": number(f.low, 4), "to": number(f.high, 4), "what it says": MEANINGS[name]} for name, f in result.figures.items()}
    confusion = {f"is {truth}": dict(zip(CLASSES, map(str, row), strict=True)) for truth, row in zip(CLASSES, result.confusion, strict=True)}
    return f"<h2>{html.escape(result.name)}</h2><p>{result.faces}. Threshold {number(result.threshold)}.</p>{_table(figures)}<p></p>{_table(confusion)}"


def _table(rows: Mapping[str, Mapping[str, str]]) -> str:
    if not rows:
        return ""
    heads = list(next(iter(rows.values())))
    lines = ["<tr><th></th>" + "".join(f"<th>{html.escape(head)}</th>" for head in heads) + "</tr>"]
    lines += [f"<tr><td>{html.escape(name)}</td>" + "".join(f"<td>{html.escape(str(row[head]))}</td>" for head in heads) + "</tr>"
              for name, row in rows.items()]
    return "<table>" + "".join(lines) + "</table>"


def _image(png: bytes) -> str:
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
