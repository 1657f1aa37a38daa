# SPDX-License-Identifier: Apache-2.0
"""Tying: a network is made to say the same of a picture and of its mirror image, by what its weights may be.

Asked about both, a trained detector says two things that differ by chance, since nothing in it is symmetric. If each channel of its maps has a partner that is its mirror image (or is its own),
then every kernel has a partner too, and kernels that are equal to their mirrored partners' keep the maps symmetric (Cohen and Welling 2016, "Group equivariant convolutional networks").
That costs no time when it runs; only half of the numbers are left to learn.

A network that was trained with mirror images has such partners roughly already. They are looked for in its maps; then, while it learns, each kernel is drawn to the mean of itself and its mirrored partner,
a little at first, in the end altogether.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import keras
import networkx
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.data.decode import read_picture
from trainer.errors import TrainerError
from trainer.faces.detector import resized
from trainer.faces.network import build_maps, put_weights
from trainer.faces.pictures import Image, scenes
from trainer.faces.plan import HEAD_MAPS, STRIDES, Layer, Plan
from trainer.faces.symmetry import ANSWERS, SIGNS, mirror_pictures, offsets
from trainer.faces.weights import BYTE, Weights

PICTURES = 48
"""Photographs in whose maps partners are looked for."""
SIDE = 320
"""Their long side in pixels."""
FIRST_PULL = 0.001
"""By how much of their difference kernels and their mirrored partners come together in the first step; it grows evenly (in its logarithm) to 1."""
UNLIKE = 1e4
"""How much more one channel may vary than its partner and still be made alike; beyond that one of them is dead, and says nothing at any size."""

Partners = dict[str, NDArray[np.intp]]
"""Family of maps -> number of each channel's partner."""
Spreads = dict[str, NDArray[np.float64]]
"""Family of maps -> standard deviation of each channel."""


def families(plan: Plan) -> dict[str, str]:
    """Map -> its family: maps whose channels have the same partners, since channel after channel one is made of the other, or they are added."""
    head: dict[str, str] = {}

    def family(name: str) -> str:
        while head.setdefault(name, name) != name:
            name = head[name]
        return name

    for step in plan.steps():
        family(step.output)
        if step.kind != "conv" or step.output.endswith(".depth"):
            for source in step.inputs:
                head[family(source)] = family(step.output)
    return {name: family(name) for step in plan.steps() for name in (step.output, *step.inputs)}


class _Maps(NamedTuple):
    """Sums over all places of a family's maps: of one picture's channels, of its mirror image's (turned back), of their squares and products."""

    count: Any = 0
    own: Any = 0
    other: Any = 0
    own_squares: Any = 0
    other_squares: Any = 0
    products: Any = 0

    def correlation(self) -> NDArray[np.float64]:
        """(channels, channels): of a channel here with a channel in the mirror."""
        own, other = self.own / self.count, self.other / self.count
        spreads = np.sqrt(np.outer(self.own_squares / self.count - own**2 + 1e-12, self.other_squares / self.count - other**2 + 1e-12))
        return np.asarray((self.products / self.count - np.outer(own, other)) / spreads, np.float64)

    def spread(self) -> NDArray[np.float64]:
        """(channels,): standard deviation of each channel."""
        variance = (self.own_squares + self.other_squares) / self.count - (self.own / self.count)**2 - (self.other / self.count)**2
        return np.asarray(np.sqrt(variance / 2 + 1e-9), np.float64)


def photographs(data: Path) -> list[Image]:
    """What partners are looked for in.

    Raises:
        TrainerError: there are none.
    """
    found = [read_picture(picture.path) for picture in scenes(data, sources=("webphotos",))[:PICTURES]]
    if not found:
        raise TrainerError(f"{data}: webphotos has no pictures to train on, in which channels that are each other's mirror image could be found.")
    return found


def partners_of(plan: Plan, weights: Weights, images: Sequence[Image]) -> tuple[Partners, Spreads]:
    """Which channels are each other's mirror image, or their own: the pairs that agree best, all together; and how much each channel varies."""
    own = families(plan)
    names = [step.output for step in plan.steps() if step.kind == "relu"]
    network = build_maps(plan, [*names, *HEAD_MAPS])
    put_weights(network, plan, weights)
    sums: dict[str, _Maps] = {}
    for image in images:
        small = resized(image, SIDE)
        below, right = (-side % STRIDES[-1] for side in small.shape[:2])
        picture = tf.constant(cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_REPLICATE)[None].astype(np.float32) / BYTE)
        for name, here, there in zip(names, network(picture), network(mirror_pictures(picture)), strict=False):  # without the heads
            a, b = (np.asarray(part, np.float64)[:, 1:-1, 1:-1].reshape(-1, part.shape[-1]) for part in (here, there[:, :, ::-1]))
            new = _Maps(len(a), a.sum(0), b.sum(0), (a**2).sum(0), (b**2).sum(0), a.T @ b)
            sums[name] = _Maps(*(before + more for before, more in zip(sums.get(name, _Maps()), new, strict=True)))
    partners: Partners = {}
    spreads: Spreads = {}
    for family in sorted(set(own.values())):
        members = [part for name, part in sums.items() if own[name] == family]
        if members:
            partners[family] = best_pairs(np.mean([part.correlation() for part in members], axis=0))
            spreads[family] = np.mean([part.spread() for part in members], axis=0)
    return partners, spreads


