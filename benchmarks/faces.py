# SPDX-License-Identifier: Apache-2.0
"""How long face detectors take beside each other: `python benchmarks/faces.py MODEL MODEL... [--sizes 160 320]`.

One thread. The models take turns, a different one first each time, so that whatever else the machine does meets all of
them alike; the figure is the median of each model's own times, and the ratio the median of the ratios within a turn.
The first model is the one that the others are held against. Run it again under another OpenCV with PYTHONPATH.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # before cv2: 5.0 warns about its engine for each detector

import cv2
import numpy as np


def measure(models: list[str], width: int, height: int, turns: int, score: float) -> list[list[float]]:
    """Milliseconds of each turn, a list for each model, on a picture of noise with soft shapes in it."""
    random = np.random.default_rng(1)
    small = random.integers(0, 255, (height // 16, width // 16, 3), dtype=np.uint8)
    picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    detectors = [cv2.FaceDetectorYN.create(model, "", (width, height), score, 0.3, 50) for model in models]
    for detector in detectors * 3:
        detector.detect(picture)
    times: list[list[float]] = [[] for _ in models]
    for turn in range(turns):
        for step in range(len(models)):
            which = (turn + step) % len(models)
            start = time.perf_counter()
            detectors[which].detect(picture)
            times[which].append(1000 * (time.perf_counter() - start))
    return times


def main() -> None:
    """Print one line for each model and size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--sizes", nargs="+", type=int, default=[160, 320, 640], help="long sides in pixels; pictures are 4:3")
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--score", type=float, default=0.6)
    arguments = parser.parse_args()
    if arguments.turns < 1 or not all(32 <= side <= 4096 for side in arguments.sizes):
        parser.error("expected at least one turn, and sizes of 32 to 4096 pixels")
    for model in arguments.models:
        try:
            cv2.FaceDetectorYN.create(model, "", (320, 256)).detect(np.zeros((256, 320, 3), np.uint8))
        except cv2.error:
            parser.error(f"{model}: this is no file that cv2.FaceDetectorYN reads")
    cv2.setNumThreads(1)
    print(f"OpenCV {cv2.__version__}, one thread, median of {arguments.turns} turns")
    for side in arguments.sizes:
        width, height = side, -(-side * 3 // 4 // 32) * 32
        times = measure(arguments.models, width, height, arguments.turns, arguments.score)
        for model, own in zip(arguments.models, times, strict=True):
            ratio = statistics.median(mine / first for mine, first in zip(own, times[0], strict=True))
            print(f"{width:4} x {height:3}  {statistics.median(own):7.2f} ms  x {ratio:.3f}  {Path(model).name}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
