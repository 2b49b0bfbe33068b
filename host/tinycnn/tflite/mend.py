"""What TensorFlow's converter leaves wrong, put right in its .tflite: in place, byte for byte."""

from __future__ import annotations

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

    Outputs are put in the model's order, as its signature tells. Each int8 LSTM gets

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
        _order_outputs(model)
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


def _order_outputs(model: Any) -> None:
    """By the numbers of "output_0", "output_1" ..., which Keras gives them in its order."""
    signature, outputs = model.SignatureDefs(0), model.Subgraphs(0).OutputsAsNumpy()
    maps = [signature.Outputs(at) for at in range(signature.OutputsLength())]
    names = [each.Name().decode() for each in maps]
    if sorted(names) == sorted(f"output_{at}" for at in range(len(names))):
        for name, each in zip(names, maps, strict=True):
            outputs[int(name.removeprefix("output_"))] = each.TensorIndex()
