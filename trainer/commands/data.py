# SPDX-License-Identifier: Apache-2.0
"""maskgate-train data: manifests, checks, contact sheets."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from trainer.alone import in_turn
from trainer.data.check import Findings, check, contact_sheet
from trainer.data.labels import CLASSES
from trainer.data.manifest import SPLITS, Sample, counts, merged, read_manifest, require_source, write_manifest
from trainer.data.overview import PLOTS, measure, overview
from trainer.data.picture_file import place_for, write_picture
from trainer.data.readers import LAYOUTS, below, passed_over
from trainer.data.readers import __doc__ as layouts_text
from trainer.data.splits import split_by_group
from trainer.errors import TrainerError
from trainer.shelf import samples_of

ABOUT = """What is in a data folder, and what is wrong with it.

  data build ROOT --layout voc --source mine    add ROOT's faces to manifest.csv of the data folder (above ROOT); given again
                                                for the same ROOT, it lists them anew; delete manifest.csv to begin anew
  data list                                     faces by source, label and split
  data check                                    unreadable files, boxes outside, empty classes, leaks, duplicates
  data sheet OUT.png                            a contact sheet, a row a source and label
  data overview OUT.png                         how many of what, how large, how bright, how sharp
"""

MOST_LINES = 20
"""Of one kind of fault."""
ALIKE = (" Pictures that look alike are one picture, or one person in one place, bare and masked too: look at a few pairs. Give what belongs together one group, "
         "so that it stays in one split (<class>/<group>/*.jpg, or the column `group` of the manifest); what has the wrong label, another folder.")


def add(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "data", help="list, check and show the pictures", description=f"{ABOUT}\n{layouts_text}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("build", "list", "check", "sheet", "overview"))
    parser.add_argument("path", type=Path, nargs="?", help="build: the folder to read; sheet and overview: the picture to write")
    parser.add_argument("--layout", choices=sorted(LAYOUTS), default="folders", help="build: how the folder is laid out (default: folders)")
    parser.add_argument("--source", default="", help="build: the source's name (default: the folder's)")
    parser.add_argument("--val", type=float, default=0.0, help="build: share of groups for val (default: as the layout says)")
    parser.add_argument("--test", type=float, default=0.0, help="build: share of groups for test")
    return parser


def run(arguments: argparse.Namespace) -> None:
    if arguments.path is not None and arguments.what in ("list", "check"):
        raise TrainerError(f"`maskgate-train data {arguments.what}` takes no path, found {arguments.path}.", hint="Name the data folder with --data.")
    {"build": _build, "list": _list, "check": _check, "sheet": _sheet, "overview": _overview}[arguments.what](arguments)


def _build(arguments: argparse.Namespace) -> None:
    data: Path = arguments.data
    folder = below(_path(arguments), data)
    source = arguments.source or PurePosixPath(folder).name or data.resolve().name
    require_source(source, str(arguments.path))
    out = data / "manifest.csv"
    _listed(out)  # told before minutes of reading pictures
    new = LAYOUTS[arguments.layout](data / folder, data, source)
    if arguments.val or arguments.test:
        new = split_by_group(new, arguments.val, arguments.test)
    with in_turn(out):  # another build may have added to it meanwhile
        old = _listed(out)
        samples = merged(old, new, folder)
        write_manifest(out, samples)
    replaced = len(old) + len(new) - len(samples)
    if text := passed_over(data / folder):
        print(text)
    print(f"{out}: {len(new)} faces of {', '.join(counts(new))} listed" + (f" in place of {replaced}" if replaced else "") + f": {_by_split(new)}.")
    for split, asked in (("val", arguments.val), ("test", arguments.test)):
        if asked and not any(s.split == split for s in new):
            print(f"No face is for {split}: there are {len({s.group for s in new})} groups, each goes whole, and its name decides. Ask for a larger share, or make more groups.")
    print(f"It lists {len(samples)} faces of {', '.join(sorted(counts(samples)))}: {_by_label(samples)}.")
    if not old and arguments.layout != "shared" and (data / "crops").is_dir():
        print(f"Trainings now see nothing else of {data}: `maskgate-train data build {data} --layout shared` adds its crops/ and boxed sources.")


def _listed(manifest: Path) -> list[Sample]:
    try:
        return read_manifest(manifest) if manifest.exists() else []
    except TrainerError as error:
        raise TrainerError(str(error), hint=f"Correct it, or delete {manifest} and build from every folder again.") from error


def _by_label(samples: list[Sample]) -> str:
    """How many of each label, and which class is still missing: told long before a training misses it."""
    found = Counter(s.label for s in samples)
    return ", ".join(f"{found[label]} {label}" for label in dict.fromkeys((*CLASSES, *found)))


def _by_split(samples: Sequence[Sample]) -> str:
    found = Counter(s.split for s in samples)
    return ", ".join(f"{found[split]} {split}" for split in SPLITS)


def _list(arguments: argparse.Namespace) -> None:
    samples = samples_of(arguments.data)
    for source, table in sorted(counts(samples).items()):
        by_label = ", ".join(f"{n} {label}" for label, n in sorted(table.items()))
        print(f"{source:28} {by_label}; {_by_split([s for s in samples if s.source == source])}")


def _check(arguments: argparse.Namespace) -> None:
    found = check(samples_of(arguments.data), arguments.data)
    for text in _lines(found):
        print(text)
    if found.wrong:
        raise TrainerError("The data has faults, listed above.", hint="Correct the files or the manifest, then check again." + (ALIKE if found.conflicts or found.crossing else ""))
    print("Nothing wrong found.")


def _lines(found: Findings) -> list[str]:
    kinds = {"Unreadable": found.unreadable, "Box outside its picture": found.outside, "Classes": found.classes, "Note": found.missing,
             "Group in several splits": found.leaks, "One picture, two labels": found.conflicts, "One picture, two splits": found.crossing}
    lines = []
    for kind, texts in kinds.items():
        lines += [f"{kind}: {text}" for text in texts[:MOST_LINES]]
        if len(texts) > MOST_LINES:  # a hundred pictures of one chair are five thousand pairs, behind which a broken file is not seen
            lines.append(f"{kind}: and {len(texts) - MOST_LINES} more")
    return [*lines, f"{found.copies} pictures repeat another with the same label and split."]


def _sheet(arguments: argparse.Namespace) -> None:
    out = place_for(_path(arguments))
    write_picture(out, contact_sheet(samples_of(arguments.data), arguments.data))
    print(f"{out}: written.")


def _overview(arguments: argparse.Namespace) -> None:
    out = place_for(_path(arguments), PLOTS)
    samples = samples_of(arguments.data)
    overview(samples, measure(samples, arguments.data), out)
    print(f"{out}: written.")


def _path(arguments: argparse.Namespace) -> Path:
    if arguments.path is None:
        raise TrainerError(f"`maskgate-train data {arguments.what}` needs a path.")
    path: Path = arguments.path
    return path
