# SPDX-License-Identifier: Apache-2.0
"""Plan: the detector's architecture in numbers.

YuNet (Wu, Peng, Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector"): every unit is a 1x1 convolution followed by a
3x3 depthwise one and a ReLU. A stem and five stages shrink the picture to strides 8, 16 and 32; a neck adds the coarse
maps to the fine ones; a head on each says, for each cell, cls, obj, box and five landmarks.

Three things differ from the published files:

* The four heads of a stride are one: a single convolution from 64 to 16 channels gives the same numbers in less time.
* `shared` units may stand before each head, as in the published n width. A unit that is the identity changes nothing, so a
  network without them can be the start of one with them.
* What these units make of a coarse map may be added to the finer map (`down`), in place of the coarse map itself.

`Plan.layers` is what there is to learn, `Plan.steps` how it is put together; `network.py` and `onnx_file.py` both follow the steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.errors import SettingsError

STRIDES = (8, 16, 32)
HEADS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
"""Channels of the head in this order: FaceDetectorYN takes each as an output of its own, by name and stride."""
HEAD_CHANNELS = sum(HEADS.values())
PICTURE = "input"
"""Name of the picture among the maps that steps read."""
HEAD_MAPS = tuple(f"head{stride}.depth" for stride in STRIDES)
"""Names of the maps that the network gives, for strides 8, 16 and 32."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One convolution with bias."""

    name: str
    kind: str
    """`conv3` (3x3, stride 2), `point` (1x1) or `depth` (3x3 depthwise)."""
    inputs: int
    outputs: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the kernel: outputs, inputs a group, height, width (ONNX's order)."""
        if self.kind == "depth":
            return self.outputs, 1, 3, 3
        return (self.outputs, self.inputs, 3, 3) if self.kind == "conv3" else (self.outputs, self.inputs, 1, 1)


Operation = Literal["conv", "relu", "halve", "double", "add"]


@dataclass(frozen=True)
class Step:
    """One operation on maps. Each map has a name."""

    kind: Operation
    """`conv`: the layer that is called as its output. `halve`: the maximum of 2x2 cells. `double`: each cell four times."""
    output: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Widths of the network. The defaults are those of YuNet 2023mar (the paper's s)."""

    stem: int = 16
    stages: tuple[tuple[int, int], ...] = ((16, 32), (32, 64), (64, 64), (64, 64), (64, 64))
    """Widths of the two units of each stage. Before each stage but the second, the map is halved in size."""
    shared: tuple[int, int, int] = (0, 0, 0)
    """Extra units before the heads at strides 8, 16 and 32."""
    down: bool = False
    """Which of a stride's maps is added to the finer one: True, the one that its extra units give; False, the one before them, as in the
    published files."""

    def __post_init__(self) -> None:
        ends = {last for _, last in self.stages[-len(STRIDES):]}
        if len(ends) > 1:
            raise SettingsError(f"Stages {self.stages}: the last {len(STRIDES)} must end in the same width, since the neck adds them up.")

    @property
    def width(self) -> int:
        """Channels of the neck, and so of what the heads read."""
        return self.stages[-1][-1]

    def layers(self) -> list[Layer]:
        """All convolutions: stem and stages, the neck from coarse to fine, then the extra units and the head of each stride from fine to coarse.

        Random weights are drawn in this order, and the convolutions of the published files are read in it.
        """
        found = [Layer(name="stem.conv", kind="conv3", inputs=3, outputs=self.stem)]

        def unit(name: str, inputs: int, outputs: int) -> None:
            found.append(Layer(name=f"{name}.point", kind="point", inputs=inputs, outputs=outputs))
            found.append(Layer(name=f"{name}.depth", kind="depth", inputs=outputs, outputs=outputs))

        unit("stem", self.stem, self.stem)
        width = self.stem
        for number, (first, second) in enumerate(self.stages, 1):
            unit(f"stage{number}.a", width, first)
            unit(f"stage{number}.b", first, second)
            width = second
        for stride in reversed(STRIDES):
            unit(f"neck{stride}", width, width)
        for stride, extra in zip(STRIDES, self.shared, strict=True):
            for number in range(extra):
                unit(f"shared{stride}.{number}", width, width)
            unit(f"head{stride}", width, HEAD_CHANNELS)
        return found

    def steps(self) -> list[Step]:
        """What is computed from `PICTURE` to `HEAD_MAPS`, in order."""
        found: list[Step] = []

        def step(kind: Operation, output: str, *inputs: str) -> str:
            found.append(Step(kind, output, inputs))
            return output

        def unit(source: str, name: str, relu: bool = True) -> str:
            last = step("conv", f"{name}.depth", step("conv", f"{name}.point", source))
            return step("relu", f"{name}.relu", last) if relu else last

        newest = unit(step("relu", "stem.conv.relu", step("conv", "stem.conv", PICTURE)), "stem")
        maps = []
        for number in range(1, len(self.stages) + 1):
            halved = newest if number == 2 else step("halve", f"{newest}.pool", newest)
            newest = unit(unit(halved, f"stage{number}.a"), f"stage{number}.b")
            maps.append(newest)
        before_head: dict[int, str] = {}
        coarse = ""
        for stride, extra, fine in zip(STRIDES[::-1], self.shared[::-1], maps[::-1], strict=False):
            if coarse:
                fine = step("add", f"neck{stride}.sum", fine, step("double", f"neck{stride}.larger", coarse))
            coarse = last = unit(fine, f"neck{stride}")
            for number in range(extra):
                last = unit(last, f"shared{stride}.{number}")
            before_head[stride] = last
            coarse = last if self.down else coarse
        for stride in STRIDES:
            unit(before_head[stride], f"head{stride}", relu=False)
        return found

    def parameters(self) -> int:
        """Numbers to be learnt."""
        sizes = [layer.shape for layer in self.layers()]
        return sum(a * b * c * d + a for a, b, c, d in sizes)
