# SPDX-License-Identifier: Apache-2.0
"""The detector as an ONNX file, written for cv2.FaceDetectorYN and read back, the published YuNets included.

FaceDetectorYN (OpenCV 4.8 and later) wants one input of BGR bytes as floats (0 to 255) and twelve outputs by name:
cls_8 .. kps_32 of shape (1, cells, channels), cells row by row. Its score is sqrt(cls * obj), both 0 to 1; a box is
(cell + bbox[:2]) * stride for its centre and exp(bbox[2:]) * stride for its size; a landmark (cell + kps) * stride.
The shapes in the file are fixed because OpenCV 4 refuses dynamic ones; it runs any multiple of 32 all the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # stubs are a package of their own
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge.errors import ModelError
from edge.whole import whole
from trainer.faces.plan import HEAD_MAPS, HEADS, PICTURE, STRIDES, Layer, Plan, Step
from trainer.faces.weights import Weights

SIDE = 320
"""The size written into the file, in pixels. Any multiple of 32 would do."""


class _Graph:
    """Nodes and constants of the file, as they are added."""

    def __init__(self, plan: Plan, weights: Weights) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, NDArray[np.generic]] = {}
        self._layers, self._weights = {layer.name: layer for layer in plan.layers()}, weights

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.constants[name] = value
        return name

    def add(self, step: Step) -> None:
        """The node of one step, with the constants that it reads."""
        inputs = list(step.inputs)
        match step.kind:
            case "conv":
                self._conv(inputs[0], self._layers[step.output])
            case "relu":
                self.node("Relu", inputs, step.output)
            case "halve":
                self.node("MaxPool", inputs, step.output, kernel_shape=[2, 2], strides=[2, 2], pads=[0] * 4)
            case "double":
                no_region = self.constant("no_region", np.zeros(0, np.float32))
                twice = self.constant("twice", np.array([1, 1, 2, 2], np.float32))
                self.node("Resize", [*inputs, no_region, twice], step.output, mode="nearest",
                          coordinate_transformation_mode="asymmetric", nearest_mode="floor")
            case "add":
                self.node("Add", inputs, step.output)

    def _conv(self, source: str, layer: Layer) -> None:
        kernel, bias = self._weights[layer.name]
        names = [source, self.constant(f"{layer.name}.kernel", kernel), self.constant(f"{layer.name}.bias", bias)]
        side = kernel.shape[2]
        self.node("Conv", names, layer.name, group=layer.outputs if layer.kind == "depth" else 1, kernel_shape=[side, side],
                  pads=[side // 2] * 4, strides=[2, 2] if layer.kind == "conv3" else [1, 1], dilations=[1, 1])


def write_onnx(path: Path, plan: Plan, weights: Weights, note: str = "") -> None:
    """Write the file, whole or not at all. `note` goes into its description."""
    graph = _Graph(plan, weights)
    for step in plan.steps():
        graph.add(step)
    for stride, head in zip(STRIDES, HEAD_MAPS, strict=True):
        _outputs(graph, head, stride)
    _save(path, graph, note)


def _outputs(graph: _Graph, head: str, stride: int) -> None:
    """Cut one head's channels into the four outputs of its stride."""
    start = 0
    for name, channels in HEADS.items():
        ends = [graph.constant(f"{name}.{what}", np.array([value], np.int64))
                for what, value in (("from", start), ("to", start + channels), ("axis", 1))]
        part = graph.node("Slice", [head, *ends], f"{name}_{stride}.part")
        start += channels
        output = f"{name}_{stride}"
        shape = graph.constant(f"{name}.shape", np.array([1, -1, channels], np.int64))
        if channels > 1:  # one channel lies row by row already
            part = graph.node("Transpose", [part], f"{output}.rows", perm=[0, 2, 3, 1])
            graph.node("Reshape", [part, shape], output)
        else:
            graph.node("Sigmoid", [graph.node("Reshape", [part, shape], f"{output}.logit")], output)


