"""More models that break one rule each: of custom ops. See broken_models.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from custom_models import SUBTRACTION, UINT64
from model_changes import (
    Change,
    Row,
    code,
    computed,
    graph,
    op,
    ops,
    options,
    source,
    tensor_changes,
    tensors,
    x0,
    x1,
    x2,
    y,
)
from tflite_models import FLOAT32, INT8, INT16, INT32, UINT32
from tinycnn.tflite.build import custom_options

NO_MAP = "custom options are no map of numbers"
NONE = "option cycles_max is missing, or no whole number"


def custom(**numbers: Any) -> Change:
    """Op 0 has these options, all that it has."""
    return op(customOptions=custom_options(numbers))


def raw(*values: int) -> Change:
    """The options of op 0 are these bytes."""
    return op(customOptions=np.array(values, np.uint8))


def byte(at: int, value: int) -> Change:
    """One byte of the options of op 0 is another. They end with where, what type and how wide."""

    def change(old: Any) -> Any:
        made = np.array(old)
        made[at] = value
        return made

    return op(customOptions=change)


def state_of_two(model: Any) -> None:
    """Both buffers keep the same."""
    first, _, last = model.subgraphs[0].operators
    last.outputs = first.outputs
    graph(outputs=first.outputs)(model)


y1 = tensor_changes(lambda m: [tensors(m)[ops(m)[0].outputs[1]]])
x3, x4, x5 = map(source, range(3, 6))

FLAT = "input has 2 dimensions, not 1"
WINDOW = "16 weights, which the last dimension is not"
DIVISOR = "divisor of int32 is not 1 constant above 0"


def band(number: int) -> str:
    return f"band {number} is outside its input or weights"


def one_output(model: Any) -> None:
    """Of the model: that of op 0 alone."""
    graph(outputs=ops(model)[0].outputs)(model)


def root(place: int, **fields: Any) -> Change:
    """Of op 1 an input or, counted after these, the output is another."""

    def find(model: Any) -> Any:
        op = ops(model)[1]
        return [tensors(model)[[*op.inputs, *op.outputs][place]]]

    return tensor_changes(find)(**fields)


# The options of circular_q: "cycles_max", NUL, then 1 (how many keys), 12 (how far back the key
# is), 1 (how far back the keys are), 1 (the width of a key's offset), 1 (how many values), 1 (the
# value), 4 (its type), 2 (how far back the values are), 36 (a map), 1 (the width of that).
# A row takes two lines at most, not five.
# fmt: off
BROKEN: dict[str, list[Row]] = {
    "CIRCULAR_BUFFER": [
        ("circular_q", (x0(shape=[1, 2, 3]), y(shape=[4, 2, 3])), "input has 3 dimensions, not 4"),
        ("circular_q", y(shape=[4, 2, 3]), "output has 3 dimensions, not 4"),
        ("circular_q", x0(shape=[2, 1, 2, 3]), "input is 2 by 1 rows, not 1"),
        ("circular_q", x0(shape=[1, 2, 2, 3]), "input is 1 by 2 rows, not 1"),
        ("circular_q", y(shape=[2, 4, 2, 3]), "output dimension 0 is 2, the inputs give 1"),
        ("circular_q", y(shape=[1, 4, 3, 3]), "output dimension 2 is 3, the inputs give 2"),
        ("circular_q", y(shape=[1, 4, 2, 2]), "output dimension 3 is 2, the inputs give 3"),
        ("circular_q", x0(type=INT16), "input type INT16 is not supported"),
        ("circular_q", x0(scale=0.5), "scales of input and output differ"),
        ("circular_q", y(isVariable=False), "output is no variable, or the state of another op"),
        ("circular_q", op(outputs=lambda old: [*old, 0]), "2 outputs"),
        ("circular_q", custom(), NONE),
        ("circular_q", custom(cycles_max=0), "cycles_max is 0"),
        ("circular_q", custom(cycles_max=-200), "cycles_max is -200"),
        ("circular_q", custom(cycles_max=1 << 40), NONE),
        ("circular_q", custom(cycles_max=1.5), NONE),
        ("circular_q", custom(cycles_max=1, more=2), "2 options, the kernel has 1"),
        ("circular_q", raw(1, 2), NO_MAP),
        ("circular_q", raw(5, 4, 1), NO_MAP),  # a number
        ("circular_q", byte(-1, 3), NO_MAP),
        ("circular_q", byte(-1, 8), NO_MAP),
        ("circular_q", byte(-3, 200), NO_MAP),
        ("circular_q", byte(-3, 20), NO_MAP),
        ("circular_q", byte(-3, 0), NO_MAP),
        ("circular_q", byte(-6, 17), NO_MAP),
        ("circular_q", byte(-6, 4), NO_MAP),
        ("circular_q", byte(-7, 3), NO_MAP),
        ("circular_q", byte(-7, 8), NO_MAP),
        ("circular_q", byte(-8, 200), NO_MAP),
        ("circular_q", byte(-9, 200), NO_MAP),
        ("circular_q", byte(-10, 2), NO_MAP),
        ("circular_q", op(customOptions=custom_options({"k" * 40: 1})), NO_MAP),
        ("circular_guess_q", (x0(shape=[1, 1, 2, 96]), y(shape=[1, 4, 2, 96])),
         "cycles_max is missing, and the shape does not tell it"),
    ],
    "SignalWindow": [
        ("signal_window", x1(type=INT32, shape=[8]), "weights has type INT32, not INT16"),
        ("signal_window", x1(shape=[1, 16]), "weights has 2 dimensions, not 1"),
        ("signal_window", (x0(shape=[]), y(shape=[])), WINDOW),
        ("signal_window", (x0(shape=[4, 8]), y(shape=[4, 8])), WINDOW),
        ("signal_window", y(shape=[2, 15]), "dimension 1 is 16 in the input, 15 in the output"),
        ("signal_window", y(type=INT32), "output has type INT32, not INT16"),
        ("signal_window", custom(shift=32), "shift is 32, not 0 to 31"),
        ("signal_window", custom(shift=-1), "shift is -1, not 0 to 31"),
        ("signal_window", op(customOptions=None), NO_MAP),
    ],
    "SignalFftAutoScale": [
        ("signal_auto_scale", (x0(shape=[4, 5]), y(shape=[4, 5])), FLAT),
        ("signal_auto_scale", (op(outputs=lambda old: old[:1]), one_output), "1 outputs, not 2"),
        ("signal_auto_scale", y1(type=INT16), "second output has type INT16, not INT32"),
        ("signal_auto_scale", y1(shape=[1]), "second output has 1 dimensions, not 0"),
    ],
    "SignalRfft": [
        ("signal_rfft", custom(T=INT16, fft_length=8), "fft_length is 8, not 16 to 4096"),
        ("signal_rfft", custom(T=INT16, fft_length=8192), "fft_length is 8192, not 16 to 4096"),
        ("signal_rfft", custom(T=INT32, fft_length=16), "T is 2, not INT16"),
        ("signal_rfft", custom(T=INT16, fft_length=24), "fft_length 24 is no power of 2"),
        ("signal_rfft", custom(fft_length=16), "option T is missing, or no whole number"),
        ("signal_rfft", x0(shape=[]), "input is a scalar"),
        ("signal_rfft", y(shape=[54]), "output has 1 dimensions, not 2"),
        ("signal_rfft", y(shape=[4, 18]), "output dimension 0 is 4, the inputs give 3"),
        ("signal_rfft", x0(shape=[3, 17]), "17 values for a transform of 16"),
        ("signal_rfft", y(shape=[3, 16]), "output dimension 1 is 16, the inputs give 18"),
    ],
    "SignalEnergy": [
        ("signal_energy", x0(shape=[2, 17]), FLAT),
        ("signal_energy", y(type=INT32), "output has type INT32, not UINT32"),
        ("signal_energy", y(shape=[1, 17]), "output has 2 dimensions, not 1"),
        ("signal_energy", x0(shape=[33]), "end_index is 17, not 0 to 16"),
        ("signal_energy", y(shape=[16]), "end_index is 17, not 0 to 16"),
        ("signal_energy", custom(end_index=4, start_index=5), "start_index is 5, not 0 to 4"),
        ("signal_energy", custom(end_index=4, start_index=-1), "start_index is -1, not 0 to 4"),
        ("signal_energy", custom(end_index=-1, start_index=-1), "end_index is -1, not 0 to 17"),
    ],
    "SignalFilterBank": [
        ("signal_channels", x0(shape=[4, 5]), FLAT),
        ("signal_channels", x1(shape=[6, 1]), "weights has 2 dimensions, not 1"),
        ("signal_channels", x2(shape=[5], data=[0] * 5, dtype=np.int16),
         "unweights has 5 values, not 6"),
        ("signal_channels", x2(type=INT8, data=[0] * 6, dtype=np.int8),
         "unweights has type INT8, not INT16"),
        ("signal_channels", custom(num_channels=0), "num_channels is 0, not 1 to 256"),
        ("signal_channels", custom(num_channels=257), "num_channels is 257, not 1 to 256"),
        ("signal_channels", custom(num_channels=4), "output has 3 values, not 4"),
        ("signal_channels", y(type=UINT32), "output has type UINT32, not UINT64"),
        ("signal_channels", x3(shape=[2, 2]), "frequency starts has 2 dimensions, not 1"),
        ("signal_channels", x4(shape=[3], data=[0] * 3, dtype=np.int16),
         "weight starts has 3 values, not 4"),
        ("signal_channels", computed(5), "widths are not constant"),
        ("signal_channels", x3(data=[1, 5, -1, 18], dtype=np.int16), band(2)),
        ("signal_channels", x3(data=[1, 5, 0, 19], dtype=np.int16), band(3)),
        ("signal_channels", x4(data=[0, 2, -1, 4], dtype=np.int16), band(2)),
        ("signal_channels", x4(data=[0, 5, 0, 4], dtype=np.int16), band(1)),
        ("signal_channels", x5(data=[2, 2, -1, 2], dtype=np.int16), band(2)),
        ("signal_channels", x5(data=[2, 2, 0, 32767], dtype=np.int16), band(3)),
    ],
    "SignalFilterBankSpectralSubtraction": [
        ("signal_subtraction", (x0(shape=[5, 1]), y(shape=[5, 1])), FLAT),
        ("signal_subtraction", (op(outputs=lambda old: old[:1]), one_output), "1 outputs, not 2"),
        ("signal_subtraction", y1(type=INT32), "second output has type INT32, not UINT32"),
        ("signal_subtraction", y1(shape=[4]), "second output has 4 values, not 5"),
        ("signal_subtraction", custom(**SUBTRACTION | {"num_channels": 6}),
         "input has 5 values, not 6"),
        ("signal_subtraction", custom(**SUBTRACTION | {"smoothing_bits": 32}),
         "smoothing_bits is 32, not 0 to 31"),
        ("signal_subtraction", custom(**SUBTRACTION | {"spectral_subtraction_bits": -1}),
         "spectral_subtraction_bits is -1, not 0 to 31"),
        ("signal_subtraction", custom(**SUBTRACTION | {"clamping": 0.5}),
         "option clamping is missing, or no whole number"),
    ],
    "SignalPCAN": [
        ("signal_pcan", (x0(shape=[5, 1]), y(shape=[5, 1])), FLAT),
        ("signal_pcan", x1(type=INT32), "noise has type INT32, not UINT32"),
        ("signal_pcan", x1(shape=[4]), "noise has 4 values, not 5"),
        ("signal_pcan", x2(shape=[124], data=[0] * 124, dtype=np.int16),
         "gain has 124 values, not 125"),
        ("signal_pcan", custom(snr_shift=64), "snr_shift is 64, not 0 to 63"),
    ],
    "SignalFilterBankLog": [
        ("signal_log", x0(shape=[3, 3]), FLAT),
        ("signal_log", y(type=INT32), "output has type INT32, not INT16"),
        ("signal_log", y(shape=[8]), "output has 8 values, not 9"),
        ("signal_log", custom(input_correction_bits=32, output_scale=1),
         "input_correction_bits is 32, not 0 to 31"),
    ],
    "ADD": [
        ("add_int32", x1(type=FLOAT32), "input 1 has type FLOAT32, not INT32"),
        ("add_int32", y(shape=[4, 2]), "shapes of inputs and output do not fit"),
        ("add_int32", options(fusedActivationFunction=1), "activation of int32 is not supported"),
    ],
    "DIV": [
        ("div_int32", x1(data=[0]), DIVISOR),
        ("div_int32", x1(data=[-1]), DIVISOR),
        ("div_int32", computed(1), DIVISOR),
        ("div_int32", (x0(shape=[2]), x1(shape=[2], data=[3, 4]), y(shape=[2])), DIVISOR),
    ],
    "CAST": [("cast_uint32", y(type=UINT64), "output type UINT64 is not supported")],
}
# fmt: on

BROKEN_CUSTOM = {f"op 0 {name}: ": rows for name, rows in BROKEN.items()} | {
    "op 2 CIRCULAR_BUFFER: ": [
        ("circular_twice_q", state_of_two, "output is no variable, or the state of another op"),
    ],
    "op 1 SignalFilterBankSquareRoot: ": [
        (
            "signal_channels",
            root(1, type=INT16, data=[3], dtype=np.int16),
            "input 1 has type INT16, not INT32",
        ),
        ("signal_channels", root(1, shape=[1]), "input 1 has 1 dimensions, not 0"),
        ("signal_channels", root(2, type=INT32), "output has type INT32, not UINT32"),
        ("signal_channels", root(2, shape=[4]), "output has 4 values, not 3"),
    ],
    "op 0 SignalFilterBankSquareRoot: ": [
        ("signal_root", (x0(shape=[1, 3]), y(shape=[1, 3])), FLAT),
    ],
    "op 0 CIRCULAR": [
        ("circular_q", code(customCode=b"CIRCULAR"), ": version 1 is not in the firmware"),
        ("circular_q", code(version=2), "_BUFFER: version 2, the firmware has 1"),
    ],
    "op 0 : ": [("circular_q", code(customCode=None), "version 1 is not in the firmware")],
}
