"""An audio front end as one more .tflite: from a window of sound to features of its spectrum.

The ops are those of micro_speech's audio_preprocessor, after the `microfrontend` library, with
which microWakeWord trains: 480 samples of 16 kHz, a Hann window, a transform of 512, 40 channels
of 125 to 7500 Hz in equal steps of pitch, less the noise in each, with a gain that follows it, as
logarithms. The noise is a state: a run is for the window that comes after the one before.

The two round their numbers in other ways, which moves one feature of a hundred, some by much: a
model should hear what it was trained on.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn.errors import UserError
from tinycnn.tflite.build import Op, Tensor, build
from tinycnn.tflite.graph import schema
from tinycnn.tflite.slim import slim

RATE = 16_000
"""Samples of a second."""

WINDOW_MS = 30
CHANNELS = 40

STRIDE = "tinycnn.stride"
"""Name of the metadata that tells how many samples one window is after the other: an uint32."""

STRIDES_MS = {"micro_speech": 20, "microwakeword": 10}
"""Whose features there are, and by how much their windows mostly follow each other."""

_WINDOW = RATE * WINDOW_MS // 1000
_LENGTH = 512  # of the transform: the next power of two
_BITS = 12  # behind the point of weights
_LOWEST, _HIGHEST = 125.0, 7500.0  # Hz
_CORRECTION_BITS = 9 - _BITS // 2  # log2(_LENGTH), less those of the root of a weight
_SMOOTHING_BITS = 10  # behind the point of the noise
_SUBTRACTION_BITS = 14  # of its factors
_GAIN_BITS = 21
_SNR_BITS = 12  # what the op has behind the point, of the signal to its noise
_LOG_BITS = 6

FEATURE_SCALE = 666 / 256
"""One step of the int8 in features as the library has them: its models take 0 to 666 as -128
to 127."""

Numbers = npt.NDArray[Any]

_T = schema.TensorType


def frontend(like: str = "micro_speech", stride_ms: int | None = None) -> bytes:
    """The model: int16 samples (1, 480), int8 features (1, 40).

    like       one of STRIDES_MS: whose features
    stride_ms  by how much one window is after the other, which the model tells as metadata;
               computing is the same. None for what is usual

    Raises UserError for another `like`, or a stride that is not 1 to 30.
    """
    if like not in STRIDES_MS:
        raise UserError(f"no features like {like}: there are {', '.join(STRIDES_MS)}")
    stride = STRIDES_MS[like] if stride_ms is None else stride_ms
    if not 1 <= stride <= WINDOW_MS:
        raise UserError(f"a stride of {stride} ms: take 1 to {WINDOW_MS}, the window")
    made = _model(rounded=like == "microwakeword")
    return slim(made, {STRIDE: struct.pack("<I", RATE * stride // 1000)})


def _model(*, rounded: bool) -> bytes:
    sound = Tensor([1, _WINDOW], _T.INT16)
    windowed, row = Tensor([1, _WINDOW], _T.INT16), Tensor([_WINDOW], _T.INT16)
    scaled, shift = Tensor([_WINDOW], _T.INT16), Tensor([], _T.INT32)
    spectrum = Tensor([_LENGTH + 2], _T.INT16)
    energy = Tensor([_LENGTH // 2 + 1], _T.UINT32)
    summed = Tensor([CHANNELS], _T.UINT64)
    root, signal, noise, gained = (Tensor([CHANNELS], _T.UINT32) for _ in range(4))
    log, real = Tensor([CHANNELS], _T.INT16), Tensor([CHANNELS], _T.FLOAT32)
    flat, features = (Tensor(s, _T.INT8, scale=FEATURE_SCALE, zero_point=-128) for s in _SHAPES)
    bands = _Bands(rounded=rounded)
    ops = [
        Op("SignalWindow", [sound, _int16(_hann(single=rounded))], [windowed], {"shift": _BITS}),
        _reshape(windowed, row),
        Op("SignalFftAutoScale", [row], [scaled, shift]),
        Op("SignalRfft", [scaled], [spectrum], {"T": _T.INT16, "fft_length": _LENGTH}),
        Op(
            "SignalEnergy",
            [spectrum],
            [energy],
            {"start_index": bands.first, "end_index": bands.end},
        ),
        Op("SignalFilterBank", [energy, *bands.tensors()], [summed], {"num_channels": CHANNELS}),
        Op("SignalFilterBankSquareRoot", [summed, shift], [root]),
        Op("SignalFilterBankSpectralSubtraction", [root], [signal, noise], _subtraction()),
        Op(
            "SignalPCAN",
            [signal, noise, _int16(_gains())],
            [gained],
            {"snr_shift": _GAIN_BITS - _CORRECTION_BITS - _SNR_BITS},
        ),
        Op(
            "SignalFilterBankLog",
            [gained],
            [log],
            {"output_scale": 1 << _LOG_BITS, "input_correction_bits": _CORRECTION_BITS},
        ),
        # No feature lies so near the middle between two steps that float32 would round it to
        # the other: 666 is even, so all are at least 1/666 apart from there.
        Op(schema.BuiltinOperator.CAST, [log], [real], schema.CastOptionsT()),
        Op(schema.BuiltinOperator.QUANTIZE, [real], [flat]),
        _reshape(flat, features),
    ]
    return build([sound], [features], ops)


_SHAPES = ([CHANNELS], [1, CHANNELS])


def _reshape(x: Tensor, y: Tensor) -> Op:
    shape = Tensor([len(y.shape)], _T.INT32, list(y.shape))
    return Op(schema.BuiltinOperator.RESHAPE, [x, shape], [y])


def _int16(numbers: Iterable[int] | Numbers) -> Tensor:
    values = np.array(list(numbers))
    return Tensor([len(values)], _T.INT16, values)


def _single(numbers: float | Numbers) -> npt.NDArray[np.float32]:
    """In single precision, as a C library has what is computed in double here: rounded once."""
    return np.asarray(numbers, np.float32)


def _hann(*, single: bool) -> Numbers:
    if not single:
        phase = 2 * np.pi / _WINDOW * (np.arange(_WINDOW) + 0.5)
        return np.asarray(np.round((0.5 - 0.5 * np.cos(phase)) * (1 << _BITS)))
    phases = _single(2 * np.pi / _WINDOW) * _single(np.arange(_WINDOW) + 0.5)
    half = np.float32(0.5)
    weights = half - half * _single(np.cos(phases.astype(np.float64)))
    return np.asarray(np.floor(weights * np.float32(1 << _BITS) + half))


def _mel(frequency: float) -> np.float32:
    """Pitch, by the C library's log1pf as those two: a weight may depend on the last bit."""
    pitch = np.float32(1127) * np.log1p(np.float32(frequency) / np.float32(700))
    return np.float32(pitch)


