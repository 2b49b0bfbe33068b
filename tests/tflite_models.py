"""TFLite models by hand: taken apart, changed, and put together again.

`edited` changes a converted model through the schema's object API; `one_op` builds a
model of a single op, for ops that the converter never emits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinycnn.tflite.build import Op, Tensor, build, packed
from tinycnn.tflite.graph import schema, unpacked

__all__ = [
    "BOOL",
    "FLOAT32",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "OP",
    "RELU",
    "SIGN",
    "UINT8",
    "UINT32",
    "Op",
    "Tensor",
    "build",
    "by_hand",
    "edited",
    "moved_zero_points",
    "one_op",
    "packed",
    "schema",
    "unpacked",
]

OP = schema.BuiltinOperator
FLOAT32, INT32, INT64, INT16, INT8, UINT8, BOOL, UINT32 = (
    schema.TensorType.FLOAT32,
    schema.TensorType.INT32,
    schema.TensorType.INT64,
    schema.TensorType.INT16,
    schema.TensorType.INT8,
    schema.TensorType.UINT8,
    schema.TensorType.BOOL,
    schema.TensorType.UINT32,
)


def edited(data: bytes, change: Callable[[Any], object]) -> bytes:
    """The model after `change` was called with its ModelT."""
    model = unpacked(data)
    change(model)
    return packed(model)


def one_op(
    code: int | str,
    inputs: Sequence[Tensor | None],
    output: Tensor,
    options: Any = None,
    *,
    version: int = 1,
    options_type: int | None = None,
    intermediates: Sequence[Tensor] = (),
) -> bytes:
    """A model of one op; its inputs that are no constants or states are the model's.

    None is an input that is left out. A tensor that is there twice is two.
    """
    apart = [None if each is None else replace(each) for each in inputs]
    result = replace(output)
    op = Op(
        code, apart, [result], options, version, options_type, list(map(replace, intermediates))
    )
    given = [each for each in apart if each and each.data is None and not each.variable]
    return build(given, [result], [op])


BY_OURS = {"transpose_6d_f", "transpose_6d_q"}
"""Models of the corpus that TFLM's kernels of their ops do not take: too many dimensions."""

RELU = one_op(OP.RELU, [Tensor([1, 8])], Tensor([1, 8]))
SIGN = one_op(OP.SIGN, [Tensor([1, 8])], Tensor([1, 8]), schema.SignOptionsT())
"""An op that no firmware offers."""


def _approximate() -> Any:
    options = schema.GeluOptionsT()
    options.approximate = True
    return options


def _squeeze(*dims: int) -> Any:
    options = schema.SqueezeOptionsT()
    options.squeezeDims = list(dims)
    return options


