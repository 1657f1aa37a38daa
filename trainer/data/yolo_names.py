# SPDX-License-Identifier: Apache-2.0
"""YOLO names: what the class numbers of a YOLO set mean, from whichever of the usual files it brings."""

from __future__ import annotations

from pathlib import Path

import yaml

from trainer.data.table import read_lines
from trainer.errors import TrainerError

FILES = ("classes.txt", "obj.names", "data.yaml", "data.yml")
"""One name a line in the first two; `names:` in the others, as Ultralytics and Roboflow write them."""
HINT = "Write the class names into a classes.txt in that folder, one a line, in the order of their numbers."


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
    """`names` is a list, or a mapping from the numbers 0, 1, ... on."""
    try:
        said = yaml.safe_load("\n".join(read_lines(file)))
    except yaml.YAMLError as error:
        raise TrainerError(f"{file}: this is no YAML ({str(error).splitlines()[0]}).", hint=HINT) from error
    names = said.get("names") if isinstance(said, dict) else None
    if isinstance(names, dict):
        names = [names.get(number) for number in range(len(names))]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise TrainerError(f"{file}: no class names after `names:` that are understood.", hint=HINT)
    return names