def _save(path: Path, graph: _Graph, note: str) -> None:
    tensor = helper.make_tensor_value_info
    outputs = [tensor(f"{name}_{stride}", TensorProto.FLOAT, [1, (SIDE // stride) ** 2, channels])
               for name, channels in HEADS.items() for stride in STRIDES]
    constants = [numpy_helper.from_array(value, name) for name, value in graph.constants.items()]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "maskgate-face", [tensor(PICTURE, TensorProto.FLOAT, [1, 3, SIDE, SIDE])], outputs, constants),
        opset_imports=[helper.make_opsetid("", 11)], ir_version=6, producer_name="maskgate", doc_string=note)
    onnx.checker.check_model(model)
    with whole(path) as part:
        part.write_bytes(model.SerializeToString(deterministic=True))


def read_onnx(path: Path) -> tuple[Plan, Weights]:
    """Read plan and weights out of a file of ours or out of a published YuNet.

    Raises:
        ModelError: the file cannot be read, or its convolutions are not those of a YuNet.
    """
    try:
        graph = onnx.load(str(path)).graph
    except (OSError, DecodeError) as error:
        raise ModelError(f"Detector {path}: no ONNX file that can be read ({error}).") from error
    constants = {item.name: np.array(numpy_helper.to_array(item)) for item in graph.initializer}
    convs: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = [
        (constants[node.input[1]], constants[node.input[2]]) for node in graph.node
        if node.op_type == "Conv" and len(node.input) == 3 and node.input[1] in constants and node.input[2] in constants]
    try:
        plan, ordered = _ours(graph, constants) if "stem.conv.kernel" in constants else _published(convs)
        weights = dict(zip([layer.name for layer in plan.layers()], ordered, strict=True))
    except (ValueError, IndexError, KeyError) as error:
        raise ModelError(f"Detector {path}: its {len(convs)} convolutions are not those of a YuNet.") from error
    for layer in plan.layers():
        if weights[layer.name][0].shape != layer.shape:
            raise ModelError(f"Detector {path}: {layer.name} has shape {weights[layer.name][0].shape}, expected {layer.shape}.")
    return plan, weights


_Convs = list[tuple[NDArray[np.float32], NDArray[np.float32]]]


def _widths(points: list[int]) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Stem and stages from the output widths of the backbone's eleven units."""
    return points[0], tuple((points[i], points[i + 1]) for i in range(1, 11, 2))


def _ours(graph: onnx.GraphProto, constants: dict[str, NDArray[Any]]) -> tuple[Plan, _Convs]:
    stem, stages = _widths([constants[f"{unit}.point.kernel"].shape[0] for unit in ("stem", *(f"stage{n}.{which}" for n in range(1, 6) for which in "ab"))])
    first, second, third = (sum(name.startswith(f"shared{stride}.") and name.endswith(".point.kernel") for name in constants) for stride in STRIDES)
    down = any(node.output[0].endswith(".larger") and node.input[0].startswith("shared") for node in graph.node)
    plan = Plan(stem=stem, stages=stages, shared=(first, second, third), down=down)
    return plan, [(constants[f"{layer.name}.kernel"], constants[f"{layer.name}.bias"]) for layer in plan.layers()]


def _published(convs: _Convs) -> tuple[Plan, _Convs]:
    """The published files hold the backbone, neck 32 16 8, shared 8 16 32 (n only), then cls, bbox, obj and kps heads by stride."""
    stem, stages = _widths([convs[i][0].shape[0] for i in range(1, 23, 2)])
    body, heads = convs[:29], convs[-24:]
    extra = convs[29:-24]
    if len(extra) not in (0, 6):
        raise ValueError(len(convs))
    plan = Plan(stem=stem, stages=stages, shared=(1, 1, 1) if extra else (0, 0, 0))
    order = {"cls": 0, "bbox": 1, "obj": 2, "kps": 3}
    for number in range(3):
        body += extra[2 * number:2 * number + 2]
        for step in range(2):  # the 1x1 convolutions of the four heads, then their 3x3 ones
            parts = [heads[order[name] * 6 + number * 2 + step] for name in HEADS]
            body.append((np.concatenate([kernel for kernel, _ in parts]), np.concatenate([bias for _, bias in parts])))
    return plan, body
