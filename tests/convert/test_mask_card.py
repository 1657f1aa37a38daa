# SPDX-License-Identifier: Apache-2.0
"""The mask model that ships, its recipe and its card tell the same story."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.vision.bundle import load_bundle
from trainer.recipe import read_recipe

MODELS = "edge/models"


def test_the_shipped_model_was_made_from_the_recipe_that_is_here(project: Path) -> None:
    named = read_recipe(project / "recipes/shipped.toml")
    description = load_bundle(project / MODELS / "mask.tflite").description
    assert named.sha256[:16] in description.made
    assert (description.input_px, description.margin) == (named.recipe.model.input_px, named.recipe.model.margin)


def test_the_card_names_the_recipe_and_the_graph_by_their_hashes(project: Path) -> None:
    card = (project / MODELS / "mask.md").read_text(encoding="utf-8")
    assert read_recipe(project / "recipes/shipped.toml").sha256 in card
    assert load_bundle(project / MODELS / "mask.tflite").description.sha256 in card


def test_figures_with_intervals_lie_in_the_model_itself(project: Path) -> None:
    figures = load_bundle(project / MODELS / "mask.tflite").description.figures
    assert any("48 px" in name for name in figures)
    for rows in figures.values():
        for value, low, high in rows.values():
            assert value is None or low <= value <= high


@pytest.mark.parametrize(("row", "figure", "unit"), [
    ("AUC of mask against the rest", "auc", 1), ("bare stopped, %", "stops_no_mask", 100), ("wrongly masked stopped, %", "stops_incorrect", 100),
    ("masks that pass, %", "passes_mask", 100), ("mask against bare, balanced, %", "balanced", 100),
    ("three answers, mean recall, %", "three_way", 100), ("calibration error (ECE), %", "ece", 100)])
def test_the_card_s_figures_and_intervals_are_those_in_the_file(project: Path, row: str, figure: str, unit: int) -> None:
    figures = load_bundle(project / MODELS / "mask.tflite").description.figures
    card = (project / MODELS / "mask.md").read_text(encoding="utf-8")
    cells = next(line for line in card.splitlines() if line.startswith(f"| {row} |")).split(" | ")[1:]
    for cell, faces in zip(cells, ("48 px and more", "24 to 48 px"), strict=False):
        shown = [float(number) / unit for number in re.findall(r"[\d.]+", cell)]
        (ours,) = (found for name, found in figures.items() if name.startswith("mask.tflite") and name.endswith(f"faces of {faces}"))
        assert shown == pytest.approx(ours[figure], abs=0.00056)  # both are rounded: to a thousandth, and the file before
