"""What layers a network has, as a table tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinycnn.text import printable


@dataclass(frozen=True)
class Layer:
    """One row of a model's summary; shapes are without the batch."""

    name: str
    kind: str
    detail: str
    shape: tuple[int, ...]
    parameters: int


def layers_of(model: Any) -> list[Layer]:
    """The rows of the model's summary, the input first; a shape is () where there are several."""
    rows = [Layer("image", "Input", "", tuple(model.inputs[0].shape[1:]), 0)]
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        rows.append(
            Layer(
                printable(layer.name, 80),
                printable(type(layer).__name__, 80),
                _detail(layer),
                _gives(layer),
                int(layer.count_params()),
            )
        )
    return rows


def _gives(layer: Any) -> tuple[int, ...]:
    try:
        shape = tuple(layer.output.shape[1:])
    except (AttributeError, ValueError):  # shared by several places, or of several tensors
        return ()
    return () if None in shape else shape


def _detail(layer: Any) -> str:
    """What sets the layer apart from others of its kind: "8 of 3x3, relu"."""
    parts = []
    if hasattr(layer, "filters") and hasattr(layer, "kernel_size"):
        parts.append(f"{layer.filters} of {sizes(layer.kernel_size)}")
    elif hasattr(layer, "pool_size"):
        parts.append(sizes(layer.pool_size))
    elif hasattr(layer, "units"):
        parts.append(f"{layer.units} units")
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if activation != "linear":
        parts.append(activation)
    return ", ".join(parts)


def sizes(shape: tuple[Any, ...]) -> str:
    """A shape as people write it: 8x8x1."""
    return "x".join(str(size) for size in shape)
