# SPDX-License-Identifier: Apache-2.0
"""Judges frames of a clip and prints each look as a JSON line, for a comparison between processors: `looks.py CLIP EVERY`."""

from __future__ import annotations

import json
import sys

import cv2

from edge.frame import Frame
from edge.settings import Settings
from edge.vision import open_vision


def main() -> None:
    clip, every = sys.argv[1], int(sys.argv[2])
    vision, reader, number = open_vision(Settings()), cv2.VideoCapture(clip), 0
    while (got := reader.read())[0]:
        if number % every == 0:
            looks = vision.look(Frame(got[1], number / 15.0, number))
            print(json.dumps({"frame": number, "looks": [
                {"box": list(look.face.box), "score": look.face.score,
                 "probabilities": [float(one) for one in look.probabilities]} for look in looks]}), flush=True)
        number += 1


if __name__ == "__main__":
    main()
