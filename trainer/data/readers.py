# SPDX-License-Identifier: Apache-2.0
"""Readers: one function a layout, from a folder to samples.

    folders          <root>/<class>/*.jpg                        the picture is the face; or <class>/<group>/*.jpg, where
                                                                 a group is a person, a clip, a batch: see below
    tree             <root>/{train,val,test}/<class>/*.jpg       likewise, with its own split
    voc              <root>/**/*.xml beside or apart from images  Pascal VOC boxes; folders train, valid, test are splits
    yolo             <root>/**/*.txt, names in data.yaml or       YOLO boxes, relative to the picture; likewise
                     classes.txt
    csv              <root>/labels.csv and <root>/images/         image, x, y, w, h, label, split, group
    maskedface_net   *_Mask.jpg, *_Mask_Mouth_Chin.jpg, ...       the label is in the name

A group is never split between what is trained on and what is measured on. Where folders do not say which pictures belong
together, each picture is its own group (pictures of one name in two classes are one).

Paths in samples are relative to `base`, so that a manifest moves with its data folder.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from edge.look import Box
from edge.names import is_utf8
from trainer.data.decode import read_picture
from trainer.data.labels import INCORRECT, MASK, label_of
from trainer.data.manifest import PICTURES, Sample, box_of, require_inside
from trainer.data.splits import split_by_group
from trainer.data.table import read_lines, read_rows
from trainer.data.yolo_names import class_names
from trainer.errors import TrainerError

SPLIT_NAMES = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
OTHER_PICTURES = {".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".ppm"}
"""Pictures that are not read; whoever has some is told."""
BOXED = ("image", "x", "y", "w", "h", "label")
"""Columns that a list of boxes must have."""
CSV_HINT = ("One line a face: its picture's name in images/, left, top, width and height of the face in pixels of the picture, and its label; "
            "split and group where there are any.")
GROUPS: dict[str, str] = {
    "rmfd_part1": r"^(\d+)_", "rmfd_part2": r"^(\d+)_", "karanfriends_bare": r"^[PF]_(\d+)_",
    "maskedfacenet_synthetic": r"^images_(\d+)_", "prajnasb_bare": r"(\d+)", "prajnasb_artificial": r"(\d+)",
    "yawdd_drivers": r"^()",
}
"""Which part of a file's name says what it belongs with, for sources where the name tells (the person, mostly).
`^()` makes the source one group: frames of few people. Anything else: each picture is its own group."""


def class_folders(root: Path, base: Path, source: str, split: str = "train", part: str = "") -> list[Sample]:
    """<root>/<class>/*.jpg, or <root>/<class>/<group>/*.jpg.

    Args:
        split: of all of them.
        part: the set's own name of that split, where it comes in parts; pictures of one name in two of them have nothing in common.

    Raises:
        TrainerError: no folders, an unknown class, or a class without pictures.
    """
    folders = _folders(root)
    if not folders:
        raise TrainerError(f"{root}: no folders in it, expected one for each class.", hint="`maskgate-train data --help` names the layouts.")
    if all(folder.name.lower() in SPLIT_NAMES for folder in folders):
        raise TrainerError(f"{root}: its folders are {', '.join(folder.name for folder in folders)}, expected one for each class.",
                           hint="With folders of classes in each of them, --layout tree reads it; with boxes, voc or yolo.")
    samples = []
    for folder in folders:
        label = label_of(folder.name, str(folder))
        pictures = _pictures(folder, deep=True)
        if not pictures:
            raise TrainerError(f"{folder}: the class is empty, expected pictures ({', '.join(sorted(PICTURES))}).")
        samples += [Sample(path=_relative(path, base), box=None, label=label, source=source,
                           group=_group(path, folder, source, part), split=split) for path in pictures]
    return samples


def split_tree(root: Path, base: Path, source: str) -> list[Sample]:
    """<root>/{train,val,test}/<class>/*.jpg."""
    folders = _folders(root)
    unknown = [path.name for path in folders if path.name.lower() not in SPLIT_NAMES]
    if unknown or not folders:
        raise TrainerError(f"{root}: found {', '.join(unknown) or 'no folders'}, expected some of {', '.join(SPLIT_NAMES)}.", hint="A folder for each class at the top is --layout folders.")
    return [sample for folder in folders
            for sample in class_folders(folder, base, source, SPLIT_NAMES[folder.name.lower()], folder.name)]


def voc(root: Path, base: Path, source: str) -> list[Sample]:
    """Pascal VOC: one XML file a picture, the picture found by name anywhere below `root`."""
    pictures: dict[str, list[Path]] = {}
    for path in _pictures(root, deep=True):
        pictures.setdefault(path.name, []).append(path)
    samples = []
    for note in sorted(path for path in _folder(root).rglob("*.xml") if not is_leftover(path, root)):
        try:
            tree = ET.parse(note)  # noqa: S314 - a file that the user chose
        except (ET.ParseError, LookupError, ValueError) as error:  # the latter two: an encoding that is none, or not to be had
            raise TrainerError(f"{note}: this is no XML ({error}).") from error
        name = Path(tree.findtext("filename") or f"{note.stem}.jpg").name
        found = pictures.get(name) or [p for same in pictures.values() for p in same if p.stem == note.stem]
        if not found:
            raise TrainerError(f"{note}: its picture {name} is nowhere below {root}.")
        beside = [p for p in found if p.parent == note.parent]
        if len(found) > 1 and len(beside) != 1:
            raise TrainerError(f"{note}: its picture {name} is there {len(found)} times below {root}.", hint="Put each picture beside its XML file, or give it a name of its own.")
        path = (beside or found)[0]
        for item in tree.iter("object"):
            corners = [item.findtext(f"bndbox/{key}") or "" for key in ("xmin", "ymin", "xmax", "ymax")]
            box = box_of(corners, str(note))
            if box is None:
                raise TrainerError(f"{note}: an object without a box.")
            box = Box(box.x, box.y, box.w - box.x, box.h - box.y)
            samples.append(_boxed(path, root, base, _valid(box, str(note)), item.findtext("name") or "", source))
    return _some(samples, root, "*.xml")


def yolo(root: Path, base: Path, source: str) -> list[Sample]:
    """YOLO: `class x y w h` a line, relative to the picture; `trainer.data.yolo_names` says where the class names stand."""
    names = class_names(_folder(root))
    samples = []
    for path in _pictures(root, deep=True):
        note = _note_of(path)
        if note is None:
            continue
        image = read_picture(path)
        for number, line in enumerate(read_lines(note), 1):
            where = f"{note}, line {number}"
            fields = line.split()
            if not fields:  # editors leave one at the end
                continue
            if len(fields) != 5 or not fields[0].isdecimal() or int(fields[0]) >= len(names):
                raise TrainerError(f"{where}: found {line!r}, expected `class x y w h` with a class below {len(names)}.")
            relative = box_of(fields[1:], where)
            assert relative is not None
            w, h = relative.w * image.shape[1], relative.h * image.shape[0]
            box = Box(relative.x * image.shape[1] - w / 2, relative.y * image.shape[0] - h / 2, w, h)
            require_inside(box, image.shape[1], image.shape[0], where)
            samples.append(_boxed(path, root, base, box, names[int(fields[0])], source))
    return _some(samples, root, "label files")


def boxes_csv(root: Path, base: Path, source: str) -> list[Sample]:
    """<root>/labels.csv (image, x, y, w, h, label, split, group) and <root>/images/."""
    samples = []
    for where, row in read_rows(root / "labels.csv", BOXED, CSV_HINT):
        missing = [key for key in BOXED if not row[key]]
        if missing:
            raise TrainerError(f"{where}: no {', '.join(missing)}.")
        box = box_of([row[key] for key in "xywh"], where)
        assert box is not None
        picture = root / "images" / row["image"]
        if not picture.is_file():
            raise TrainerError(f"{where}: its picture {picture} is not there.", hint="Pictures lie in images/ beside labels.csv, and `image` is the name that they have in there.")
        split = row.get("split") or "train"
        if split not in SPLIT_NAMES:
            raise TrainerError(f"{where}: the split is {split!r}, expected one of {', '.join(SPLIT_NAMES)}.")
        samples.append(Sample(path=_relative(picture, base), box=_valid(box, where), source=source,
                              label=label_of(row["label"], where), group=row.get("group") or row["image"],
                              split=SPLIT_NAMES[split]))
    return _some(samples, root, "rows")


def maskedface_net(root: Path, base: Path, source: str) -> list[Sample]:
    """MaskedFace-Net (Cabani et al. 2020): the label is the end of the name. `Mask_Nose_Mouth` (chin bare) is skipped:
    whether that is worn wrongly is a matter of opinion."""
    samples = []
    for path in _pictures(root, deep=True):
        end = re.search(r"_Mask(_Nose_Mouth|_Mouth_Chin|_Chin)?$", path.stem)
        if end is None:
            raise TrainerError(f"{path}: the name does not end as MaskedFace-Net's do (_Mask, _Mask_Mouth_Chin, ...).")
        if end.group(1) != "_Nose_Mouth":
            samples.append(Sample(path=_relative(path, base), box=None, label=INCORRECT if end.group(1) else MASK,
                                  source=source, group=path.stem[:end.start()]))
    return _some(samples, root, "pictures")


VAL_SHARE = 0.05
"""Share of the groups of each source of crops that is watched instead of drawn."""


def shared(root: Path, base: Path | None = None) -> list[Sample]:
    """The folder that the shipped recipe reads: `crops/<source>/<class>/` and `<source>/labels.csv`.

    The crops come without a split; one group in twenty is set aside to be watched, so that there are figures by source.
    """
    base = root if base is None else base
    crops = [sample for folder in sorted(path for path in _folder(root / "crops").iterdir() if path.is_dir())
             for sample in class_folders(folder, base, folder.name)]
    samples = split_by_group(crops, val=VAL_SHARE, test=0.0)
    for table in sorted(root.glob("*/labels.csv")):
        samples += boxes_csv(table.parent, base, table.parent.name)
    return samples


