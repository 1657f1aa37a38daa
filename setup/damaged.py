# SPDX-License-Identifier: Apache-2.0
"""Which files of a release are no longer what was installed: `damaged.py RELEASE`, the folder of a virtual environment.

A worn card changes or loses files without a word; pip wrote down the hash of each (PEP 376's RECORD). A line for each
file, and exit code 3 if there is one. Needs no package, so that a release that is broken is looked at by the system's Python.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import sys
from pathlib import Path

DAMAGED = 3
"""Not 1, as of a Python that cannot run this: a release is not made anew because nobody could look at it."""


def damaged(release: Path) -> list[str]:
    """The files, relative to their site-packages; those that were installed without a hash are not looked at."""
    found = []
    for record in sorted(release.glob("lib/python3*/site-packages/*.dist-info/RECORD")):
        folder = record.parent.parent
        try:
            rows = list(csv.reader(record.read_text(encoding="utf-8").splitlines()))
        except (OSError, ValueError, csv.Error):
            found.append(str(record.relative_to(folder)))
            continue
        found += [row[0] for row in rows if len(row) > 1 and row[1] and not whole(folder / row[0], row[1])]
    return found


def whole(file: Path, recorded: str) -> bool:
    """Whether a file's content has the hash `recorded`: `sha256=` and base64 without its padding."""
    kind, _, wanted = recorded.partition("=")
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, kind).digest()
    except (OSError, ValueError):  # ValueError: the kind itself has changed
        return False
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == wanted


def main() -> int:
    found = damaged(Path(sys.argv[1]))
    for name in found:
        print(name)
    return DAMAGED if found else 0


if __name__ == "__main__":
    sys.exit(main())
