"""TFLite models by hand of custom ops, which no converter of ours makes: part of the corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tflite_models import INT8, INT16, INT32, OP, UINT32, Op, Tensor, build, one_op, schema
from tinycnn.tflite.frontend import frontend

UINT64 = schema.TensorType.UINT64


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


def _two_outputs(
    name: str, x: Tensor, outputs: Sequence[Tensor], options: Mapping[str, int] | None = None
) -> bytes:
    return build([x], outputs, [Op(name, [x], outputs, options)])


def rfft(rows: Sequence[int], given: int, length: int) -> bytes:
    return one_op(
        "SignalRfft",
        [Tensor([*rows, given], INT16)],
        Tensor([*rows, length + 2], INT16),
        {"T": INT16, "fft_length": length},
    )


def channels() -> bytes:
    """Three channels of 20 energies, and roots: bands with a gap, side by side, of no width."""
    x, sums, roots = Tensor([20], UINT32), Tensor([3], UINT64), Tensor([3], UINT32)
    rows = [[4000, 2000, 100, 4096, 1, 3333], [96, 2096, 3996, 0, 4095, 763]]
    bands = [[1, 5, 0, 18], [0, 2, 0, 4], [2, 2, 0, 2]]
    constants = [Tensor([len(row)], INT16, row) for row in [*rows, *bands]]
    shift = Tensor([], INT32, 3)
    return build(
        [x],
        [sums, roots],
        [
            Op("SignalFilterBank", [x, *constants], [sums], {"num_channels": 3}),
            Op("SignalFilterBankSquareRoot", [sums, shift], [roots]),
        ],
    )


SUBTRACTION = {
    "alternate_one_minus_smoothing": 50,
    "alternate_smoothing": 206,
    "clamping": True,
    "min_signal_remaining": 30,
    "num_channels": 5,
    "one_minus_smoothing": 200,
    "smoothing": 56,
    "smoothing_bits": 4,
    "spectral_subtraction_bits": 8,
}


def _signals() -> dict[str, bytes]:
    random = np.random.default_rng(1)
    window = random.integers(-32768, 32768, 16)
    five = [Tensor([5], UINT32) for _ in range(2)]
    gains = Tensor([125], INT16, random.integers(-32768, 32768, 125))
    return {
        "signal_window": one_op(
            "SignalWindow",
            [Tensor([2, 16], INT16), Tensor([16], INT16, window)],
            Tensor([2, 16], INT16),
            {"shift": 13},
        ),
        "signal_auto_scale": _two_outputs(
            "SignalFftAutoScale", Tensor([20], INT16), [Tensor([20], INT16), Tensor([], INT32)]
        ),
        "signal_rfft": rfft([3], 10, 16),
        "signal_rfft_whole": rfft([2, 1], 64, 64),
        "signal_rfft_long": rfft([], 300, 1024),
        "signal_energy": one_op(
            "SignalEnergy",
            [Tensor([34], INT16)],
            Tensor([17], UINT32),
            {"end_index": 17, "start_index": 0},
        ),
        "signal_channels": channels(),
        "signal_root": one_op(
            "SignalFilterBankSquareRoot",
            [Tensor([3], UINT64), Tensor([], INT32, 0)],
            Tensor([3], UINT32),
        ),
        "signal_subtraction": _two_outputs(
            "SignalFilterBankSpectralSubtraction", Tensor([5], UINT32), five, SUBTRACTION
        ),
        "signal_pcan": one_op("SignalPCAN", [*five, gains], Tensor([5], UINT32), {"snr_shift": 9}),
        "signal_log": one_op(
            "SignalFilterBankLog",
            [Tensor([9], UINT32)],
            Tensor([9], INT16),
            {"input_correction_bits": 3, "output_scale": 640},
        ),
        "frontend": frontend(),
    }


def custom_by_hand() -> dict[str, bytes]:
    """By names that end with _q if what they have of real numbers is int8."""
    return {
        "circular_q": circular(4, 1),
        "circular_early_q": circular(3, 4),
        "circular_guess_q": circular(5),
        "circular_guess_early_q": circular(6),
        "circular_twice_q": circular_twice(2, 2),
    } | _signals()
