# SPDX-License-Identifier: Apache-2.0
"""The detector in Keras: the plan's steps, weights in and out, and its outputs as the exported file has them.

There is no batch normalisation: in the weights that training starts from it is folded into the convolutions already, so what is trained
is exactly what is exported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from trainer.faces.plan import HEAD_MAPS, PICTURE, STRIDES, Layer, Plan, Step
from trainer.faces.weights import BYTE, Weights


def build(plan: Plan) -> keras.Model:
    """The network: float32 (n, height, width, 3) BGR, 0 to 1, sides multiples of 32.

    Gives a list for strides 8, 16, 32 of (n, height / stride, width / stride, 16): logits of cls and obj, box, landmarks.
    """
    layers = {layer.name: layer for layer in plan.layers()}
    maps = {PICTURE: keras.Input((None, None, 3))}
    for step in plan.steps():
        maps[step.output] = _taken(step, [maps[name] for name in step.inputs], layers)
    return keras.Model(maps[PICTURE], [maps[name] for name in HEAD_MAPS])


def _taken(step: Step, inputs: list[Any], layers: Mapping[str, Layer]) -> Any:
    """The map that a step makes of its inputs."""
    match step.kind:
        case "conv":
            return _conv(inputs[0], layers[step.output])
        case "relu":
            return keras.layers.ReLU()(inputs[0])
        case "halve":
            return keras.layers.MaxPooling2D(2)(inputs[0])
        case "double":
            return keras.layers.UpSampling2D(2, interpolation="nearest")(inputs[0])
        case "add":
            return keras.layers.Add()(inputs)


def _conv(source: Any, layer: Layer) -> Any:
    if layer.kind == "depth":
        return keras.layers.DepthwiseConv2D(3, padding="same", name=layer.name)(source)
    if layer.kind == "point":
        # A 1x1 convolution. As a Dense its step takes two thirds of Conv2D's time, and Muon takes it for a matrix.
        return keras.layers.Dense(layer.outputs, name=layer.name)(source)
    padded = keras.layers.ZeroPadding2D(1)(source)  # as PyTorch pads; "same" with stride 2 would pad below and right only
    return keras.layers.Conv2D(layer.outputs, 3, strides=2, name=layer.name)(padded)


def put_weights(model: keras.Model, plan: Plan, weights: Weights) -> None:
    """Load weights in ONNX's order into the network."""
    for layer in plan.layers():
        kernel, bias = weights[layer.name]
        scale = BYTE if layer.name == "stem.conv" else 1.0
        order = (2, 3, 0, 1) if layer.kind == "depth" else (2, 3, 1, 0)
        own = model.get_layer(layer.name)
        own.set_weights([(kernel.transpose(order) * np.float32(scale)).reshape(own.kernel.shape), bias])


def take_weights(model: keras.Model, plan: Plan) -> Weights:
    """The network's weights in ONNX's order."""
    found: Weights = {}
    for layer in plan.layers():
        kernel, bias = model.get_layer(layer.name).get_weights()
        scale = BYTE if layer.name == "stem.conv" else 1.0
        order = (2, 3, 0, 1) if layer.kind == "depth" else (3, 2, 0, 1)
        kernel = kernel[None, None] if layer.kind == "point" else kernel
        found[layer.name] = (np.ascontiguousarray(kernel.transpose(order) / np.float32(scale)), bias)
    return found


def as_outputs(maps: list[NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """The twelve outputs of the exported file, from what the network gives for one picture."""
    found: dict[str, NDArray[np.float32]] = {}
    for stride, values in zip(STRIDES, maps, strict=True):
        cells = np.asarray(values, np.float32).reshape(1, -1, values.shape[-1])
        cls, obj = (np.asarray(1 / (1 + np.exp(-cells[..., k:k + 1])), np.float32) for k in (0, 1))
        found |= {f"cls_{stride}": cls, f"obj_{stride}": obj,
                  f"bbox_{stride}": cells[..., 2:6], f"kps_{stride}": cells[..., 6:]}
    return found
