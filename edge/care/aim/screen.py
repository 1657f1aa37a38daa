# SPDX-License-Identifier: Apache-2.0
"""The terminal's view of aiming: a table that is drawn over itself, or plain lines where there is no terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from edge.care.aim.session import Standing
from edge.care.aim.verdict import Item
from edge.care.doctor.result import Level

COLOURS = {Level.OK: "\033[32m", Level.WARNING: "\033[33m", Level.FAILURE: "\033[31m"}
WORD_WIDTH, NAME_WIDTH = 13, 11
LEAST_WIDTH = 40
"""Of text: nobody reads a table in a narrower terminal."""
REFRESH_S, LINE_S = 0.2, 1.0
"""Of frame time: how often the table is drawn anew, and a plain line is added."""
NOBODY = "Nobody is before the camera: stand where people will stand, and look where they will look."


class Screen:
    """Shows a standing now and then. Times are frame times, so a file played fast shows the same."""

    def __init__(self, write: Callable[[str], object], *, terminal: bool, coloured: bool = False, width: int = 100) -> None:
        """`write` takes text as it is to be sent out; `width` in characters, lines are broken to fit."""
        self._write, self._terminal, self._coloured, self._width = write, terminal, coloured, width
        self._drawn = 0
        self._began: float | None = None
        self._shown_at: float | None = None

    def __call__(self, standing: Standing) -> None:
        every = REFRESH_S if self._terminal else LINE_S
        t = standing.frame.t
        self._began = t if self._began is None else self._began
        if self._shown_at is not None and 0 <= t - self._shown_at < every - 1e-6:
            return
        self._shown_at = t
        if self._terminal:
            self._draw(table(standing, coloured=self._coloured, width=self._width))
        else:
            self._write(f"{t - self._began:.1f} s: {line(standing)}\n")

    def _draw(self, lines: Sequence[str]) -> None:
        # Up over the last table; each line is cleared to its end, and whatever is left below.
        up = f"\033[{self._drawn}A" if self._drawn else ""
        self._write(up + "".join(f"\r{text}\033[K\n" for text in lines) + "\033[J")
        self._drawn = len(lines)


def table(standing: Standing, *, coloured: bool, width: int = 100) -> list[str]:
    """A line for each item, and below it what to do where something is to be done."""
    if not standing.items:
        return _wrapped("", NOBODY, width)
    lines = []
    for item in standing.items:
        first, *more = _wrapped(f"{item.word:<{WORD_WIDTH}}{item.name:<{NAME_WIDTH}}", f"{item.found}  ({item.wanted})", width)
        lines += [_coloured(first[:WORD_WIDTH], COLOURS[item.level], coloured) + first[WORD_WIDTH:], *more]
        if item.remedy:
            lines += _wrapped(f"{'':<{WORD_WIDTH}}→ ", item.remedy, width)
    return [*lines, "All is well: this is a good place." if standing.good else f"{sum(bool(item.remedy) for item in standing.items)} to mend."]


def _wrapped(before: str, text: str, width: int) -> list[str]:
    """`text` behind `before`, on as many lines as it needs: its end, such as what to do, is not to be lost in a narrow terminal."""
    return textwrap.wrap(text, max(width, LEAST_WIDTH), initial_indent=before, subsequent_indent=" " * len(before))


def line(standing: Standing) -> str:
    """All of it on one line, for a log or a pipe."""
    if not standing.items:
        return "nobody"
    return "; ".join(_short(item) for item in standing.items)


def _short(item: Item) -> str:
    return f"{item.name} {item.found}" + ("" if item.level is Level.OK else f" [{item.word}]")


def _coloured(text: str, colour: str, coloured: bool) -> str:
    return f"{colour}{text}\033[0m" if coloured else text
