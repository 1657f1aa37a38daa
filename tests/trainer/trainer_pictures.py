# SPDX-License-Identifier: Apache-2.0
"""Tiny pictures and caches for the trainer's tests. No face in them: these tests are about the way, not the answer."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from trainer.data.cache import SIDE_PX, Faces, Row
from trainer.data.labels import CLASSES, NOT_FACE


def picture(path: Path, width: int = 40, height: int = 40, shade: int = 90) -> Path:
    """Write a picture with some structure, the same for the same shade."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(shade).integers(0, 255, (5, 5, 3), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC))
    return path


def tiny_faces(each: int = 4, found: bool = False) -> Faces:
    """A cache in memory: `each` squares a class, coloured by class, and as many without a face."""
    rows, pictures = [], []
    for number, label in enumerate((*CLASSES, NOT_FACE)):
        for i in range(each):
            points = (84.0, 92.0, 140.0, 92.0, 112.0, 118.0, 92.0, 142.0, 132.0, 142.0) if found else ()
            rows.append(Row(path=f"{label}/{i}.jpg", label=label, source="web", group=str(i), split="val" if i == 0 else "train",
                            found=found, face_px=80.0, landmarks=points))
            rng = np.random.default_rng(number * 100 + i)
            base = np.array([(230, 40, 40), (40, 230, 40), (40, 40, 230), (128, 128, 128)][number], np.int16)
            pictures.append(np.clip(base + rng.integers(-30, 30, (SIDE_PX, SIDE_PX, 3)), 0, 255).astype(np.uint8))
    return Faces(np.stack(pictures), rows)
