# SPDX-License-Identifier: Apache-2.0
"""Export: the best step of a training, checked in OpenCV against the network in Keras, as the file that ships."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.errors import ModelError, SettingsError
from trainer.faces.network import BYTE, as_outputs, build, put_weights
from trainer.faces.onnx_file import Weights, read_onnx, write_onnx
from trainer.faces.plan import Plan

TOLERANCE = 1e-3
"""Largest difference of any output. Both compute in float32 but add up in another order; boxes are in cells."""


def export(source: Path, target: Path) -> None:
    """Write `target` from a recipe's best step, or from any YuNet file.

    Raises:
        ModelError, SettingsError: nothing there to export, or OpenCV and Keras disagree.
    """
    detector, note = (_best(source) if source.suffix == ".toml" else (source, f"exported from {source.name}"))
    plan, weights = read_onnx(detector)
    write_onnx(target, plan, weights, note)
    if (apart := difference(target, plan, weights)) > TOLERANCE:
        raise ModelError(f"Detector {target}: OpenCV {cv2.__version__} and Keras differ by {apart:.2g}, expected at most {TOLERANCE}.")


def _best(recipe_path: Path) -> tuple[Path, str]:
    from trainer.faces.recipe import load
    from trainer.faces.select import best
    recipe = load(recipe_path)
    if not (recipe.folder / "selection.jsonl").is_file():
        raise SettingsError(f"Recipe {recipe_path}: nothing trained yet in {recipe.folder}.", hint="Run `maskgate-train faces fit` first.")
    step = best(recipe.folder / "selection.jsonl")
    return step, f"MaskGate face detector, recipe {recipe_path.name} {recipe.hash}, {step.stem}"


def difference(path: Path, plan: Plan, weights: Weights, side: int = 320) -> float:
    """Largest difference between the file in OpenCV and the network in Keras, over all outputs, on one picture."""
    picture = np.random.default_rng(1).integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
    picture = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    network = build(plan)
    put_weights(network, plan, weights)
    expected = as_outputs([np.asarray(part) for part in network(picture[None].astype(np.float32) / BYTE)])
    net = cv2.dnn.readNetFromONNX(str(path))
    net.setInput(cv2.dnn.blobFromImage(picture))
    names = list(expected)
    return max(float(np.abs(found.reshape(expected[name].shape) - expected[name]).max())
               for name, found in zip(names, net.forward(names), strict=True))