def below(root: Path, data: Path) -> str:
    """Where a folder lies in the data folder, however the two are written: relative, absolute, through a link.

    Raises:
        TrainerError: no such folder, or it lies elsewhere.
    """
    for there, here in ((_folder(root).absolute(), data.absolute()), (root.resolve(), data.resolve())):
        if there.is_relative_to(here) and ".." not in there.relative_to(here).parts:
            return there.relative_to(here).as_posix()
    raise TrainerError(f"{root}: lies outside the data folder {data}.", hint="Name a folder above it with --data: paths in a manifest begin there.")


LAYOUTS: dict[str, Callable[[Path, Path, str], list[Sample]]] = {
    "folders": class_folders, "tree": split_tree, "voc": voc, "yolo": yolo, "csv": boxes_csv, "maskedface_net": maskedface_net,
    "shared": lambda root, base, _source: shared(root, base),
}


def group_of(source: str, stem: str, part: str = "") -> str:
    """What a picture belongs with, from its name; where that says nothing, with itself alone in its part of the set."""
    if (pattern := GROUPS.get(source)) and (found := re.search(pattern, stem)):
        return found.group(1) or "all"
    return f"{part}/{stem}" if part else stem


def _group(picture: Path, folder: Path, source: str, part: str) -> str:
    inner = picture.parent.relative_to(folder).as_posix()
    return group_of(source, picture.stem, part) if inner == "." else inner


