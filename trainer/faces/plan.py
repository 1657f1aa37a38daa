# SPDX-License-Identifier: Apache-2.0
"""Plan: the detector's architecture in numbers.

YuNet (Wu, Peng, Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector"): every unit is a 1x1 convolution followed by a
3x3 depthwise one and a ReLU. A stem and five stages shrink the picture to strides 8, 16 and 32; a neck adds the coarse
maps to the fine ones; a head on each says, for each cell, cls, obj, box and five landmarks.

Three things differ from the published files. The four heads of a stride are one (64 -> 16 channels in one convolution in place of four:
the same numbers in less time). `shared` units may stand before each head, as in the published n width; a unit that is the identity
changes nothing, so a narrow teacher can start a deeper pupil. And what they make of a coarse map may be added to the finer one (`down`).
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import SettingsError

STRIDES = (8, 16, 32)
HEADS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
"""Channels of the head in this order: FaceDetectorYN takes each as an output of its own, by name and stride."""
HEAD_CHANNELS = sum(HEADS.values())


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


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Widths of the network. The defaults are those of YuNet 2023mar (the paper's s)."""

    stem: int = 16
    stages: tuple[tuple[int, int], ...] = ((16, 32), (32, 64), (64, 64), (64, 64), (64, 64))
    """Widths of the two units of each stage. A stage is halved in size before it, the second one apart."""
    shared: tuple[int, int, int] = (0, 0, 0)
    """Extra units before the heads at strides 8, 16 and 32."""
    down: bool = False
    """If so, the finer maps are given what a stride's extra units make of its map; else the map before them, as in the published files."""

    def __post_init__(self) -> None:
        ends = {last for _, last in self.stages[-len(STRIDES):]}
        if len(ends) > 1:
            raise SettingsError(f"Stages {self.stages}: the last {len(STRIDES)} must end in the same width, since the neck adds them up.")

    @property
    def width(self) -> int:
        """Channels of the neck, and so of what the heads read."""
        return self.stages[-1][-1]

    def layers(self) -> list[Layer]:
        """All convolutions, in the order in which they are computed."""
        found = [Layer(name="stem.conv", kind="conv3", inputs=3, outputs=self.stem)]

        def unit(name: str, inputs: int, outputs: int, kind: str = "depth") -> None:
            found.append(Layer(name=f"{name}.point", kind="point", inputs=inputs, outputs=outputs))
            found.append(Layer(name=f"{name}.{kind}", kind=kind, inputs=outputs, outputs=outputs))

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

    def parameters(self) -> int:
        """Numbers to be learnt."""
        sizes = [layer.shape for layer in self.layers()]
        return sum(a * b * c * d + a for a, b, c, d in sizes)
