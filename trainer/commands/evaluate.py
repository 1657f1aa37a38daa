# SPDX-License-Identifier: Apache-2.0
"""maskgate-train evaluate: the door's question, on photographs with boxes or pictures of one face each, through the unit's own code."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

import edge.models
from edge.errors import ModelError
from edge.vision.masks import Masks
from trainer.data.labels import CLASSES
from trainer.data.manifest import Sample
from trainer.data.picture_file import write_picture
from trainer.degrade import degradation
from trainer.errors import TrainerError
from trainer.evaluate import (
    Result,
    by_size,
    by_source,
    calibration,
    evaluate,
    gallery,
    slices,
    unmeasured,
    worst,
    write_metrics,
)
from trainer.judge import AizooJudge, Judge, Judged, UnitJudge, judge, judge_prepared, table
from trainer.recipe import Recipe, read_recipe
from trainer.report import write_report
from trainer.score import TEMPERATURES, number, softmax, thresholds
from trainer.shelf import cached_faces, samples_of

DETECTOR = Path(edge.models.__file__).with_name("face.onnx")
TABLES = ("thresholds", "degradation", "slices", "by source (val)")


def add(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "evaluate", help="measure a model as the unit would use it",
        description="Find, crop and judge the faces of photographs with boxes as the unit does; pictures of one face each are judged as cut for training. At the threshold where 95 % of "
                    "the properly masked faces pass: who else would? With 95 % bootstrap intervals, by face size, and under bad cameras.")
    parser.add_argument("model", type=Path, help="a bundle (mask.tflite)")
    parser.add_argument("--source", default="webphotos", help="photographs with boxes, or pictures of one face each (default: webphotos)")
    parser.add_argument("--split", default="test", choices=("train", "val", "test", "all"), help="default: test; all: for a model that never saw the source")
    parser.add_argument("--detector", default=str(DETECTOR), help="ONNX file (default: the unit's own); `none`: the labelled boxes are cropped")
    parser.add_argument("--peer", type=Path, help="AIZOO's tflite, asked about the same faces")
    parser.add_argument("--by-source", action="store_true", help="also the prepared faces that no training draws (split val), by source")
    parser.add_argument("--run", dest="home", type=Path, help="the training's folder: its plot, and where its network looks, go into the report")
    parser.add_argument("--out", type=Path, help="folder for metrics.json, report.html and the worst errors")
    return parser


def run(arguments: argparse.Namespace) -> None:
    _look_first(arguments)
    peer: Judge | None = AizooJudge(arguments.peer) if arguments.peer else None  # told before minutes of judging
    samples = asked_for(samples_of(arguments.data), arguments.source, arguments.split, arguments.data)
    boxed = any(s.box for s in samples)
    if peer and not boxed:
        raise TrainerError(f"--peer: it finds faces by itself, in photographs with boxes; {arguments.source}'s pictures are one face each.", hint="Leave --peer out.")
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)  # and so is this
    unit = UnitJudge(arguments.model, None if arguments.detector == "none" or not boxed else Path(arguments.detector))
    judged = judge(samples, arguments.data, unit) if boxed else _prepared(arguments, samples, unit.masks)
    where = f"{arguments.source} ({arguments.split})"  # the figures may be read on a unit, years later
    results = _results(f"{arguments.model.name} on {where}", judged)
    large = by_size(judged)[0]
    if not any(j.probabilities for j in large):
        raise TrainerError(f"{arguments.source}, split {arguments.split}: of {len(samples)} faces none of 48 px and more was found, so there is nothing to measure.",
                           hint="Look at them with `maskgate-train data sheet`; --detector none takes the boxes as they are.")
    notes = unmeasured(judged, unit.masks.description.only_drawn)
    if not boxed:
        notes.append(f"Pictures of {arguments.source} are one face each, cut as for training: what the unit's detector would miss is not counted.")
    if any(s.split == "train" for s in samples):
        notes.append("Some of these faces are of the split train: what is said here holds only for a model that was not trained on them.")
    more: dict[str, Any] = {"notes": notes, "calibration": calibration(large), "degradation": degradation(large, unit.masks, results[0].threshold)}
    logits, truth = table(large)
    more["thresholds"] = thresholds(softmax(logits), truth)
    more["slices"] = slices(large, results[0].threshold)
    if arguments.by_source:
        more["by source (val)"] = by_source(cached_faces(Recipe(), arguments.data, arguments.cache), unit.masks, results[0].threshold)
    if peer:
        results += _results(f"AIZOO on {where}", judge(samples, arguments.data, peer))
    for line in (*notes, *results):
        print(line)
    print(calibration_text(more["calibration"], unit.masks.description.temperature))
    for kind in TABLES:
        print(f"{kind}:" if kind in more else f"{kind}: not asked for")
        for name, row in more.get(kind, {}).items():
            print(f"    {name:28} " + "  ".join(f"{key} {number(value, 0 if key == 'faces' else 3)}" for key, value in row.items()))
    if arguments.out:
        write_metrics(arguments.out / "metrics.json", results, more)
        write_picture(arguments.out / "worst.png", gallery(worst(large)))
        write_report(arguments.out / "report.html", results, large, more, _pictures(arguments) if arguments.home else None)
        print(f"{arguments.out}: metrics.json, report.html, worst.png")


def calibration_text(found: Mapping[str, float], temperature: float) -> str:
    """What `trainer.evaluate.calibration` found, in words, with the temperature as `maskgate-convert` takes it."""
    if not TEMPERATURES[0] < found["temperature"] < TEMPERATURES[-1]:
        return f"calibration: ECE {found['ece']:.3f}; these faces set no temperature (all judged right, or too few)"
    return (f"calibration: ECE {found['ece']:.3f}; at a temperature of {temperature * found['temperature']:.2f} it would be "
            f"{found['ece_at_temperature']:.3f} (the model has {temperature:g})")


def asked_for(samples: Sequence[Sample], source: str, split: str, data: Path) -> list[Sample]:
    """The labelled faces of one source and split; where some have boxes, those.

    Raises:
        TrainerError: there are none.
    """
    chosen = [s for s in samples if s.source == source and split in ("all", s.split)]
    if not any(s.label in CLASSES for s in chosen):
        there = Counter((s.source, s.split) for s in samples if s.label in CLASSES)
        raise TrainerError(f"{data}: no face of {source!r}, split {split!r}, to measure on. There are " + ", ".join(f"{n} of {name} ({part})" for (name, part), n in sorted(there.items())) + ".",
                           hint="Choose with --source and --split. What a training drew measures nothing: `maskgate-train data build FOLDER --test 0.2` sets some apart.")
    return [s for s in chosen if s.box] or chosen


def _prepared(arguments: argparse.Namespace, samples: Sequence[Sample], masks: Masks) -> list[Judged]:
    faces = cached_faces(Recipe(), arguments.data, arguments.cache)
    chosen = {(s.path, s.label) for s in samples}
    return judge_prepared(faces, [i for i, row in enumerate(faces.rows) if row.label in CLASSES and (row.path, row.label) in chosen], masks)


def _look_first(arguments: argparse.Namespace) -> None:
    """What is asked for in vain, told before minutes of judging.

    Raises:
        ModelError: the model is not converted yet. TrainerError: --run names no training, or one of nothing to see, or there is no report to put it into.
    """
    model, home = arguments.model, arguments.home
    if model.suffix == ".keras" and model.is_file():
        raise ModelError(f"Mask model {model}: this is a Keras model; what is measured is the file that the unit runs.",
                         hint=f"Convert it first: maskgate-convert {model} --out {model.with_name('mask.tflite')}")
    if home and not arguments.out:
        raise TrainerError(f"--run {home}: its pictures go into the report.", hint="Name a folder for the report with --out.")
    if home:
        for name in ("best.keras", "recipe.toml"):
            if not (home / name).is_file():
                raise TrainerError(f"--run {home}: no {name} in it.", hint="Expected the folder of a training, such as runs/shipped; `maskgate-train fit` makes it.")
        if read_recipe(home / "recipe.toml").recipe.model.architecture == "small":
            raise TrainerError(f"--run {home}: its network has no backbone, so there is no last map that shows where it looks.", hint="Leave --run out: the figures need none.")


def _pictures(arguments: argparse.Namespace) -> dict[str, bytes]:
    from trainer.commands.explain import faces_apart
    from trainer.explain import gallery as heat_gallery
    from trainer.model import load_keras

    home: Path = arguments.home
    recipe = read_recipe(home / "recipe.toml").recipe
    sheet, shares = heat_gallery(load_keras(home / "best.keras"), faces_apart(recipe, arguments.data, arguments.cache, 12))
    title = "What speaks for the label (Grad-CAM); on the lower half: " + ", ".join(f"{k} {v:.0%}" for k, v in shares.items())
    found = {title: cv2.imencode(".png", sheet)[1].tobytes()}
    return {"Training": (home / "training_plot.png").read_bytes(), **found} if (home / "training_plot.png").is_file() else found


def _results(name: str, judged: list[Judged]) -> list[Result]:
    large, small = by_size(judged)
    first = evaluate(f"{name}, faces of 48 px and more", large)
    # Small faces at the threshold of the large ones: the unit has one threshold.
    return [first, evaluate(f"{name}, faces of 24 to 48 px", small, first.threshold)]
