"""What the examples of docs/theory.md are by Keras, and by a model of one layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tflite_models import INT8, INT32, OP, Op, Tensor, build, one_op, schema
from tinycnn._tensorflow import keras

Array = npt.NDArray[Any]
Names = dict[str, Any]
"""What a block of the page has assigned, and those before it."""

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
RELU = schema.ActivationFunctionType.RELU


# Models of one layer -------------------------------------------------------------


@dataclass
class Kind:
    """How a tensor's numbers are kept: float32, or int8 by a scale and a zero point."""

    scale: float | None = None
    zero_point: int = 0

    def tensor(self, shape: Any, data: Any = None) -> Tensor:
        if self.scale is None:
            return Tensor(list(shape), data=data)
        return Tensor(list(shape), INT8, data, self.scale, self.zero_point)


FLOAT = Kind()


def shaped(values: Any, dimensions: int) -> Array:
    """With a batch of 1, and with a channel of 1 if one is missing."""
    array = np.asarray(values)[None]
    return array if array.ndim == dimensions else array[..., None]


def row_image(values: Any) -> Array:
    """A series as an image of one row: (1, 1, n, 1)."""
    return np.asarray(values).reshape(1, 1, -1, 1)


def options(made: Any, padding: int, stride: int, activation: int = 0) -> Any:
    made.padding, made.strideH, made.strideW = padding, stride, stride
    made.fusedActivationFunction = activation
    return made


def conv(x: Array, w: Array, output: Any, *, stride: int = 1, padding: int = VALID,
         bias: Any = None, activation: int = 0, zeros: Any = None) -> bytes:  # fmt: skip
    """CONV_2D of (1, rows, columns, channels); `zeros` (before, after) are laid around columns."""
    kernel = Tensor([w.shape[3], *w.shape[:3]], data=w.transpose(3, 0, 1, 2))
    offset = Tensor([w.shape[3]], data=np.zeros(w.shape[3]) if bias is None else bias)
    taken = options(schema.Conv2DOptionsT(), padding, stride, activation)
    given, result = Tensor(list(x.shape)), Tensor(list(output.shape))
    if zeros is None:
        return one_op(OP.CONV_2D, [given, kernel, offset], result, taken)
    padded = Tensor([*x.shape[:2], x.shape[2] + sum(zeros), x.shape[3]])
    around = Tensor([4, 2], INT32, [[0, 0], [0, 0], zeros, [0, 0]])
    return build([given], [result], [
        Op(OP.PAD, [given, around], [padded], schema.PadOptionsT()),
        Op(OP.CONV_2D, [padded, kernel, offset], [result], taken),
    ])  # fmt: skip


def pool(code: int, x: Array, output: Array, padding: int = VALID, kind: Kind = FLOAT) -> bytes:
    """2x2, as far apart."""
    taken = options(schema.Pool2DOptionsT(), padding, 2)
    taken.filterHeight = taken.filterWidth = 2
    return one_op(code, [kind.tensor(x.shape)], kind.tensor(output.shape), taken)


def reduced(code: int, x: Array) -> bytes:
    """Over rows and columns."""
    axes = Tensor([2], INT32, [1, 2])
    return one_op(
        code, [Tensor(list(x.shape)), axes], Tensor([1, x.shape[3]]), schema.ReducerOptionsT()
    )


def int8_conv(names: Names, activation: int = 0) -> bytes:
    x, y = shaped(names["x"], 4), shaped(names["y"], 4)
    kernels = names["per_channel"].reshape(2, 2, 2, 1)
    sums = names["scale_x"] * names["scale_w"]
    return one_op(
        OP.CONV_2D,
        [
            Tensor(list(x.shape), INT8, None, names["scale_x"], names["zero_x"]),
            Tensor([2, 2, 2, 1], INT8, kernels, names["scale_w"].tolist()),
            Tensor([2], INT32, names["bias"], sums.tolist()),
        ],
        Tensor(list(y.shape), INT8, None, names["scale_y"], names["zero_y"]),
        options(schema.Conv2DOptionsT(), VALID, 1, activation),
        version=3,
    )


# What each example is by Keras, and by a model -----------------------------------


@dataclass
class Case:
    """One array of the page, what Keras makes of the input, and the model that makes it.

    near  how far Keras may be off: half a step of int8
    """

    model: bytes
    given: Array
    wanted: Array
    keras: Array | None = None
    near: float = 1e-5
    real: Callable[[Array], Array] = field(default=lambda raw: raw)


