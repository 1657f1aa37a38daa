# SPDX-License-Identifier: Apache-2.0
"""The README stays true and short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.commands.parser import COMMANDS
from edge.panel.patterns import lamp_table


@pytest.fixture(scope="module")
def readme(project: Path) -> str:
    return (project / "README.md").read_text(encoding="utf-8")


def test_it_is_no_longer_than_a_person_reads(readme: str) -> None:
    assert len(readme.splitlines()) <= 120


def test_its_lamp_table_is_the_one_in_the_code(readme: str) -> None:
    assert "\n".join(lamp_table()) in readme


def test_its_links_lead_somewhere(readme: str, project: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (project / target).exists(), target


def test_every_command_it_names_exists(readme: str) -> None:
    for name in re.findall(r"maskgate ([a-z]+)", readme):
        assert name in COMMANDS, name