def best_pairs(likeness: NDArray[np.float64]) -> NDArray[np.intp]:
    """Each channel's partner, itself perhaps, such that the sum of what partners are alike is greatest. `likeness` is (channels, channels)."""
    likeness = (likeness + likeness.T) / 2
    graph = networkx.Graph()
    for first in range(len(likeness)):
        for second in range(first):
            gain = float(2 * likeness[first, second] - likeness[first, first] - likeness[second, second])
            if gain > 0:
                graph.add_edge(first, second, weight=gain)
    found = np.arange(len(likeness))
    for first, second in networkx.max_weight_matching(graph):
        found[first], found[second] = second, first
    return found


def evened(plan: Plan, weights: Weights, partners: Partners, spreads: Spreads) -> Weights:
    """The same function in other numbers: partners are made alike in size and sign, since a channel may be scaled where it is made and scaled back where it is read."""
    own, even = families(plan), dict(weights)
    scale = {family: np.sqrt(np.clip(spreads[family][partner] / spreads[family], 1 / UNLIKE, UNLIKE)).astype(np.float32) for family, partner in partners.items()}
    for layer, source in _with_sources(plan):
        kernel, bias = even[layer.name]
        if layer.kind == "point":
            kernel = kernel / scale[own[source]][None, :, None, None]
        elif own[layer.name] in scale:
            kernel, bias = kernel * scale[own[layer.name]][:, None, None, None], bias * scale[own[layer.name]]
        even[layer.name] = kernel, bias
    # Between a unit's two layers nothing bends, so that there the sign is free, too.
    for layer, source in _with_sources(plan):
        if layer.kind != "depth" or own[layer.name] not in partners:
            continue
        partner, (kernel, bias) = partners[own[layer.name]], even[layer.name]
        size = np.sqrt((kernel**2).sum((1, 2, 3)) + 1e-12)
        against = ((kernel * kernel[partner][..., ::-1]).sum((1, 2, 3)) < 0) & (partner < np.arange(len(partner)))
        factor = (np.sqrt(np.clip(size[partner] / size, 1 / UNLIKE, UNLIKE)) * np.where(against, -1, 1)).astype(np.float32)
        point, offset = even[source]
        even[layer.name] = kernel * factor[:, None, None, None], bias
        even[source] = point / factor[:, None, None, None], offset / factor
    return even


def _with_sources(plan: Plan) -> list[tuple[Layer, str]]:
    sources = {step.output: step.inputs[0] for step in plan.steps()}
    return [(layer, sources[layer.name]) for layer in plan.layers()]


class Tie:
    """Draws the variables of a network in Keras to their mirrored partners."""

    def __init__(self, network: keras.Model, plan: Plan, partners: Partners) -> None:
        own = families(plan)
        self._layers = []
        for layer, source in _with_sources(plan):
            head = layer.name.startswith("head")
            # The head's own channels lie as its answers do.
            makes = np.array(ANSWERS) if head else partners[own[layer.name]]
            reads = partners.get(own[source], np.arange(layer.inputs))
            signs = SIGNS if head else np.ones(layer.outputs, np.float32)
            stride = int(layer.name[4:].split(".")[0]) if head and layer.kind == "depth" else 0
            shift = offsets(stride) if stride else np.zeros(layer.outputs, np.float32)
            self._layers.append((layer.kind, *network.get_layer(layer.name).trainable_variables, reads, makes, signs, shift))

    def draw(self, pull: Any) -> None:
        """Bring kernels and biases nearer to their mirrored partners, by `pull` (0 to 1) of what they differ; 1: they are equal."""
        for kind, kernel, bias, reads, makes, signs, shift in self._layers:
            if kind == "point":
                mirrored = tf.gather(tf.gather(kernel, reads, axis=0), makes, axis=1) * signs
            else:  # (3, 3, channels, 1) or (3, 3, 3, channels); a head's sign is in its point layer already
                mirrored = tf.reverse(tf.gather(kernel, makes, axis=2 if kind == "depth" else 3), [1])
            kernel.assign(kernel + pull / 2 * (mirrored - kernel))
            bias.assign(bias + pull / 2 * (tf.gather(bias, makes) * signs + shift - bias))


def pull_at(step: int, steps: int) -> float:
    """How strongly a network is drawn after `step` steps, where it is to be tied after `steps`."""
    return float(min(1.0, FIRST_PULL ** (1 - step / steps)))