def layer(made: Any, x: Any, *weights: Any) -> Array:
    """What a Keras layer gives, its weights set."""
    x = np.asarray(x, np.float32)
    made.build(x.shape)
    made.set_weights([np.asarray(each, np.float32) for each in weights])
    return np.asarray(made(x))


def series(names: Names, result: str, padding: str, zeros: Any = None, stride: int = 1) -> Case:
    x, w, y = (np.asarray(names[name]) for name in ("x", "w", result))
    if padding == "full":
        around, padding = keras().layers.ZeroPadding1D(2)(shaped(x, 3).astype(np.float32)), "valid"
    else:
        around = shaped(x, 3)
    made = keras().layers.Conv1D(1, len(w), stride, padding, use_bias=False)
    how = SAME if padding == "same" else VALID
    return Case(
        conv(row_image(x), w.reshape(1, -1, 1, 1), row_image(y), stride=stride, padding=how,
             zeros=zeros),
        row_image(x), row_image(y), layer(made, around, w[:, None, None]),
    )  # fmt: skip


def image(names: Names, x: str, w: str, stride: int = 1, padding: str = "valid") -> Case:
    given, weights, wanted = shaped(names[x], 4), names[w][..., None, None], shaped(names["y"], 4)
    made = keras().layers.Conv2D(1, 3, stride, padding, use_bias=False)
    how = SAME if padding == "same" else VALID
    return Case(
        conv(given, weights, wanted, stride=stride, padding=how),
        given, wanted, layer(made, given, weights),
    )  # fmt: skip


def channels(names: Names) -> Case:
    x, w, y = shaped(names["x"], 4), names["w"], shaped(names["y"], 4)
    made = keras().layers.Conv2D(2, 2, activation="relu")
    model = conv(x, w, y, bias=names["bias"], activation=RELU)
    return Case(model, x, y, layer(made, x, w, names["bias"]))


def depthwise(names: Names) -> Case:
    x, w, y = shaped(names["x"], 4), names["w"], shaped(names["y"], 4)
    taken = options(schema.DepthwiseConv2DOptionsT(), VALID, 1)
    taken.depthMultiplier = 1
    weights = Tensor([1, *w.shape], data=w)
    bias = Tensor([2], data=[0, 0])
    model = one_op(
        OP.DEPTHWISE_CONV_2D, [Tensor(list(x.shape)), weights, bias], Tensor(list(y.shape)), taken
    )
    made = keras().layers.DepthwiseConv2D(2, use_bias=False)
    return Case(model, x, y, layer(made, x, w[..., None]))


def pooled(names: Names, result: str, code: int, made: Any, padding: int = VALID) -> Case:
    x, y = shaped(names["x"], 4), shaped(names[result], 4)
    return Case(pool(code, x, y, padding), x, y, layer(made, x))


def global_pool(names: Names, result: str, code: int, made: Callable[[Array], Any]) -> Case:
    x, y = shaped(names["x"], 4), names[result][None]
    return Case(reduced(code, x), x, y, np.asarray(made(x.astype(np.float32))))


def flatten(names: Names) -> Case:
    x, y = shaped(names["x"], 4), names["y"][None]
    shape = schema.ReshapeOptionsT()
    shape.newShape = [1, 12]
    to = Tensor([2], INT32, [1, 12])
    model = one_op(OP.RESHAPE, [Tensor(list(x.shape)), to], Tensor([1, 12]), shape)
    return Case(model, x, y, layer(keras().layers.Flatten(), x))


def dense(names: Names) -> Case:
    x, w, y = names["x"][None], names["w"], names["y"][None]
    model = one_op(
        OP.FULLY_CONNECTED,
        [Tensor([1, 3]), Tensor([2, 3], data=w.T), Tensor([2], data=names["bias"])],
        Tensor([1, 2]),
        schema.FullyConnectedOptionsT(),
    )
    return Case(model, x, y, layer(keras().layers.Dense(2), x, w, names["bias"]))


def quantized(names: Names) -> Case:
    raw = Tensor([7], INT8, None, names["scale"], names["zero_point"])
    return Case(one_op(OP.QUANTIZE, [Tensor([7])], raw), names["real"], names["raw"])


def dequantized(names: Names) -> Case:
    raw = Tensor([7], INT8, None, names["scale"], names["zero_point"])
    model = one_op(OP.DEQUANTIZE, [raw], Tensor([7]), version=2)
    return Case(model, names["raw"].astype(np.int8), names["back"])