def by_hand() -> dict[str, bytes]:
    """Ops of `cnn` that the converter writes as others: part of the corpus."""
    series = [1, 4, 3]
    real = {"f": Tensor(series), "q": Tensor(series, INT8, scale=0.5, zero_point=3)}
    made = {}
    for kind, x in real.items():

        def like(shape: Sequence[int], x: Tensor = x) -> Tensor:
            return Tensor(shape, x.type, scale=x.scale, zero_point=x.zero_point)

        axis = Tensor([], INT32, 1)
        made[f"expand_dims_op_{kind}"] = one_op(OP.EXPAND_DIMS, [x, axis], like([1, 1, 4, 3]))
        last = Tensor([1], INT32, [-1])
        made[f"expand_dims_last_{kind}"] = one_op(OP.EXPAND_DIMS, [x, last], like([1, 4, 3, 1]))
        made[f"squeeze_op_{kind}"] = one_op(OP.SQUEEZE, [x], like([4, 3]), _squeeze(0))
        made[f"squeeze_all_{kind}"] = one_op(OP.SQUEEZE, [x], like([4, 3]), _squeeze())
        shape = schema.ShapeOptionsT()
        shape.outType = INT32
        made[f"shape_{kind}"] = one_op(OP.SHAPE, [x], Tensor([3], INT32), shape)
        chosen = [Tensor([2, 1, 3], BOOL), like([4, 1]), like([1, 1, 3])]
        made[f"select_{kind}"] = one_op(OP.SELECT_V2, chosen, like([2, 4, 3]))
        product = schema.BatchMatMulOptionsT()
        product.adjX = product.adjY = True
        made[f"matmul_transposed_{kind}"] = one_op(
            OP.BATCH_MATMUL, [like([2, 4, 3]), like([1, 5, 4])], like([2, 3, 5]), product
        )
        rows = Tensor([2], INT32, [2, 0])
        made[f"lookup_{kind}"] = one_op(OP.EMBEDDING_LOOKUP, [rows, like([3, 5])], like([2, 5]))
        fill = [Tensor([3], INT32, series), like([])]
        made[f"fill_{kind}"] = one_op(OP.FILL, fill, x)
    quantized = real["q"]
    wide = Tensor(series, INT8, scale=0.75, zero_point=-5)
    made["elu_op_q"] = one_op(OP.ELU, [quantized], wide)
    made["div_op"] = one_op(OP.DIV, [real["f"], Tensor([3])], real["f"], schema.DivOptionsT())
    made["div_op_q"] = one_op(
        OP.DIV, [quantized, Tensor([3], INT8, [3, 5, -5], scale=0.125, zero_point=4)], wide,
        schema.DivOptionsT(), version=2,
    )  # fmt: skip
    made["add_n_op"] = one_op(OP.ADD_N, [quantized] * 4, wide)
    made["pow_f_op"] = one_op(
        OP.POW,
        [real["f"], Tensor([3], FLOAT32, [2, 3, 1])],
        real["f"],
        schema.PowOptionsT(),
    )
    chosen = [Tensor(series, BOOL), quantized, quantized]
    for kind, x in real.items():
        whole, part = (Tensor(s, x.type, scale=x.scale, zero_point=3) for s in ([4, 5], [2, 3]))
        size = Tensor([2], INT32, [2, 3])
        made[f"slice_at_{kind}"] = one_op(OP.SLICE, [whole, Tensor([2], INT32), size], part)
    made["where_op"] = one_op(OP.SELECT, chosen, quantized, schema.SelectOptionsT())
    made["gelu_tanh_op"] = one_op(OP.GELU, [quantized], wide, _approximate(), version=2)
    pool = schema.Pool2DOptionsT()
    pool.strideH, pool.strideW, pool.filterHeight, pool.filterWidth = 2, 1, 2, 3
    made["l2_pool"] = one_op(OP.L2_POOL_2D, [Tensor([1, 4, 5, 2])], Tensor([1, 2, 5, 2]), pool)
    for name, kind in (("f", FLOAT32), ("q", INT8), ("int32", INT32)):
        whole, part = (
            Tensor(s, kind, scale=0.5 if kind == INT8 else None) for s in ([1, 4, 3], [1, 2, 2])
        )
        at = [whole, part, Tensor([3], INT32 if name == "f" else INT64)]
        made[f"update_slice_{name}"] = one_op(OP.DYNAMIC_UPDATE_SLICE, at, whole)
    zeros = Tensor([3], INT8, [0, 0, 0], scale=4e-12)
    made["add_zeros"] = one_op(OP.ADD, [quantized, zeros], wide, schema.AddOptionsT())
    made["conv_other_dimension"] = _conv_other_dimension()
    made["zero_points_apart"] = moved_zero_points(made["elu_op_q"])
    root = Tensor(series, INT8, scale=0.125, zero_point=-128)
    made["rsqrt_op"] = one_op(OP.RSQRT, [root], Tensor(series, INT8, scale=0.03), version=2)
    made["quantize"] = one_op(OP.QUANTIZE, [real["f"]], quantized)
    made["dequantize"] = one_op(OP.DEQUANTIZE, [quantized], real["f"])
    for name, source, target in (
        ("int8_uint8", INT8, UINT8),
        ("uint8_int8", UINT8, INT8),
        ("int8_int8", INT8, INT8),
        ("int8_int16", INT8, INT16),
        ("int16_int8", INT16, INT8),
        ("int32_int8", INT32, INT8),
        ("int8_int32", INT8, INT32),
    ):
        made[f"requantize_{name}"] = one_op(
            OP.QUANTIZE, [Tensor(series, source, scale=0.125)], Tensor(series, target, scale=0.75)
        )
    made["dequantize_uint8"] = one_op(
        OP.DEQUANTIZE, [Tensor(series, UINT8, scale=0.25, zero_point=128)], real["f"]
    )
    for name, kind in (("int32", INT32), ("int64", INT64), ("float", FLOAT32)):
        made[f"zeros_{name}"] = one_op(OP.ZEROS_LIKE, [Tensor(series, kind)], Tensor(series, kind))
    for name, source, target in (
        ("int8_float", INT8, FLOAT32),
        ("int16_int32", INT16, INT32),
        ("int32_int8", INT32, INT8),
        ("bool_float", BOOL, FLOAT32),
        ("uint32", UINT32, INT32),
        ("to_uint32", INT32, UINT32),
    ):
        cast = [Tensor(series, source)], Tensor(series, target)
        made[f"cast_{name}"] = one_op(OP.CAST, *cast, schema.CastOptionsT())
    whole = Tensor([2, 4], INT32)
    for name, (op, kind) in {
        "add": (OP.ADD, schema.AddOptionsT),
        "sub": (OP.SUB, schema.SubOptionsT),
        "mul": (OP.MUL, schema.MulOptionsT),
    }.items():
        made[f"{name}_int32"] = one_op(op, [whole, Tensor([4], INT32)], whole, kind())
        made[f"{name}_int32_scalar"] = one_op(op, [whole, Tensor([], INT32, 333)], whole, kind())
    divisor = Tensor([], INT32, 666)
    made["div_int32"] = one_op(OP.DIV, [whole, divisor], whole, schema.DivOptionsT())
    logical = [Tensor([2, 3], BOOL)]
    made["logical_not"] = one_op(OP.LOGICAL_NOT, logical, *logical)
    made["equal_bool"] = one_op(OP.EQUAL, logical * 2, *logical)
    made["equal_int32"] = one_op(
        OP.EQUAL, [Tensor([2, 3], INT32), Tensor([3], INT32)], *logical, version=2
    )
    made["less_int64"] = one_op(OP.LESS, [Tensor([2, 3], INT64)] * 2, *logical)
    made["concat_bool"] = one_op(
        OP.CONCATENATION,
        [Tensor([2, 3], BOOL), Tensor([2, 1], BOOL)],
        Tensor([2, 4], BOOL),
        _concatenation(-1),
    )
    return made


