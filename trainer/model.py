# SPDX-License-Identifier: Apache-2.0
"""Model: the network, from RGB 0 to 255 to three logits, with its normalisation inside.

TensorFlow is imported by `tensorflow` alone, or by files that are imported after it was called: so every other command starts at once,
and none begins with TensorFlow's notes on the processor.
"""

from __future__ import annotations

import os
import sys
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from edge.quiet import quiet_stderr
from trainer.data.labels import CLASSES
from trainer.errors import TrainerError
from trainer.recipe import Model


def tensorflow(threads: int = 2) -> Any:
    """TensorFlow, quiet, on the processor, with a set number of threads.

    Raises:
        TrainerError: it is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        # What it says of oneDNN and of itself while it is loaded heeds no level and no variable.
        with quiet_stderr() if "tensorflow" not in sys.modules else nullcontext():
            import tensorflow as tf
    except ImportError as error:
        raise TrainerError("TensorFlow is not installed.", hint="Install the trainer's own set: `.venv/bin/pip install -c constraints/desktop.txt -e .[train]`, or run `./setup.sh test` once.") from error
    tf.get_logger().setLevel("ERROR")
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:  # it has started already, with the threads it was given first
        pass
    return tf


def build(settings: Model, data: Path) -> Any:
    """A Keras model: `float32` RGB (n, input_px, input_px, 3), 0 to 255, in; logits (n, 3) out, or (n, 2).

    Args:
        settings: architecture, width, size and where its weights come from.
        data: folder that a weights file's path is relative to, or to its parent.

    Raises:
        TrainerError: unknown width for ImageNet weights, weights that cannot be had or are of another architecture.
    """
    keras = tensorflow().keras
    picture = keras.Input((settings.input_px, settings.input_px, 3), name="picture")
    if settings.architecture == "small":
        features = _small(keras, picture)
    else:
        features = _backbone(keras, picture, settings, weights_of(settings, data))
    features = keras.layers.Dropout(settings.dropout, name="dropout")(features)
    logits = keras.layers.Dense(settings.classes, name="logits")(features)
    return keras.Model(picture, logits, name=settings.name.replace("-", "_"))


def load_keras(path: Path) -> Any:
    """A model written by `maskgate-train fit`.

    Raises:
        TrainerError: missing, no Keras model, or one with other inputs or outputs than the unit's.
    """
    if not path.is_file():
        raise TrainerError(f"Model {path}: no such file.", hint="`maskgate-train fit` writes best.keras into the run's folder.")
    try:
        model = tensorflow().keras.models.load_model(path, compile=False)
    except (ValueError, OSError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise TrainerError(f"Model {path}: Keras cannot read it ({str(error).splitlines()[0]}).") from error
    takes, gives = tuple(model.input_shape), tuple(model.output_shape)
    if len(takes) != 4 or takes[1] != takes[2] or takes[3] != 3 or gives not in ((None, len(CLASSES)), (None, 2)):
        raise TrainerError(f"Model {path}: takes {takes} and gives {gives}, expected square RGB pictures in and {len(CLASSES)} logits (or two) out.")
    return model


def _backbone(keras: Any, picture: Any, settings: Model, weights: str | None) -> Any:
    shape = (settings.input_px, settings.input_px, 3)
    if settings.architecture == "ResNet50":  # trained on BGR with the mean of ImageNet taken off, not on -1 to 1
        flipped = keras.ops.flip(picture, axis=-1)
        scaled = keras.layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name="scaled")(flipped)
    else:
        scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scaled")(picture)
    wide = {"alpha": settings.alpha} if settings.architecture == "MobileNetV2" else {}
    try:
        body = getattr(keras.applications, settings.architecture)(
            input_shape=shape, include_top=False, weights=weights, pooling="avg", **wide)
    except (ValueError, OSError) as error:
        first = str(error).strip().split("\n")[0]
        raise TrainerError(f"Weights {settings.weights!r} do not fit {settings.architecture} {settings.alpha:g}: {first}",
                           hint="Name a file of the same architecture and width, or 'imagenet' where there is a network.") from error
    except Exception as error:
        if weights == "imagenet":
            raise TrainerError(f"ImageNet weights cannot be fetched: {error}",
                               hint="Where there is no network: fetch that file elsewhere, put it into a folder weights/ beside or in the data folder and name it in the "
                                    "recipe, weights = \"weights/<file>.h5\"; or put it into ~/.keras/models, where Keras looks first.") from error
        raise
    body.trainable = True
    return body(scaled)


def require_weights(settings: Model, data: Path) -> None:
    """Stop before minutes of preparing pictures where a training's first weights cannot be had; what Keras has to fetch, it fetches now and keeps.

    Raises:
        TrainerError: as `build`.
    """
    if weights_of(settings, data) == "imagenet":
        build(settings, data)


def weights_of(settings: Model, data: Path) -> str | None:
    """What Keras is given as weights: a file's path, `imagenet`, or none.

    Raises:
        TrainerError: the file is not there.
    """
    name = settings.weights
    if name == "none" or settings.architecture == "small":
        return None
    if name == "imagenet":
        return name
    found = next((base / name for base in (data, data.parent, Path()) if (base / name).is_file()), None)
    if found is None:
        raise TrainerError(f"Weights {name!r}: no such file in {data}, {data.parent} or here.",
                           hint="Say weights = \"imagenet\" to have Keras fetch them, or \"none\" to start from nothing.")
    return str(found)


def _small(keras: Any, picture: Any) -> Any:
    """Four convolutions: what a network is worth that has seen nothing before."""
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(picture)
    for width in (16, 32, 64, 96):
        x = keras.layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.ReLU(6.0)(x)
    return keras.layers.GlobalAveragePooling2D()(x)


def body_of(model: Any) -> Any | None:
    """The backbone inside a model made here; none for the small network, which has none."""
    return next((layer for layer in model.layers if hasattr(layer, "layers")), None)