class _Bands:
    """Between the centers of two channels, in numbers of the transform.

    The weight of a number is what the channel at the end of its band gets, the unweight what the
    channel at the start gets.
    """

    def __init__(self, *, rounded: bool) -> None:
        low, high = _mel(_LOWEST), _mel(_HIGHEST)
        step = (high - low) / np.float32(CHANNELS + 1)
        ends = low + step * np.arange(1, CHANNELS + 2, dtype=np.float32)
        hertz = RATE / _LENGTH
        self.first = round(1 + _LOWEST / hertz)
        at = self.first
        self.starts: list[int] = []
        self.widths: list[int] = []
        weights: list[np.float32] = []
        for start, end in zip([low, *ends[:-1]], ends, strict=True):
            self.starts.append(at)
            while (pitch := _mel(at * hertz)) <= end:
                weights.append(np.float32(end - pitch) / np.float32(end - start))
                at += 1
            self.widths.append(at - self.starts[-1])
        self.end = at
        one, more = np.float32(1 << _BITS), np.float32(0.5 if rounded else 0)
        self.weights = [int(weight * one + more) for weight in weights]
        self.unweights = [int((np.float32(1) - weight) * one + more) for weight in weights]

    def tensors(self) -> list[Tensor]:
        """The inputs of SignalFilterBank after the first."""
        first_weights = np.cumsum([0, *self.widths[:-1]])
        rows = (self.weights, self.unweights, self.starts, first_weights, self.widths)
        return [_int16(row) for row in rows]


def _subtraction() -> dict[str, int]:
    """Factors: noise follows the signal by so much of each window, in even and odd channels."""
    one = 1 << _SUBTRACTION_BITS
    even, odd, least = (int(part * one) for part in (0.025, 0.06, 0.05))
    return {
        "smoothing": even,
        "one_minus_smoothing": one - even,
        "alternate_smoothing": odd,
        "alternate_one_minus_smoothing": one - odd,
        "min_signal_remaining": least,
        "smoothing_bits": _SMOOTHING_BITS,
        "spectral_subtraction_bits": _SUBTRACTION_BITS,
        "clamping": False,
        "num_channels": CHANNELS,
    }


def _gain(noise: int) -> int:
    """(noise + 80) to the power of -0.95, in single precision."""
    real = np.float32(noise) / np.float32(1 << _SMOOTHING_BITS - _CORRECTION_BITS)
    power = np.float32(np.float64(real + np.float32(80)) ** np.float64(np.float32(-0.95)))
    gain = np.float32(1 << _GAIN_BITS) * power
    return min(int(gain + np.float32(0.5)), 32767)


def _gains() -> list[int]:
    """A parabola for the noise between each two powers of two, by three numbers and a 0."""
    found = [_gain(0), _gain(1)]
    for bits in range(2, 33):
        low = 1 << bits - 1
        middle, high = low + (low >> 1), min(2 * low, (1 << 32) - 1)
        at, rise, whole = _gain(low), _gain(middle) - _gain(low), _gain(high) - _gain(low)
        slope = 4 * rise - whole
        found += [at, slope, whole - slope, 0]
    return found[:-1]
