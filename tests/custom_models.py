"""TFLite models by hand of custom ops, which no converter of ours makes: part of the corpus."""

from __future__ import annotations

from typing import Any

from tflite_models import INT8, OP, Op, Tensor, build, schema


def _signal(shape: list[int], *, variable: bool = False) -> Tensor:
    return Tensor(shape, INT8, scale=0.05, zero_point=-3, variable=variable)


def _mean_of(slots: int) -> Any:
    """A window over all of them."""
    options = schema.Pool2DOptionsT()
    options.filterHeight, options.filterWidth = slots, 1
    options.strideW = options.strideH = 1
    options.padding = schema.Padding.VALID
    return options


def circular(slots: int, cycles: int | None = None) -> bytes:
    """A CIRCULAR_BUFFER whose contents are averaged."""
    x, kept, y = (
        _signal([1, 1, 2, 3]),
        _signal([1, slots, 2, 3], variable=True),
        _signal([1, 1, 2, 3]),
    )
    options = None if cycles is None else {"cycles_max": cycles}
    return build(
        [x],
        [y],
        [
            Op("CIRCULAR_BUFFER", [x], [kept], options),
            Op(OP.AVERAGE_POOL_2D, [kept], [y], _mean_of(slots), version=2),
        ],
    )


def circular_twice(first: int, second: int) -> bytes:
    """What one CIRCULAR_BUFFER lets pass goes to another, and that is the output."""
    x, kept, mean = (
        _signal([1, 1, 2, 3]),
        _signal([1, 4, 2, 3], variable=True),
        _signal([1, 1, 2, 3]),
    )
    last = _signal([1, 3, 2, 3], variable=True)
    return build(
        [x],
        [last],
        [
            Op("CIRCULAR_BUFFER", [x], [kept], {"cycles_max": first}),
            Op(OP.AVERAGE_POOL_2D, [kept], [mean], _mean_of(4), version=2),
            Op("CIRCULAR_BUFFER", [mean], [last], {"cycles_max": second}),
        ],
    )


def custom_by_hand() -> dict[str, bytes]:
    """By names that end with _q, since what they have of real numbers is int8."""
    return {
        "circular_q": circular(4, 1),
        "circular_early_q": circular(3, 4),
        "circular_guess_q": circular(5),
        "circular_guess_early_q": circular(6),
        "circular_twice_q": circular_twice(2, 2),
    }
