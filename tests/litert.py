"""LiteRT, with TFLite's reference kernels unless it is told others."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

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


def referred(model: bytes) -> Interpreter:
    """By the reference kernels; by LiteRT's others where one of those is missing, as CEIL is,
    or wrong: of an int8 SUM it makes the same number whatever the input."""
    try:
        made = prepared(model)
    except ValueError as error:
        if "Didn't find op" not in str(error):
            raise
        return prepared(model, OTHERS)
    wrong = any(details["op_name"] == "SUM" for details in made._get_ops_details())
    return prepared(model, OTHERS) if wrong else made


def outputs_of(interpreter: Interpreter, inputs: Arrays) -> Arrays:
    for details, array in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(details["index"], array)
    interpreter.invoke()
    return [interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()]


def random_inputs(interpreter: Interpreter, seed: int, samples: int) -> list[Arrays]:
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