def _folder(root: Path) -> Path:
    if not root.is_dir():
        raise TrainerError(f"{root}: no such folder.")
    return root


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in _folder(root).iterdir() if path.is_dir() and not is_leftover(path, root))


def is_leftover(path: Path, root: Path) -> bool:
    """Whether a path below `root` is what a system or an editor left: hidden, or of a Mac's archive (whose ._a.jpg is no picture)."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(root).parts)


def _pictures(folder: Path, deep: bool = False) -> list[Path]:
    found = _folder(folder).rglob("*") if deep else _folder(folder).iterdir()
    return sorted(path for path in found if path.suffix.lower() in PICTURES and not is_leftover(path, folder))


def passed_over(root: Path) -> str:
    """What to say of pictures of kinds that are not read; an empty text where there are none."""
    kinds = Counter(path.suffix.lower() for path in root.rglob("*") if path.suffix.lower() in OTHER_PICTURES and not is_leftover(path, root))
    return f"Passed over: {', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}; what is read are {', '.join(sorted(PICTURES))}." if kinds else ""


def _note_of(picture: Path) -> Path | None:
    beside = picture.with_suffix(".txt")
    apart = Path(*("labels" if part == "images" else part for part in beside.parts))
    return next((path for path in (beside, apart) if path.is_file()), None)


def _relative(path: Path, base: Path) -> str:
    if not is_utf8(str(path)):
        raise TrainerError(f"{path}: this name is no UTF-8.", hint="Give the file, or the folder that it lies in, another name.")
    try:
        return path.relative_to(base).as_posix()
    except ValueError as error:
        raise TrainerError(f"{path}: lies outside the data folder {base}.") from error


def _boxed(path: Path, root: Path, base: Path, box: Box, name: str, source: str) -> Sample:
    # A set that comes in parts says so by its folders; what its makers meant for measuring is not trained on.
    part = next((part for part in path.relative_to(root).parts[:-1] if part.lower() in SPLIT_NAMES), "")
    return Sample(path=_relative(path, base), box=box, label=label_of(name, str(path)), source=source,
                  group=f"{part}/{path.stem}" if part else path.stem, split=SPLIT_NAMES.get(part.lower(), "train"))


def _valid(box: Box, where: str) -> Box:
    """The box, if it is one in pixels: shares of the picture would pass for faces too small to train on, and be left out without a word."""
    if not (box.w >= 1 and box.h >= 1):
        raise TrainerError(f"{where}: a box of {box.w:g} by {box.h:g}, expected a pixel of the picture and more each way.", hint="Boxes in shares of the picture are read from YOLO files alone (--layout yolo).")
    return box


def _some(samples: list[Sample], root: Path, what: str) -> list[Sample]:
    if not samples:
        raise TrainerError(f"{root}: no {what} in it.")
    return samples
