# SPDX-License-Identifier: Apache-2.0
"""Weights of the detector as plain arrays, whatever runs them: made at random, cut or grown to another plan, blended, shifted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.faces.plan import HEAD_MAPS, Plan

Weights = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Layer name -> kernel (ONNX's order: outputs, inputs a group, height, width) and bias."""
BYTE = 255.0
"""These weights are for pixels from 0 to 255. Keras trains on 0 to 1, so that the first layer learns at the pace of the others."""


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

    How much a channel weighs is the product of three sums of absolute weights: of the 1x1 layer that makes it, of the 3x3 layer behind that,
    and of the layer that reads it (after Li et al. 2017, "Pruning Filters for Efficient ConvNets"). What the network computes changes, so
    training has to follow. Units that the plan does not have are dropped.
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


def blended(first: Weights, learnt: Weights, keep: float) -> Weights:
    """The mean of the weights that a training began with, which count for `keep` (0 to 1), and of those that it learnt.

    Such a mean is a good network too because the one was trained from the other (Wortsman et al. 2022, "Robust fine-tuning").
    """
    return {name: (np.float32(keep) * first[name][0] + np.float32(1 - keep) * kernel,
                   np.float32(keep) * first[name][1] + np.float32(1 - keep) * bias) for name, (kernel, bias) in learnt.items()}


def shifted(weights: Weights, shift: float) -> Weights:
    """Weights whose logit of obj is greater by `shift` in every cell. Boxes stay, and so does the order in which obj ranks cells."""
    moved = dict(weights)
    for head in HEAD_MAPS:
        kernel, bias = weights[head]
        moved[head] = kernel, bias + np.eye(1, len(bias), 1, dtype=np.float32)[0] * np.float32(shift)
    return moved
