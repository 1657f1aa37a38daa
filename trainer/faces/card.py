# SPDX-License-Identifier: Apache-2.0
"""Card: puts measured figures into the model card, between two marks, and leaves the rest of it alone."""

from __future__ import annotations

from pathlib import Path

from edge.errors import SettingsError
from edge.whole import whole

BEGIN, END = "<!-- figures: written by `maskgate-train faces evaluate --card` -->", "<!-- end of figures -->"


def around_section(card: Path) -> tuple[str, str]:
    """What stands before and after the figures. Raises SettingsError if the card or its marks are missing."""
    try:
        before, rest = card.read_text(encoding="utf-8").split(BEGIN)
        _, after = rest.split(END)
        return before, after
    except (OSError, ValueError) as error:
        raise SettingsError(f"Model card {card}: the lines {BEGIN!r} and {END!r} are not in it once each.",
                            hint="Name a card that has them with --card, or leave it out.") from error


def put_section(card: Path, text: str) -> None:
    """Replace what lies between the marks, whole or not at all. Raises SettingsError if the card or its marks are missing."""
    before, after = around_section(card)
    with whole(card) as part:
        part.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