def _conv_other_dimension() -> bytes:
    """A convolution whose weights say that their scales are along another dimension, as long."""
    weights = Tensor(
        [3, 1, 1, 3], INT8, np.arange(-4, 5), scale=[0.1, 0.2, 0.3], zero_point=0, axis=3
    )
    return one_op(
        OP.CONV_2D,
        [
            Tensor([1, 4, 4, 3], INT8, scale=0.5, zero_point=3),
            weights,
            Tensor([3], INT32, [1, -2, 3], scale=[0.05, 0.1, 0.15]),
        ],
        Tensor([1, 4, 4, 3], INT8, scale=0.75, zero_point=-5),
        _strides_of_1(),
        version=3,
    )


def _strides_of_1() -> Any:
    options = schema.Conv2DOptionsT()
    options.strideW = options.strideH = 1
    return options


def moved_zero_points(data: bytes) -> bytes:
    """The model with tensor 0's zero points at 4 beside a multiple of 8, as old converters put
    them: a copy at the end."""
    found = schema.Model.GetRootAs(data, 0).Subgraphs(0).Tensors(0).Quantization()
    table = found._tab
    field = table.Pos + table.Offset(4 + 2 * 3)
    made = bytearray(data)
    made += bytes(-len(made) % 8)
    at = len(made)  # the vector's length; its numbers follow
    made += (1).to_bytes(4, "little") + int(found.ZeroPoint(0)).to_bytes(8, "little", signed=True)
    made[field : field + 4] = (at - field).to_bytes(4, "little")
    return bytes(made) + bytes(4)


def moved_data(data: bytes, tensor: int, beside: int) -> bytes:
    """The model with a constant's bytes so many behind a multiple of 8: a copy at the end."""
    model = schema.Model.GetRootAs(data, 0)
    found = model.Buffers(model.Subgraphs(0).Tensors(tensor).Buffer())
    values = found.DataAsNumpy().tobytes()
    field = found._tab.Pos + found._tab.Offset(4)
    made = bytearray(data)
    made += bytes((beside - 4 - len(made)) % 8)
    at = len(made)  # the vector's length; its bytes follow
    made += len(values).to_bytes(4, "little") + values
    made[field : field + 4] = (at - field).to_bytes(4, "little")
    return bytes(made) + bytes(4)


def _concatenation(axis: int) -> Any:
    options = schema.ConcatenationOptionsT()
    options.axis = axis
    return options
