# SPDX-License-Identifier: Apache-2.0
"""Interpreter: one TFLite graph, run by LiteRT, or by tflite-runtime where that is what is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError, ModelStopped
from edge.quiet import quiet_stderr
from edge.reading import reading


def _runtime() -> Any:
    try:
        with reading("TFLite runtime"):
            from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            with reading("TFLite runtime"):
                from tflite_runtime.interpreter import Interpreter
        except ImportError as error:
            raise ModelError("No TFLite runtime is installed (neither ai-edge-litert nor tflite-runtime).",
                             hint="`pip install ai-edge-litert`; on a 32-bit system there is none: install the 64-bit one.") from error
    return Interpreter


def _must_be_a_vector(output: Mapping[str, Any]) -> None:
    shape, kind = tuple(int(n) for n in output["shape"]), np.dtype(output["dtype"])
    if len(shape) != 2 or shape[0] != 1:
        raise ModelError(f"The model gives numbers of the shape {shape}, expected (1, labels).")
    if kind != np.float32 and not len(output["quantization_parameters"]["scales"]):
        raise ModelError(f"The model gives {kind} without a scale, expected float32 or quantised integers.")


class Graph:
    """A graph with one picture in and one vector out."""

    def __init__(self, model: bytes, threads: int) -> None:
        """Load, allocate, and try it on an empty picture.

        Raises:
            ModelError: the runtime refuses the model or cannot run it, or it has other than one input and one output, or that is no vector of numbers.
            CardError: the card fails while the runtime is read.
        """
        try:
            runtime = _runtime()
            with quiet_stderr():
                self._interpreter = runtime(model_content=model, num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"The TFLite runtime refuses the model: {error}") from error
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ModelError(f"The model has {len(inputs)} inputs and {len(outputs)} outputs, expected one of each.")
        self._input, self._output = inputs[0], outputs[0]
        _must_be_a_vector(self._output)
        self.input_shape: tuple[int, ...] = tuple(int(n) for n in self._input["shape"])
        self.input_type = np.dtype(self._input["dtype"])
        self.output_width = int(self._output["shape"][-1])
        try:
            self(np.zeros(self.input_shape, self.input_type))
        except ModelStopped as error:
            raise ModelError(str(error)) from error

    def __call__(self, picture: NDArray[Any]) -> NDArray[np.float32]:
        """Run once: `uint8` of `input_shape` in, `float32` (output_width,) out, dequantised where the graph is not.

        Raises:
            ModelStopped: the runtime fails.
        """
        self._interpreter.set_tensor(self._input["index"], picture)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ModelStopped(f"The TFLite runtime cannot run the model: {error}") from error
        raw: NDArray[np.generic] = self._interpreter.get_tensor(self._output["index"])[0]
        if raw.dtype == np.float32:
            return raw.astype(np.float32, copy=False)
        # real = scale * (stored - zero point); widened first, since int8 minus int8 overflows.
        quantisation = self._output["quantization_parameters"]
        steps: NDArray[np.float32] = (raw.astype(np.int32) - quantisation["zero_points"][0]).astype(np.float32)
        return steps * np.float32(quantisation["scales"][0])
