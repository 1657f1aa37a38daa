# SPDX-License-Identifier: Apache-2.0
"""The mask model that ships, its recipe and its card tell the same story."""

from __future__ import annotations

from pathlib import Path

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
