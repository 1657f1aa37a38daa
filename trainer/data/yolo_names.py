# SPDX-License-Identifier: Apache-2.0
"""YOLO names: what the class numbers of a YOLO set mean, from whichever of the usual files it brings."""

from __future__ import annotations

import re
from pathlib import Path

from trainer.data.table import read_lines
from trainer.errors import TrainerError

FILES = ("classes.txt", "obj.names", "data.yaml", "data.yml")
"""One name a line, in the first two; `names:` in the others, as Ultralytics and Roboflow write them."""
HINT = "Write the class names into a classes.txt in that folder, one a line, in the order of their numbers."
_ENTRY = re.compile(r"""\s*(?:-|(?P<number>\d+)\s*:)?\s*(?P<quote>['"]?)(?P<name>[^'"\[\]{}:]*?)(?P=quote)\s*""")


def class_names(root: Path) -> list[str]:
    """The names by number.

    Raises:
        TrainerError: no such file below `root`, or none of `names:` in it that is understood.
    """
    file = next((path for name in FILES for path in sorted(root.rglob(name))), None)
    if file is None:
        raise TrainerError(f"{root}: none of {', '.join(FILES)} below it, so the class numbers mean nothing.", hint=HINT)
    return [name.strip() for name in read_lines(file)] if file.suffix not in (".yaml", ".yml") else _of_yaml(file)


def _of_yaml(file: Path) -> list[str]:
    """`names: [a, b]`, `names: {0: a, 1: b}`, or a line each below it; nothing else of YAML is needed, so no reader of all of it."""
    lines = [line.split(" #")[0].rstrip() for line in read_lines(file)]
    start = next((number for number, line in enumerate(lines) if line.startswith("names:")), None)
    if start is None:
        raise TrainerError(f"{file}: no line begins with `names:`.", hint=HINT)
    first, *rest = [lines[start].removeprefix("names:").strip(), *lines[start + 1:]]
    if first[:1] in ("[", "{"):
        entries = re.split(r"[\]}]", " ".join([first[1:], *rest]))[0].split(",")
    else:
        entries = rest[:next((n for n, line in enumerate(rest) if line and not line.startswith((" ", "-"))), len(rest))]
    found = [_ENTRY.fullmatch(entry) for entry in entries if entry.strip()]
    names = [entry["name"] for entry in found if entry]
    numbers = [int(entry["number"] or place) for place, entry in enumerate(found) if entry]
    if not all(found) or not all(names) or not names or numbers != list(range(len(names))):
        raise TrainerError(f"{file}: the class names after `names:` are not understood.", hint=HINT)
    return names
