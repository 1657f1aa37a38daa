# SPDX-License-Identifier: Apache-2.0
"""docs/training.md stays true: its commands can be typed, its tables are the code's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from convert import command as convert
from edge.commands import parser as unit
from edge.vision.figures import MEANINGS, figures_table
from trainer.data.readers import LAYOUTS
from trainer.evaluate import evaluate
from trainer.parser import parser
from trainer.ready import idle_weights
from trainer.recipe import read_recipe


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return (project / "docs/training.md").read_text(encoding="utf-8")


def test_its_commands_can_be_typed(page: str) -> None:
    blocks = "".join(re.findall(r"^```\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    lines = [line.removeprefix("sudo ") for line in re.split(r"\n| && ", blocks)]
    parsers = {"maskgate-train": parser(), "maskgate-convert": convert._parser(), "maskgate": unit.parser()}
    typed = [shlex.split(line, comments=True) for line in lines if line.split(" ")[0] in parsers]
    assert len(typed) > 15
    for program, *words in typed:
        parsers[program].parse_args(words)  # a word that is none ends the test with SystemExit


def test_its_tables_are_those_of_the_code(page: str) -> None:
    assert "\n".join(figures_table()) in page
    assert set(evaluate("t", [], 0.5).figures) == set(MEANINGS)
    assert set(re.findall(r"^\| `(\w+)` \| [^|]*\|$", page, re.MULTILINE)) - set(MEANINGS) == set(LAYOUTS) - {"shared"}


def test_its_links_lead_somewhere(page: str, project: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (project / "docs" / target).exists(), target


def test_its_recipe_asks_for_nothing_that_only_we_have(project: Path) -> None:
    recipe = read_recipe(project / "recipes/own.toml").recipe
    assert recipe.model.weights == "imagenet"
    assert not idle_weights(recipe.sampling, [])
    assert not recipe.data.hold_out
