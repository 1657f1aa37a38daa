# SPDX-License-Identifier: Apache-2.0
"""Lettering: names that other people gave, as a plot can show them."""

from __future__ import annotations

MOST = 40
"""Signs of a name that a plot has room for."""


def lettered(name: str) -> str:
    """A name for matplotlib: no formula in it, no sign that its font has not, and not so long that nothing else has room.

    What the font has not is written by its number (a box would stand for any sign). A legend leaves out what begins with `_`.
    A long name keeps both ends: names of one kind begin alike.
    """
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties()))
    shown = "".join(sign if font.get_char_index(ord(sign)) else f"\\u{ord(sign):04x}" for sign in name)
    if len(shown) > MOST:
        shown = f"{shown[:MOST // 2 - 1]}…{shown[-MOST // 2:]}"
    return (" " if shown.startswith("_") else "") + shown.replace("$", r"\$")
