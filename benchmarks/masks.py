# SPDX-License-Identifier: Apache-2.0
"""How long mask models take beside the face detector: `python benchmarks/masks.py MODEL... [--detector FILE]`.

One thread each. The detector (one picture of 320 by 240) and the models (one face each) take turns, a different one
first each time, so that whatever else the machine does meets all of them alike; the figure is the median of each one's
own times, and the ratio the median of the ratios within a turn.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # before cv2: 5.0 warns about its engine for each detector

import cv2
import numpy as np

import edge.models
from edge.errors import MaskGateError
from edge.look import Box
from edge.vision.bundle import load_bundle
from edge.vision.masks import Masks

DETECTOR = Path(edge.models.__file__).with_name("face.onnx")


def classify(model: Path) -> Callable[[], object]:
    """One face through a bundle, as the unit asks it: cropped and judged in every view."""
    masks = Masks(load_bundle(model), threads=1)
    picture = np.random.default_rng(2).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    return lambda: masks.judge(picture, [Box(100, 60, 80, 100)])


def search(detector: Path, long_side: int) -> Callable[[], object]:
    """One picture of 4:3 through the detector; noise with soft shapes in it."""
    width, height = long_side, -(-long_side * 3 // 4 // 32) * 32
    small = np.random.default_rng(1).integers(0, 255, (height // 16, width // 16, 3), dtype=np.uint8)
    picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    net = cv2.FaceDetectorYN.create(str(detector), "", (width, height), 0.7, 0.3, 50)
    return lambda: net.detect(picture)


def measure(jobs: list[Callable[[], object]], turns: int) -> list[list[float]]:
    """Milliseconds of each turn, a list for each job."""
    times: list[list[float]] = [[] for _ in jobs]
    for turn in range(turns + 3):
        for step in range(len(jobs)):
            which = (turn + step) % len(jobs)
            start = time.perf_counter()
            jobs[which]()
            if turn >= 3:  # the first ones warm up
                times[which].append(1000 * (time.perf_counter() - start))
    return times


def main() -> None:
    """Print one line for the detector and each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--detector", type=Path, default=DETECTOR)
    parser.add_argument("--side", type=int, default=320, help="long side that the detector searches")
    parser.add_argument("--turns", type=int, default=100)
    arguments = parser.parse_args()
    if arguments.turns < 1 or not 32 <= arguments.side <= 4096:
        parser.error("expected at least one turn, and a side of 32 to 4096 pixels")
    cv2.setNumThreads(1)
    files = [arguments.detector, *arguments.models]
    try:
        jobs = [search(arguments.detector, arguments.side), *(classify(model) for model in arguments.models)]
    except MaskGateError as error:
        parser.error(str(error))
    except cv2.error:
        parser.error(f"{arguments.detector}: this is no file that cv2.FaceDetectorYN reads")
    times = measure(jobs, arguments.turns)
    for file, own in zip(files, times, strict=True):
        ratio = statistics.median(mine / first for mine, first in zip(own, times[0], strict=True))
        print(f"{statistics.median(own):7.2f} ms  x {ratio:.3f}  {file.stat().st_size / 1024:6.0f} KiB  {file.name}")


if __name__ == "__main__":
    main()
