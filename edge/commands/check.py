# SPDX-License-Identifier: Apache-2.0
"""maskgate check: judge stills and clips, without door and panel."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.camera.source import PICTURES
from edge.commands.given import add_config
from edge.errors import CameraNotFound, CameraUnreadable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.camera.orientation import Turn
    from edge.look import Box, Probabilities
    from edge.report.schemas import Checked, FoundFace
    from edge.vision.faces import Faces
    from edge.vision.masks import Masks

EXAMPLES = """examples:
  maskgate check party.jpg
  maskgate check pictures/ clip.mp4 --json > faces.jsonl
  maskgate check --crops faces/          every picture is one face already

A file that cannot be read is named on the standard error and passed over; the exit code is 3 only where no file could be read.
"""
CLIPS = {".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".gif"}
"""File name endings, in lower case, that a folder is searched for."""
MANY = 8
"""From so many files on, a bar shows how far it is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a still, a clip, or a folder of them (searched to its depth)")
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line, one line a still or frame (docs/formats.md)")
    parser.add_argument("--crops", action="store_true", help="each picture is one face already: no detection")


def run(arguments: argparse.Namespace) -> int:
    """Judge every file; one that cannot be read is named and counted, and the rest goes on."""
    import msgspec
    from tqdm import tqdm

    from edge.settings_file import load_settings
    from edge.vision import open_faces, open_masks

    files = find_files(arguments.paths)
    settings = load_settings(arguments.config)
    masks = open_masks(settings.masks)
    # Whoever hands in a picture wants all of it judged: the region cuts away a part of a site, not of a file.
    faces = None if arguments.crops else open_faces(replace(settings.faces, region=(0.0, 0.0, 1.0, 1.0)))
    check = crop_check(masks) if faces is None else frame_check(faces, masks)
    unreadable = 0
    for path in tqdm(files, unit="file", disable=len(files) < MANY or not sys.stderr.isatty()):
        try:
            for checked in check(path):
                print(msgspec.json.encode(checked).decode() if arguments.json else in_words(checked))
        except (CameraUnreadable, CameraNotFound) as error:  # not found: a link that leads nowhere
            unreadable += 1
            print(f"maskgate: skipped: {error}", file=sys.stderr)
    if unreadable:
        print(f"maskgate: {unreadable} of {len(files)} files could not be read.", file=sys.stderr)
    return CameraUnreadable.exit_code if unreadable == len(files) else 0


def find_files(paths: list[Path]) -> list[Path]:
    """The files that `paths` name: a file as it is, a folder with every still and clip below it, sorted.

    Raises:
        CameraNotFound: a path does not exist, or a folder holds neither stills nor clips.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in PICTURES | CLIPS and (file.is_file() or not file.exists()))
            if not inside:
                raise CameraNotFound(f"{path}: no stills or clips in this folder.", hint=f"Looked for {' '.join(sorted(PICTURES | CLIPS))}.")
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise CameraNotFound(f"{path}: no such file or folder.", hint="Give a still, a clip, or a folder of them.")
    return files


def frame_check(faces: Faces, masks: Masks) -> Callable[[Path], Iterator[Checked]]:
    """Checks every face of a still, or of each frame of a clip."""
    from edge.camera.clip import Clip
    from edge.camera.orientation import Turn, read_upright
    from edge.quiet import silence_libraries
    from edge.report.schemas import Checked

    silence_libraries()  # a clip is opened here past `open_camera`, which does so for `run`

    def pictures(path: Path) -> Iterator[tuple[float | None, NDArray[np.uint8], Turn]]:
        if path.suffix.lower() in PICTURES:
            yield None, *read_upright(path)
            return
        with Clip(path, fast=True) as clip:     # as it is: the settings turn the pictures of a site, not of a file
            for frame in clip.frames():
                yield round(frame.t, 3), frame.image, Turn()

    def check(path: Path) -> Iterator[Checked]:
        for t, image, turn in pictures(path):
            height, width = image.shape[:2]
            found = faces.find(image)
            judged = masks.judge(image, [face.box for face in found])
            yield Checked(source=in_utf8(path), t=t, faces=[
                found_face(turn.stored(face.box, width, height), face.score, probabilities)
                for face, probabilities in zip(found, judged, strict=True)])

    return check


def crop_check(masks: Masks) -> Callable[[Path], Iterator[Checked]]:
    """Checks pictures that are one face each: the whole picture is the box."""
    import cv2
    import numpy as np

    from edge.camera.orientation import read_upright
    from edge.look import Box
    from edge.report.schemas import Checked

    def check(path: Path) -> Iterator[Checked]:
        if path.suffix.lower() in CLIPS:
            raise CameraUnreadable(f"{path}: a clip, and --crops takes pictures that are one face each.")
        image, turn = read_upright(path)
        height, width = image.shape[:2]
        side = masks.description.input_px
        crop = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if width > side else cv2.INTER_LINEAR), np.uint8)
        probabilities, = masks.judge_crops([crop])
        whole = turn.stored(Box(0, 0, width, height), width, height)
        yield Checked(source=in_utf8(path), t=None, faces=[found_face(whole, 1.0, probabilities)])

    return check


def in_utf8(path: Path) -> str:
    """A path as JSON can hold it: a byte that is no UTF-8 becomes a question mark."""
    return str(path).encode(errors="replace").decode()


def found_face(box: Box, score: float, probabilities: Probabilities) -> FoundFace:
    """One face as the JSON format promises it."""
    from edge.report.schemas import Chances, FoundFace

    x, y, w, h = (round(float(value), 1) + 0.0 for value in box)    # no -0.0
    return FoundFace(box=(x, y, w, h), score=round(score, 4), label=probabilities.label.value,
                     probabilities=Chances(**{label: round(p, 4) for label, p in probabilities._asdict().items()}))


def in_words(checked: Checked) -> str:
    """One line a person can read."""
    at = "" if checked.t is None else f" {checked.t:.2f}s"
    faces = ", ".join(f"{face.label} {getattr(face.probabilities, face.label):.0%} at {face.box[0]:.0f},{face.box[1]:.0f} "
                      f"{face.box[2]:.0f}x{face.box[3]:.0f}" for face in checked.faces)
    return f"{checked.source}{at}: {faces or 'no face'}"
