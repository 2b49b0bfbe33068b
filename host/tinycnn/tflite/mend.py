"""What TensorFlow's converter leaves wrong, put right in its .tflite: in place, byte for byte."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tinycnn.tflite.graph import schema

_STATE, _CELLS = 18, 19
"""Which inputs of a UNIDIRECTIONAL_SEQUENCE_LSTM are its states: what it gave, and its cells."""

_HIDDEN = 4
"""Which of its intermediates has the scale of what it gives."""

_LEAST = np.float32(2.0**-15)
"""Scale of an int16 that holds -1 to 1."""


def mended(data: bytes) -> bytes:
    """The .tflite `data`, fresh from the converter, as it was meant.

    Inputs and outputs are put in the order of the numbers that their names in the signature end
    with: the converter has an order of its own. Each int8 LSTM gets

    - one scale and zero point for what it gives, for its state and for its intermediate,
      which is what the kernel takes. Before a CONCATENATION the converter changes the first
      alone, to make all that is joined alike, and the kernel computes with another.
    - cells that hold -1 to 1 at least. The converter takes the range that it saw; with half of
      that LiteRT's kernel asks for the tanh of a negative number of integer bits, for which
      there is none (ApplyTanh in neon_tensor_utils.h and portable_tensor_utils.cc), and goes
      on with what happens to be there.
    """
    changed = bytearray(data)
    model = schema.Model.GetRootAs(changed)
    for number in range(model.SubgraphsLength()):
        graph = model.Subgraphs(number)
        for at in range(graph.OperatorsLength()):
            op = graph.Operators(at)
            code = model.OperatorCodes(op.OpcodeIndex()).BuiltinCode()
            if code == schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM:
                _mend_lstm(graph, op)
    if model.SignatureDefsLength() == model.SubgraphsLength() == 1:
        graph, signature = model.Subgraphs(0), model.SignatureDefs(0)
        inputs = [signature.Inputs(at) for at in range(signature.InputsLength())]
        outputs = [signature.Outputs(at) for at in range(signature.OutputsLength())]
        _order(graph.InputsAsNumpy(), inputs)
        _order(graph.OutputsAsNumpy(), outputs)
    return bytes(changed)


def _mend_lstm(graph: Any, op: Any) -> None:
    gives = graph.Tensors(op.Outputs(0))
    if gives.Type() != schema.TensorType.INT8:
        return
    wanted = gives.Quantization()
    for index in (op.Inputs(_STATE), op.Intermediates(_HIDDEN)):
        quantization = graph.Tensors(index).Quantization()
        quantization.ScaleAsNumpy()[:] = wanted.ScaleAsNumpy()
        quantization.ZeroPointAsNumpy()[:] = wanted.ZeroPointAsNumpy()
    cells = graph.Tensors(op.Inputs(_CELLS)).Quantization().ScaleAsNumpy()
    cells[:] = np.maximum(cells, _LEAST)


def _order(indices: Any, named: list[Any]) -> None:
    """Put `indices`, where they lie, in the order of "input_0", "input_1" ... ("output_0" ...)."""
    ends = [re.search(rb"put_(\d+)$", each.Name()) for each in named]
    numbers = [int(end[1]) for end in ends if end]
    if len(numbers) == len(named) == len(indices):
        for at, number in enumerate(np.argsort(numbers)):
            indices[at] = named[number].TensorIndex()
