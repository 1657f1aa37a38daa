# SPDX-License-Identifier: Apache-2.0
"""Convert: from a trained Keras model to an int8 TFLite graph, and proof that it is one."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.quiet import quiet_stderr
from trainer.errors import TrainerError
from trainer.model import tensorflow

REPRESENTATIVE = 300
"""Faces that set the ranges of the int8 numbers; more changes nothing that could be measured."""


def to_int8(model: Any, pictures: NDArray[np.uint8]) -> bytes:
    """The whole graph in int8, with `uint8` RGB in and `float32` logits out.

    Args:
        model: Keras, pictures of 0 to 255 in, logits out, normalisation inside.
        pictures: `uint8` RGB (n, size, size, 3) as the unit would crop them; they set the ranges.

    Raises:
        TrainerError: something in the graph did not become int8.
    """
    tf = tensorflow()
    size = int(model.input_shape[1])
    if pictures.dtype != np.uint8 or pictures.shape[1:] != (size, size, 3) or not len(pictures):
        raise TrainerError(f"Representative pictures are {pictures.dtype} {pictures.shape}, expected uint8 (n, {size}, {size}, 3).")
    # A concrete function with a batch of one: the graph that the unit runs, no unknown dimension left in it.
    call = tf.function(lambda x: model(x, training=False), input_signature=[tf.TensorSpec((1, size, size, 3), tf.float32)], autograph=False)
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    with quiet_stderr():  # what is printed is of how TensorFlow does it, and "please consider providing the trackable_obj": there is none
        # Variables become constants first: the calibrator cannot read Keras 3's variables.
        frozen = convert_variables_to_constants_v2(call.get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([picture[None].astype(np.float32)] for picture in pictures[:REPRESENTATIVE])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.float32
    with warnings.catch_warnings(), quiet_stderr():  # a failure comes as an exception
        warnings.simplefilter("ignore")  # "statistics were expected, but not specified": of an old way to quantise
        graph: bytes = converter.convert()
    require_int8(graph)
    return graph


def tensor_types(graph: bytes) -> Counter[str]:
    """How many tensors of each type a TFLite graph holds."""
    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "intended for debugging": so is this
        reader = Interpreter(model_content=graph, experimental_preserve_all_tensors=True)
    return Counter(np.dtype(detail["dtype"]).name for detail in reader.get_tensor_details() if detail["name"])


def require_int8(graph: bytes) -> None:
    """Stop when anything but the two ends computes in floats.

    Raises:
        TrainerError: naming what was found.
    """
    types = tensor_types(graph)
    # One float32 tensor is the output; uint8 is the input; int32 are biases and shapes.
    if types["float32"] > 1 or types["float16"] or types["float64"] or not types["int8"]:
        raise TrainerError(f"The graph is not int8 throughout: its tensors are {dict(types)}, expected one float32 (the output).",
                           hint="Convert a model that `maskgate-train fit` has made: every layer of it has an int8 form.")
