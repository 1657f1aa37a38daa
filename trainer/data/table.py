# SPDX-License-Identifier: Apache-2.0
"""Table: rows and lines of files that somebody else wrote."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from trainer.errors import TrainerError


def read_rows(path: Path, needed: Sequence[str], hint: str | None = None) -> list[tuple[str, dict[str, str]]]:
    """Each row with where it stands, for messages: (`labels.csv, line 2`, column -> text). A text that a row leaves out is empty.

    Raises:
        TrainerError: no such file, no CSV in UTF-8, or a column missing.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, restval="")
            names = rows.fieldnames or ()
            missing = [name for name in needed if name not in names]
            if missing and len(names) == 1 and (sign := next((sign for sign in (";", "\t") if sign in names[0]), None)):
                raise TrainerError(f"{path}: its columns are parted by {'semicolons' if sign == ';' else 'tabs'}, expected commas ({','.join(needed)}).",
                                   hint="Save it as CSV with commas (a spreadsheet asks for the separator), and numbers with a decimal point.")
            if missing:
                raise TrainerError(f"{path}: no column {', '.join(missing)}; expected {', '.join(needed)}.", hint=hint)
            return [(f"{path}, line {rows.line_num}", row) for row in rows]
    except FileNotFoundError as error:
        raise TrainerError(f"{path}: no such file.", hint=hint) from error
    except OSError as error:
        raise TrainerError(f"{path}: cannot be read ({error.strerror}).", hint=hint) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TrainerError(f"{path}: this is no CSV file in UTF-8.", hint=hint) from error


def read_lines(path: Path) -> list[str]:
    """The lines of a text, without the mark that some editors put at its beginning.

    Raises:
        TrainerError: it cannot be read, or is no text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise TrainerError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise TrainerError(f"{path}: this is no text in UTF-8.") from error
