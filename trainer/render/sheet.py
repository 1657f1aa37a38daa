# SPDX-License-Identifier: Apache-2.0
"""A sheet of drawn masks to look at: `python -m trainer.render.sheet --out sheet.png [--picture P ...]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from edge.errors import CTRL_C, MaskGateError
from edge.look import Box, Face, Label
from trainer.data.picture_file import place_for, write_picture
from trainer.errors import refuse
from trainer.faces.detector import Detector
from trainer.render import Kind, Worn, random_style, render_mask
from trainer.render.light import Image
from trainer.render.portrait import FACE, astronaut
from trainer.render.style import LABELS, OCCLUDERS


def find_face(image: Image, model: str) -> Face | None:
    """The best face that a FaceDetectorYN model finds, in pixels of the image."""
    pad = max(16, max(image.shape[:2]) // 4)
    padded = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    found = Detector(Path(model), 0.5).detect(np.asarray(padded, np.uint8))
    if not len(found):
        return None
    best = np.asarray(found[np.argmax(found[:, -1])], np.float64)
    x, y, w, h = best[:4] - (pad, pad, 0, 0)
    marks = tuple((float(px), float(py)) for px, py in best[4:14].reshape(5, 2) - pad)
    return Face(Box(float(x), float(y), float(w), float(h)), marks, float(best[14]))  # type: ignore[arg-type]


def tile(image: Image, face: Face, side: int) -> Image:
    """The face with some room around it, `side` px."""
    reach = 0.85 * max(face.box.w, face.box.h)
    centre_x, centre_y = face.box.centre
    warp = np.array([[side / 2 / reach, 0, side / 2 - centre_x * side / 2 / reach], [0, side / 2 / reach, side / 2 - centre_y * side / 2 / reach]])
    return np.asarray(cv2.warpAffine(image, warp, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def sheet(pictures: list[tuple[Image, Face]], columns: int, rows: int, seed: int, side: int, kind: str | None, worn: str | None) -> Image:
    """Tiles of drawn faces, the bare one first in each row."""
    rng = np.random.default_rng(seed)
    lines = []
    for row in range(rows):
        image, face = pictures[row % len(pictures)]
        line = [tile(image, face, side)]
        while len(line) < columns:
            style = random_style(rng, _label(kind, worn))
            if (kind and style.kind != kind) or (worn and style.worn != worn):
                continue
            done = render_mask(image, face, style, rng)
            picture = tile(done.image, face, side)
            text = f"{style.kind} {style.worn}" if done.drawn else "not drawn"
            for colour, thick in ((0, 0, 0), 3), ((255, 255, 255), 1):  # white with a black rim can be read on cloth of any colour
                cv2.putText(picture, text, (3, side - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, thick, cv2.LINE_AA)
            line.append(picture)
        lines.append(np.hstack(line))
    return np.vstack(lines)


def _label(kind: str | None, worn: str | None) -> Label | None:
    if worn:
        return LABELS[Worn(worn)]
    return LABELS[Worn.BEFORE] if kind and Kind(kind) in OCCLUDERS else None


def _faces(paths: list[str], model: str) -> list[tuple[Image, Face]]:
    """The pictures that hold a face; what is left out is named."""
    found = []
    for path in paths:
        image = cv2.imread(path, cv2.IMREAD_COLOR)
        face = None if image is None else find_face(np.asarray(image, np.uint8), model)
        if image is None or face is None:
            print(f"{path}: {'cannot be read' if image is None else 'no face found'}, left out")
        else:
            found.append((np.asarray(image, np.uint8), face))
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--picture", nargs="*", default=[], help="pictures of one bare face each; without any, the astronaut")
    parser.add_argument("--detector", default="", help="FaceDetectorYN model that finds the faces of --picture")
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--rows", type=int, default=5)
    parser.add_argument("--side", type=int, default=180)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=[str(kind) for kind in Kind])
    parser.add_argument("--worn", choices=[str(worn) for worn in Worn])
    args = parser.parse_args()
    if min(args.columns, args.rows, args.seed + 1) < 1 or args.side < 16:
        parser.error("expected at least one column and one row, a side of 16 px or more, and no seed below 0")
    if args.picture and not Path(args.detector).is_file():
        parser.error("--picture needs --detector, the .onnx file of a face detector")
    if args.kind and args.worn and (Kind(args.kind) in OCCLUDERS) != (Worn(args.worn) is Worn.BEFORE):
        parser.error(f"a {args.kind} cannot be worn as {args.worn}")
    return args


def main() -> int:
    args = _arguments()
    try:
        out = place_for(args.out)
        pictures = _faces(args.picture, args.detector) or [(astronaut(), FACE)]
        write_picture(out, sheet(pictures, args.columns, args.rows, args.seed, args.side, args.kind, args.worn))
    except (MaskGateError, OSError) as error:
        return refuse("trainer.render.sheet", error)
    except KeyboardInterrupt:
        return CTRL_C
    return 0


if __name__ == "__main__":
    sys.exit(main())
