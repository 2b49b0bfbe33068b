"""LiteRT, with TFLite's reference kernels unless it is told others; TFLM for what it lacks."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro import runtime

from tinycnn.tflite.graph import read_graph, unpacked

Arrays = list[npt.NDArray[Any]]


def prepared(model: bytes, kernels: OpResolverType = OpResolverType.BUILTIN_REF) -> Interpreter:
    """An interpreter of `model` with its tensors allocated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = Interpreter(
            model_content=model, experimental_op_resolver_type=kernels, num_threads=1
        )
    made.allocate_tensors()
    return made


OTHERS = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


class Micro:
    """A model with custom ops by TFLM's own kernels, in its wheel, as if LiteRT had them."""

    ENDED_EARLY = 15
    """What invoke() returns of a run that has no outputs (kTfLiteAbort)."""

    def __init__(self, model: bytes) -> None:
        self._net = runtime.Interpreter.from_bytes(model, arena_size=1 << 18)
        self._ops = [{"op_name": node.op} for node in read_graph(model).nodes]
        graph = unpacked(model).subgraphs[0]
        self._counts = len(graph.inputs), len(graph.outputs)

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": i} | self._net.get_input_details(i) for i in range(self._counts[0])]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": i} | self._net.get_output_details(i) for i in range(self._counts[1])]

    def _get_ops_details(self) -> list[dict[str, str]]:
        return self._ops

    def set_tensor(self, index: int, values: npt.NDArray[Any]) -> None:
        self._net.set_input(values, index)

    def get_tensor(self, index: int) -> npt.NDArray[Any]:
        return np.array(self._net.get_output(index))

    def invoke(self) -> int:
        return int(self._net.invoke())


def is_custom(model: bytes) -> bool:
    return any(code.customCode for code in unpacked(model).operatorCodes)


def referred(model: bytes) -> Interpreter | Micro:
    """By the reference kernels; by LiteRT's others where one of those is missing, as CEIL is,
    or wrong: of an int8 SUM it makes the same number whatever the input. Custom ops by TFLM."""
    if is_custom(model):
        return Micro(model)
    try:
        made = prepared(model)
    except ValueError as error:
        if "Didn't find op" not in str(error):
            raise
        return prepared(model, OTHERS)
    wrong = any(details["op_name"] == "SUM" for details in made._get_ops_details())
    return prepared(model, OTHERS) if wrong else made


def outputs_of(interpreter: Interpreter | Micro, inputs: Arrays) -> Arrays:
    """None if the run ended early."""
    for details, array in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(details["index"], array)
    if interpreter.invoke() == Micro.ENDED_EARLY:
        return []
    return [interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()]


def random_inputs(interpreter: Interpreter | Micro, seed: int, samples: int) -> list[Arrays]:
    """So many times all inputs: real numbers about 1, integers of every value."""
    random = np.random.default_rng(seed)
    drawn: list[Arrays] = []
    for _ in range(samples):
        arrays: Arrays = []
        for details in interpreter.get_input_details():
            shape, dtype = details["shape"], np.dtype(details["dtype"])
            if dtype == np.float32:
                arrays.append(random.normal(0, 1.5, shape).astype(np.float32))
            elif dtype == np.bool_:
                arrays.append(random.integers(0, 2, shape).astype(np.bool_))
            else:
                # int32 stays where products with scales fit.
                bits = min(8 * dtype.itemsize, 20)
                low = 0 if dtype.kind == "u" else -(1 << bits - 1)
                arrays.append(random.integers(low, low + (1 << bits), shape).astype(dtype))
        drawn.append(arrays)
    return drawn
