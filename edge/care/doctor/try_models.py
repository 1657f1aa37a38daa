# SPDX-License-Identifier: Apache-2.0
"""Loads both models and has each of them work once: `python -m edge.care.doctor.try_models [FACE.onnx] [MASK.tflite]`.

In a process of its own, since a runtime built for another processor dies of SIGILL. Prints one JSON object: for
`faces` and `masks` either what was measured, or `error` and `hint`.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import MaskGateError
from edge.settings import FacesSettings, MasksSettings
from edge.vision import open_faces, open_masks

SIDE_PX = 320


def drawn_face(side_px: int = SIDE_PX) -> NDArray[np.uint8]:
    """A face drawn with ellipses on grey, `uint8` BGR, about 120 px wide in 320: no picture of anybody has to ship.

    The shipped detector gives it 0.93, YuNet of March 2023 gives it 0.92.
    """
    picture = np.full((side_px, side_px, 3), 150, np.uint8)
    scale = side_px / 320

    def ellipse(x: float, y: float, a: float, b: float, colour: tuple[int, int, int], *, start: int = 0, end: int = 360, line: float = 0) -> None:
        thickness = max(1, round(line * scale)) if line else -1
        cv2.ellipse(picture, (round(x * scale), round(y * scale)), (round(a * scale), round(b * scale)), 0, start, end, colour, thickness, cv2.LINE_AA)

    ellipse(160, 165, 62, 82, (150, 180, 225))
    ellipse(160, 118, 66, 52, (35, 45, 60), start=180)
    for x in (135, 185):
        ellipse(x, 150, 13, 7, (245, 245, 245))
        ellipse(x, 150, 6, 6, (40, 50, 70))
        ellipse(x, 134, 16, 5, (40, 50, 70), start=180, line=5)
    ellipse(160, 180, 11, 9, (95, 125, 175), end=180, line=4)
    ellipse(160, 207, 24, 8, (80, 80, 170))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2 * scale), np.uint8)


def try_faces(model: str) -> dict[str, Any]:
    """Does it find the drawn face, and nothing on plain grey."""
    faces = open_faces(FacesSettings(model=model))
    face = drawn_face()
    plain = np.full_like(face, 128)
    started = time.perf_counter()
    found = faces.find(face)
    took = time.perf_counter() - started
    right = sum(abs(one.box.centre[0] - 160) < 30 and abs(one.box.centre[1] - 165) < 40 for one in found)
    return {"ms": round(took * 1000, 1), "found": right, "besides": len(found) - right + len(faces.find(plain)),
            "score": round(max((one.score for one in found), default=0.0), 3)}


def try_masks(model: str) -> dict[str, Any]:
    """Is the file whole, does it run, does it give probabilities, and not always the same ones."""
    masks = open_masks(MasksSettings(model=model))
    side = masks.description.input_px
    crops = [np.asarray(cv2.resize(drawn_face(), (side, side)), np.uint8), np.full((side, side, 3), 30, np.uint8)]
    started = time.perf_counter()
    judged = masks.judge_crops(crops)
    took = (time.perf_counter() - started) / len(crops)
    sane = all(math.isfinite(p) and 0 <= p <= 1 for one in judged for p in one) and judged[0] != judged[1]
    return {"ms": round(took * 1000, 1), "name": masks.description.name, "sha256": masks.description.sha256, "sane": sane}


def attempt(work: Callable[[str], dict[str, Any]], model: str) -> dict[str, Any]:
    try:
        return work(model)
    except MaskGateError as error:
        return {"error": str(error), "hint": error.hint}


def main(arguments: list[str]) -> None:
    face, mask = [*arguments, "", ""][:2]
    for name, work, model in (("faces", try_faces, face), ("masks", try_masks, mask)):
        # A line each, at once: if the second one crashes, what the first one did is known.
        sys.stdout.write(json.dumps({name: attempt(work, model)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
