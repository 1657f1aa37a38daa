# SPDX-License-Identifier: Apache-2.0
"""Result: what one check found, and the one line that says what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is, from well to worst."""

    OK = "ok"
    WARNING = "warning"
    """The unit works, but not as well or not as long as it should; or it could not be looked at."""
    FAILURE = "failure"
    """The unit cannot do its work."""


@dataclass(frozen=True)
class Result:
    """The outcome of one check."""

    name: str
    level: Level
    found: str
    """One line."""
    remedy: str = ""
    """What to do, in one line; empty where nothing is to be done."""


def ok(name: str, found: str) -> Result:
    return Result(name, Level.OK, _line(found))


def warning(name: str, found: str, remedy: str) -> Result:
    return Result(name, Level.WARNING, _line(found), _line(remedy))


def failure(name: str, found: str, remedy: str) -> Result:
    return Result(name, Level.FAILURE, _line(found), _line(remedy))


def together(name: str, results: Iterable[Result], well: str) -> Result:
    """Several findings as one: the worst one's level, and what is not well with every remedy. `well`: if all is."""
    bad = sorted((result for result in results if result.level is not Level.OK), key=lambda result: result.level is Level.WARNING)
    if not bad:
        return ok(name, well)
    return Result(name, bad[0].level, "; ".join(result.found for result in bad), "; ".join(dict.fromkeys(result.remedy for result in bad)))


def worst(results: Iterable[Result]) -> Level:
    """The worst level among them; OK where there are none."""
    levels = [result.level for result in results]
    return next((level for level in (Level.FAILURE, Level.WARNING) if level in levels), Level.OK)


def _line(text: str) -> str:
    return " ".join(text.split())
