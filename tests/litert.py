"""LiteRT, with TFLite's reference kernels unless it is told others."""

from __future__ import annotations

import warnings
from typing import Any

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
