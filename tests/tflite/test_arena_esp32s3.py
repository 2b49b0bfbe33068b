"""The scratch memory of the ESP32-S3's convolutions, against esp-nn's own C functions.

No emulator knows that chip. Its C files compile on any machine, their assembly is left out.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skips import or_skip
from tinycnn.files import ROOT
from tinycnn.firmware.fetch import fetch
from tinycnn.tflite.arena import esp32s3, predict_arena
from tinycnn.tflite.arena.esp32s3 import Side, conv_scratch, depthwise_scratch

Ints = ctypes.c_int32 * 11
"""Room for each of esp-nn's structs, which have int32 members only."""


@pytest.fixture(scope="module")
def esp_nn(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    with or_skip():
        tree = fetch("esp-nn").path
    library = tmp_path_factory.mktemp("esp-nn") / "esp32s3.so"
    folder = tree / "src" / "convolution"
    files = ("esp_nn_conv_esp32s3.c", "esp_nn_depthwise_conv_s8_esp32s3.c")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-w", f"-I{tree / 'include'}", f"-I{tree / 'src/common'}"]
        + [str(folder / name) for name in files]
        + ["-Wl,--unresolved-symbols=ignore-all", "-Wl,-z,lazy", "-o", str(library)],
        check=True,
    )
    return ctypes.CDLL(str(library), mode=os.RTLD_LAZY)


def asked(
    esp_nn: ctypes.CDLL, op: str, height: Side, width: Side, channels: int, multiplier: int = 0
) -> Callable[[int], int]:
    """What esp-nn asks for, given the number of outputs.

    data_dims_t is width, height, channels; the structs of parameters have two offsets, the
    multiplier if depthwise, then stride and padding, width first in each.
    """
    function = getattr(esp_nn, f"esp_nn_get_{op}_scratch_size_esp32s3")
    parameters = [0, 0, *([multiplier] if multiplier else [])]
    parameters += [width.stride, height.stride, width.padding, height.padding]

    def ask(outputs: int) -> int:
        return int(
            function(
                Ints(width.input, height.input, channels),
                Ints(width.filter, height.filter, channels),
                Ints(width.output, height.output, outputs),
                Ints(*parameters),
            )
        )

    return ask


@st.composite
def sides(draw: st.DrawFn) -> Side:
    """As a valid model has them: padding same or valid."""
    window, stride = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    size = draw(st.integers(window, 70))
    same = draw(st.booleans())
    output = -(-size // stride) if same else (size - window) // stride + 1
    return esp32s3.side(size, output, window, stride, 1)


channels = st.integers(1, 40)


@given(sides(), sides(), channels, channels)
@example(Side(1, 1, 1, 1, 0), Side(1, 1, 1, 1, 0), 3, 4)
@example(Side(8, 8, 1, 1, 0), Side(8, 8, 1, 1, 0), 8, 4)
def test_convolutions(
    esp_nn: ctypes.CDLL, height: Side, width: Side, inputs: int, outputs: int
) -> None:
    ask = asked(esp_nn, "conv", height, width, inputs)
    assert conv_scratch(height, width, inputs, outputs) == ask(outputs)


@given(sides(), sides(), channels, st.integers(1, 8))
@example(Side(70, 70, 3, 1, 1), Side(70, 70, 3, 1, 1), 16, 1)
@example(Side(8, 6, 3, 1, 0), Side(8, 6, 3, 1, 0), 24, 1)
@example(Side(70, 70, 5, 1, 2), Side(70, 70, 5, 1, 2), 8, 1)
@example(Side(8, 8, 3, 1, 1), Side(8, 8, 3, 1, 1), 5, 1)
def test_depthwise_convolutions(
    esp_nn: ctypes.CDLL, height: Side, width: Side, inputs: int, multiplier: int
) -> None:
    ask = asked(esp_nn, "depthwise_conv", height, width, inputs, multiplier)
    want = ask(inputs * multiplier)
    assert depthwise_scratch(height, width, inputs, multiplier) == want


def test_padding_is_what_tflite_computes() -> None:
    assert esp32s3.side(8, 8, 3, 1, 1).padding == 1
    assert esp32s3.side(8, 4, 3, 2, 1).padding == 0
    assert esp32s3.side(8, 8, 3, 1, 2).padding == 2
    assert esp32s3.side(8, 6, 3, 1, 1).padding == 0


def test_a_model_needs_more_there() -> None:
    model = (ROOT / "device" / "digits.tflite").read_bytes()
    there = predict_arena(model, esp32s3=True)
    assert there.arena > predict_arena(model).arena
