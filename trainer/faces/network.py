# SPDX-License-Identifier: Apache-2.0
"""The detector in Keras: the plan's layers, weights in and out, and what its numbers mean as boxes.

No batch normalisation: training starts from weights it is folded into, and what is trained is then exactly what is exported.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from trainer.faces.onnx_file import Weights
from trainer.faces.plan import STRIDES, Layer, Plan

BYTE = 255.0
"""The file takes 0 to 255; Keras trains on 0 to 1, so that the first layer learns at the pace of the others."""


def build(plan: Plan) -> keras.Model:
    """The network: float32 (n, height, width, 3) BGR, 0 to 1, sides multiples of 32.

    Gives a list for strides 8, 16, 32 of (n, height / stride, width / stride, 16): logits of cls and obj, box, landmarks.
    """
    layers = {layer.name: layer for layer in plan.layers()}

    def conv(source: Any, layer: Layer) -> Any:
        if layer.kind == "depth":
            return keras.layers.DepthwiseConv2D(3, padding="same", name=layer.name)(source)
        if layer.kind == "point":
            return keras.layers.Dense(layer.outputs, name=layer.name)(source)  # a 1x1 convolution; its step takes two thirds of Conv2D's time, and Muon takes it for a matrix
        padded = keras.layers.ZeroPadding2D(1)(source)  # as PyTorch pads; "same" with stride 2 would pad below and right only
        return keras.layers.Conv2D(layer.outputs, 3, strides=2, name=layer.name)(padded)

    def unit(source: Any, name: str, relu: bool = True) -> Any:
        last = conv(conv(source, layers[f"{name}.point"]), layers[f"{name}.depth"])
        return keras.layers.ReLU()(last) if relu else last

    picture = keras.Input((None, None, 3))
    found = unit(keras.layers.ReLU()(conv(picture, layers["stem.conv"])), "stem")
    maps = []
    for number in range(1, len(plan.stages) + 1):
        shrunk = found if number == 2 else keras.layers.MaxPooling2D(2)(found)
        found = unit(unit(shrunk, f"stage{number}.a"), f"stage{number}.b")
        maps.append(found)
    heads: dict[int, Any] = {}
    coarse = None
    for stride, fine in zip(reversed(STRIDES), reversed(maps), strict=False):
        if coarse is not None:
            fine = keras.layers.Add()([fine, keras.layers.UpSampling2D(2, interpolation="nearest")(coarse)])
        coarse = heads[stride] = unit(fine, f"neck{stride}")
        for number in range(plan.shared[STRIDES.index(stride)]):
            heads[stride] = unit(heads[stride], f"shared{stride}.{number}")
        coarse = heads[stride] if plan.down else coarse
    return keras.Model(picture, [unit(heads[stride], f"head{stride}", relu=False) for stride in STRIDES])


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


def grow(weights: Weights, plan: Plan) -> Weights:
    """Weights for a plan that has more `shared` units than they were made for: the new units change nothing at first.

    What a unit passes on has been through a ReLU, so an identity survives the new unit's own ReLU.
    """
    grown: Weights = {}
    for layer in plan.layers():
        if layer.name in weights or not layer.name.startswith("shared"):
            grown[layer.name] = weights[layer.name]
            continue
        kernel = np.zeros(layer.shape, np.float32)
        if layer.kind == "depth":
            kernel[:, 0, 1, 1] = 1
        else:
            kernel[:, :, 0, 0] = np.eye(layer.outputs)
        grown[layer.name] = kernel, np.zeros(layer.outputs, np.float32)
    return grown


def narrow(weights: Weights, plan: Plan) -> Weights:
    """Weights for a plan whose stages are narrower than those they were made for: the channels that weigh least are left out.

    What a channel weighs is the sum of the absolute weights of the layers around it, multiplied (after Li et al. 2017, "Pruning
    Filters for Efficient ConvNets"). The function changes, so training has to follow. Units that the plan has not are dropped.
    """
    kept = {layer.name: weights[layer.name] for layer in plan.layers() if layer.name in weights}
    layers = plan.layers()
    for number, layer in enumerate(layers):
        surplus = layer.name in kept and layer.kind == "point" and len(kept[layer.name][1]) > layer.outputs
        if not surplus:
            continue
        depth, following = layers[number + 1].name, layers[number + 2].name
        (point, offset), (filters, bias), (readers, last) = kept[layer.name], kept[depth], kept[following]
        worth = np.abs(point).sum((1, 2, 3)) * np.abs(filters).sum((1, 2, 3)) * np.abs(readers).sum((0, 2, 3))
        chosen = np.sort(np.argsort(-worth, kind="stable")[:layer.outputs])
        kept[layer.name], kept[depth], kept[following] = (point[chosen], offset[chosen]), (filters[chosen], bias[chosen]), (readers[:, chosen], last)
    return kept


def random_weights(plan: Plan, seed: int) -> Weights:
    """He initialisation (He et al. 2015), for training from nothing; cls and obj begin at a probability of one in a hundred."""
    random = np.random.default_rng(seed)
    found: Weights = {}
    for layer in plan.layers():
        kernel = random.normal(0, (2 / np.prod(layer.shape[1:])) ** 0.5, layer.shape).astype(np.float32)
        bias = np.zeros(layer.outputs, np.float32)
        if layer.name.startswith("head") and layer.kind == "depth":
            bias[:2] = -4.6
        found[layer.name] = kernel / np.float32(BYTE if layer.name == "stem.conv" else 1), bias
    return found


def decode(maps: Any, stride: int) -> Any:
    """Boxes out of one stride's map: (n, rows, columns, 4) left, top, right, bottom in pixels of the input."""
    rows, columns = ops.shape(maps)[1], ops.shape(maps)[2]
    y, x = ops.cast(ops.arange(rows), "float32")[:, None], ops.cast(ops.arange(columns), "float32")[None]
    centre_x, centre_y = (x + maps[..., 2]) * stride, (y + maps[..., 3]) * stride
    # A size beyond e^6 strides is no face; unbounded, one wild cell would drown the loss.
    half_w, half_h = (ops.exp(ops.clip(maps[..., k], -6.0, 6.0)) * (stride / 2) for k in (4, 5))
    return ops.stack([centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h], axis=-1)


def as_outputs(maps: list[NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """The twelve outputs of the exported file, from what the network gives for one picture."""
    found: dict[str, NDArray[np.float32]] = {}
    for stride, values in zip(STRIDES, maps, strict=True):
        cells = np.asarray(values, np.float32).reshape(1, -1, values.shape[-1])
        cls, obj = (np.asarray(1 / (1 + np.exp(-cells[..., k:k + 1])), np.float32) for k in (0, 1))
        found |= {f"cls_{stride}": cls, f"obj_{stride}": obj,
                  f"bbox_{stride}": cells[..., 2:6], f"kps_{stride}": cells[..., 6:]}
    return found
