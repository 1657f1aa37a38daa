# SPDX-License-Identifier: Apache-2.0
"""Describe: put a temperature and measured figures into a bundle's description; the graph is not touched."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge.vision.bundle import load_bundle, write_bundle
from trainer.errors import TrainerError

MEASURE = "`maskgate-train evaluate` writes metrics.json into its --out."


def describe(bundle_path: Path, out: Path, temperature: float | None, metrics: Path | None) -> None:
    """Write the same graph with a new description.

    Args:
        temperature: none: as it was.
        metrics: a metrics.json of `maskgate-train evaluate`; none: the figures stay.

    Raises:
        ModelError: the bundle is none.
        TrainerError: the metrics cannot be read.
    """
    bundle = load_bundle(bundle_path)
    changed = bundle.description
    if temperature is not None:
        changed = replace(changed, temperature=temperature)
    if metrics is not None:
        changed = replace(changed, figures=figures_of(metrics))
    write_bundle(out, bundle.model, changed)


def figures_of(metrics: Path) -> dict[str, Any]:
    """The figures of a metrics.json, by set of faces: each [value, low, high] of its 95 % interval."""
    try:
        content = json.loads(metrics.read_text(encoding="utf-8"))
        return {result["name"]: {name: [None if figure[key] is None else round(figure[key], 4) for key in ("value", "low", "high")] for name, figure in result["figures"].items()}
                for result in content["results"]}
    except OSError as error:
        raise TrainerError(f"Metrics {metrics}: cannot be read ({error.strerror}).", hint=MEASURE) from error
    except (ValueError, KeyError, TypeError) as error:
        raise TrainerError(f"Metrics {metrics}: this is no metrics.json of `maskgate-train evaluate` ({error!r}).", hint=MEASURE) from error