def convolved(names: Names, result: str, activation: int = 0) -> Case:
    """Keras takes what the raw values stand for; what it gives is cut where int8 ends."""
    x, y = shaped(names["x"], 4).astype(np.int8), shaped(names[result], 4)
    scale, zero = names["scale_y"], names["zero_y"]
    made = keras().layers.Conv2D(2, 2, activation="relu" if activation else None)
    kernels = (names["per_channel"] * names["scale_w"][:, None]).reshape(2, 2, 2)
    real = layer(
        made,
        names["scale_x"] * (x.astype(np.float64) - names["zero_x"]),
        kernels.transpose(1, 2, 0)[:, :, None],
        np.multiply(names["bias"], names["scale_x"] * names["scale_w"]),
    )
    real = np.clip(real, scale * (-128 - zero), scale * (127 - zero))
    return Case(int8_conv(names, activation), x, y, real, scale / 2 + 1e-6,
                lambda raw: scale * (raw - zero))  # fmt: skip


def int8_pooled(names: Names, result: str, code: int, made: Any) -> Case:
    x, y = shaped(names["x"], 4).astype(np.int8), names[result].reshape(1, 1, 2, 1)
    model = pool(code, x, y, kind=Kind(0.02, -78))
    return Case(model, x, y, layer(made, x), 0.5)


def shares(names: Names, raw: bool = False) -> Case:
    x, y = np.atleast_2d(names["x"]), np.atleast_2d(names["y"])
    taken = schema.SoftmaxOptionsT()
    taken.beta = 1.0
    scale = names["scale_x"]
    kind, to = (Kind(scale, 0), Kind(1 / 256, -128)) if raw else (FLOAT, FLOAT)
    model = one_op(OP.SOFTMAX, [kind.tensor(x.shape)], to.tensor(y.shape), taken)
    real = np.clip(
        layer(keras().layers.Softmax(), x * scale if raw else x), 0, 255 / 256 if raw else 1
    )
    return Case(
        model, x.astype(np.int8) if raw else x, y, real, 0.5 / 256 + 1e-6 if raw else 1e-5,
        (lambda values: (values + 128) / 256) if raw else lambda values: values,
    )  # fmt: skip


def cases() -> dict[str, list[Callable[[Names], Case]]]:
    """By the example's name, what is made of its arrays."""
    L = keras().layers
    average, largest = OP.AVERAGE_POOL_2D, OP.MAX_POOL_2D
    return {
        "conv1d": [lambda n: series(n, "y", "valid")],
        "stride": [lambda n: series(n, "y", "valid", stride=2)],
        "conv2d": [lambda n: image(n, "image", "kernel")],
        "channels": [channels],
        "depthwise": [depthwise],
        "padding": [
            lambda n: series(n, "valid", "valid"),
            lambda n: series(n, "same", "same"),
            lambda n: series(n, "causal", "causal", (2, 0)),
            lambda n: series(n, "full", "full", (2, 2)),
        ],
        "by_two": [
            lambda n, kind=kind, zeros=zeros: series(n | n["by_two"], kind, kind, zeros, 2)
            for kind, zeros in (
                ("valid", None), ("same", None), ("causal", (2, 0)), ("full", (2, 2))
            )
        ],
        "same": [lambda n: image(n, "x", "w", 2, "same")],
        "pools": [
            lambda n: pooled(n, "largest", largest, L.MaxPooling2D(2)),
            lambda n: pooled(n, "average", average, L.AveragePooling2D(2)),
        ],
        "border": [
            lambda n: pooled(n, "y", average, L.AveragePooling2D(2, padding="same"), SAME)
        ],
        "globals": [
            lambda n: global_pool(n, "average", OP.MEAN, L.GlobalAveragePooling2D()),
            lambda n: global_pool(n, "largest", OP.REDUCE_MAX, L.GlobalMaxPooling2D()),
            lambda n: global_pool(n, "total", OP.SUM, lambda x: keras().ops.sum(x, (1, 2))),
        ],
        "flatten": [flatten],
        "dense": [dense],
        "quantize": [quantized, dequantized],
        "int8conv": [lambda n: convolved(n, "y")],
        "relu": [lambda n: convolved(n, "y_relu", RELU)],
        "int8pools": [
            lambda n: int8_pooled(n, "largest", largest, L.MaxPooling2D(2)),
            lambda n: int8_pooled(n, "average", average, L.AveragePooling2D(2)),
        ],
        "softmax": [shares],
        "int8softmax": [lambda n: shares(n, raw=True)],
    }  # fmt: skip


NO_LAYER = {"channelwise", "multiplier", "parameters", "realconv"}
"""Examples of which no layer is made: a count, and steps towards others."""
