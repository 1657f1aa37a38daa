# SPDX-License-Identifier: Apache-2.0
"""Export: the chosen step of a training as the file that ships, its scores set to YuNet's scale, checked in OpenCV against Keras."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import cv2
import numpy as np

from edge.errors import ModelError
from edge.outputs import must_be_apart
from edge.vision.faces import SUM_LINE
from edge.whole import whole
from trainer.data.decode import read_picture
from trainer.faces.network import as_outputs, build, put_weights
from trainer.faces.onnx_file import read_onnx, write_onnx
from trainer.faces.pictures import scenes
from trainer.faces.plan import Plan
from trainer.faces.recipe import load
from trainer.faces.select import chosen, look, score_at
from trainer.faces.weights import BYTE, Weights, shifted

TOLERANCE = 1e-3
"""Largest difference of any output. Both compute in float32 but add up in another order; boxes are in cells."""
SCORE = 0.6
"""The score at which the exported detector gives about as many false boxes as YuNet 2023mar: the unit's setting, right for both."""
REFERENCE = "face_detection_yunet_2023mar.onnx"


def export(source: Path, target: Path) -> None:
    """Write `target` from the step that a recipe chooses, or from any YuNet file as it is.

    Raises:
        ModelError, SettingsError, TrainerError: nothing there to export, no pictures to set the scale on, or OpenCV and Keras disagree.
    """
    must_be_apart({"the source": source, "--to": target})
    target.parent.mkdir(parents=True, exist_ok=True)  # told before a minute of measuring
    if source.suffix != ".toml":
        plan, weights = read_onnx(source)
        note = f"exported from {source.name}"
    else:
        recipe = load(source)
        detector = chosen(recipe)
        plan, weights = read_onnx(detector)
        shift = find_shift(plan, weights, Path(recipe.data), Path(recipe.weights) / REFERENCE)
        weights = shifted(weights, shift)
        note = f"MaskGate face detector, recipe {source.name} {recipe.hash}, {detector.stem}, obj shifted by {shift:+.3f}"
        print(note)
    write_onnx(target, plan, weights, note)
    if (apart := difference(target, plan, weights)) > TOLERANCE:
        raise ModelError(f"Detector {target}: OpenCV {cv2.__version__} and Keras differ by {apart:.2g}, expected at most {TOLERANCE}.")
    note_sum(target)


def note_sum(target: Path) -> None:
    """Put the file's new checksum into the `SHA256SUMS` beside it, if that names it: the unit refuses a file that differs from it."""
    sums = target.with_name("SHA256SUMS")
    if not sums.is_file():
        return
    new = hashlib.sha256(target.read_bytes()).hexdigest()
    lines = sums.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines):
        match = SUM_LINE.fullmatch(line.decode("utf-8-sig", errors="replace").rstrip())
        if match and match[2] == target.name:
            lines[number] = line.replace(match[1].encode(), new.encode(), 1)
    with whole(sums) as part:
        part.write_bytes(b"".join(lines))


def find_shift(plan: Plan, weights: Weights, data: Path, reference: Path) -> float:
    """The shift of obj at which this detector takes as much for a face as the reference does, both at SCORE and 320 px.

    Training on faces that YuNet misses raises all scores; this puts them back, so that one threshold suits any detector.
    It is measured on all photographs of webphotos/train, those of the training too: the held-out ones are too few (20 false
    boxes) and happen to be easy, so that a scale set on them alone let twice YuNet's false boxes pass elsewhere.
    """
    pictures = [(read_picture(picture.path), picture.truths) for picture in scenes(data, sources=("webphotos",))]
    allowed = look(reference, pictures, 320).false_per_picture(SCORE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shifted.onnx"
        shift = 0.0
        for _ in range(4):  # the score is the root of a product, so that one step is only nearly right
            write_onnx(path, plan, shifted(weights, shift))
            score = score_at(look(path, pictures, 320), allowed)
            if abs(score - SCORE) < 0.002:
                break
            shift += 2 * float(np.log(SCORE / (1 - SCORE)) - np.log(score / (1 - score)))
    return shift


def difference(path: Path, plan: Plan, weights: Weights, side: int = 320) -> float:
    """Largest difference between the file in OpenCV and the network in Keras, over all outputs, on one picture."""
    picture = np.random.default_rng(1).integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
    picture = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    network = build(plan)
    put_weights(network, plan, weights)
    expected = as_outputs([np.asarray(part) for part in network(picture[None].astype(np.float32) / BYTE)])
    net = cv2.dnn.readNetFromONNX(str(path))
    net.setInput(cv2.dnn.blobFromImage(picture))
    names = list(expected)
    return max(float(np.abs(found.reshape(expected[name].shape) - expected[name]).max())
               for name, found in zip(names, net.forward(names), strict=True))
