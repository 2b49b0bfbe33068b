"""Convolutions of Espressif's for the ESP32-S3, less those that esp_nn_s3.c keeps from them.

Their C is compiled here, with C in the place of their assembly: so this tests which function
takes a layer, with which copies and in which memory, not the assembly.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from skips import or_skip
from tinycnn.firmware.esp32.build import PROJECT
from tinycnn.firmware.fetch import fetch

HERE = Path(__file__).parent / "esp_nn_s3"
WRAPPED = ("conv_s8", "depthwise_conv_s8")
NEVER_CALLED = (
    "esp_nn_conv_s8_1x1",
    "esp_nn_conv_s8_mult8_1x1_esp32s3",
    *(f"__real_esp_nn_fully_connected{which}_s8_esp32s3" for which in ("", "_per_ch")),
    *(f"esp_nn_fully_connected{which}_s8_ansi" for which in ("", "_per_ch")),
)
Compare = Callable[..., int]


@pytest.fixture(scope="module")
def compare(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Compare]:
    """`compare()` of compare.c, with the layers kept from Espressif's functions or not."""
    with or_skip():
        tree = fetch("esp-nn").path
    folder = tmp_path_factory.mktemp("esp-nn-s3")
    include = [f"-I{tree / 'include'}", f"-I{tree / 'src' / 'common'}"]
    ours = PROJECT / "esp_nn_s3.c"
    warnings = ["-Wall", "-Wextra", "-Werror"]
    subprocess.run(
        ["gcc", "-std=gnu11", "-fPIC", *warnings, *include, "-c", ours, "-o", folder / "ours.o"],
        check=True,
    )
    theirs = sorted(tree.glob("src/convolution/*conv*_ansi.c")) + [
        tree / "src" / "convolution" / name
        for name in (
            "esp_nn_conv_esp32s3.c",
            "esp_nn_depthwise_conv_s8_esp32s3.c",
            "esp_nn_depthwise_conv_opt.c",
        )
    ]
    link = ["gcc", "-shared", "-fPIC", "-O1", "-w", *include, HERE / "compare.c"]
    link += [HERE / "stand_ins.c", *theirs]
    link += [f"-Wl,--defsym={name}=0" for name in NEVER_CALLED]
    wrap = [f"-Wl,--wrap=esp_nn_{name}_esp32s3" for name in WRAPPED]
    subprocess.run([*link, "-o", folder / "plain.so"], check=True)
    subprocess.run([*link, folder / "ours.o", *wrap, "-o", folder / "kept.so"], check=True)

    def made(kept: bool) -> Compare:
        name = folder / ("kept.so" if kept else "plain.so")
        found: Compare = ctypes.CDLL(str(name)).compare
        return found

    return made


def side(size: int, window: int, stride: int, same: bool) -> tuple[int, int]:
    """(outputs, padding before the first), as TFLite has them."""
    outputs = -(-size // stride) if same else (size - window) // stride + 1
    return outputs, max(0, (outputs - 1) * stride + window - size) // 2


def layer(
    size: tuple[int, int], window: tuple[int, int], stride: int, same: bool
) -> tuple[int, ...]:
    """What `compare()` is given between the channels of input and output."""
    (height, down), (width, left) = (
        side(n, w, stride, same) for n, w in zip(size, window, strict=True)
    )
    return (*window, stride, stride, down, left, height, width)


@st.composite
def layers(draw: st.DrawFn) -> tuple[tuple[int, int], tuple[int, ...]]:
    window = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)) | st.just((3, 3)))
    size = tuple(draw(st.integers(least, 24)) for least in window)
    stride = draw(st.integers(1, 3))
    return size, layer(size, window, stride, draw(st.booleans()))  # type: ignore[return-value,arg-type]


@settings(max_examples=400, deadline=None)
@given(layers(), st.integers(1, 20), st.integers(1, 9))
def test_conv(
    compare: Callable[[bool], Compare],
    drawn: tuple[tuple[int, int], tuple[int, ...]],
    channels: int,
    outputs: int,
) -> None:
    size, middle = drawn
    assume(middle[:3] != (1, 1, 1))  # pointwise: nothing but assembly
    assert compare(True)(*size, channels, *middle, outputs, 0) == 0


@settings(max_examples=600, deadline=None)
@given(layers(), st.integers(1, 130) | st.integers(1, 8).map(lambda n: 8 * n), st.integers(1, 9))
def test_depthwise(
    compare: Callable[[bool], Compare],
    drawn: tuple[tuple[int, int], tuple[int, ...]],
    channels: int,
    multiplier: int,
) -> None:
    size, middle = drawn
    for times in (1, multiplier):
        assert compare(True)(*size, channels, *middle, channels * times, times) == 0


WRONG, OUTSIDE = 1, 2


@pytest.mark.parametrize(
    ("size", "window", "stride", "channels", "multiplier", "fault"),
    [
        ((8, 8), (4, 4), 1, 8, 0, WRONG),
        ((8, 8), (5, 5), 2, 8, 0, WRONG),
        ((8, 7), (3, 3), 2, 16, 1, OUTSIDE),
        ((50, 50), (3, 3), 2, 16, 1, OUTSIDE),
        ((24, 24), (5, 5), 1, 64, 1, WRONG),
    ],
    ids=[
        "even window",
        "stride over an even side",
        "padding on one side",
        "large",
        "large by rows",
    ],
)
def test_fault_is_there_and_kept_off(
    compare: Callable[[bool], Compare],
    size: tuple[int, int],
    window: tuple[int, int],
    stride: int,
    channels: int,
    multiplier: int,
    fault: int,
) -> None:
    """Should esp-nn mend one, its line in esp_nn_s3.c can go."""
    words = (*size, channels, *layer(size, window, stride, True), channels, multiplier)
    assert compare(False)(*words) & fault
    assert compare(True)(*words) == 0


TAKEN = """
const char *taken;
void esp_nn_fully_connected_s8_ansi(void) { taken = "ansi"; }
void esp_nn_fully_connected_per_ch_s8_ansi(void) { taken = "ansi"; }
void __real_esp_nn_fully_connected_s8_esp32s3(void) { taken = "s3"; }
void __real_esp_nn_fully_connected_per_ch_s8_esp32s3(void) { taken = "s3"; }
"""


@pytest.mark.parametrize("which", ["", "_per_ch"])
def test_rows_that_are_no_multiple_of_8_long_are_kept_off(tmp_path: Path, which: str) -> None:
    """The assembly takes the address of each row of weights for a multiple of 8."""
    with or_skip():
        tree = fetch("esp-nn").path
    (tmp_path / "taken.c").write_text(TAKEN)
    sources = [tmp_path / "taken.c", PROJECT / "esp_nn_s3.c"]
    include = [f"-I{tree / 'include'}", f"-I{tree / 'src' / 'common'}"]
    link = ["gcc", "-shared", "-fPIC", "-w", *include, *sources]
    others = [f"{name}_s8" for name in ("conv", "depthwise_conv", "avg_pool")]
    link += [f"-Wl,--defsym=esp_nn_{name}_ansi=0" for name in others]
    link += [f"-Wl,--defsym=__real_esp_nn_{name}_esp32s3=0" for name in others]
    subprocess.run([*link, "-o", tmp_path / "taken.so"], check=True)
    library = ctypes.CDLL(str(tmp_path / "taken.so"))

    def taken(inputs: int, outputs: int, filter_address: int) -> str:
        layer = getattr(library, f"__wrap_esp_nn_fully_connected{which}_s8_esp32s3")
        filter_at = ctypes.c_void_p(filter_address)
        layer(None, 0, inputs, filter_at, 0, None, None, outputs, 0, None, None, -128, 127)
        return (ctypes.c_char_p.in_dll(library, "taken").value or b"").decode()

    assert {inputs: taken(inputs, 5, 4096) for inputs in (8, 20, 33, 64, 117)} == {
        8: "s3", 20: "ansi", 33: "ansi", 64: "s3", 117: "ansi",
    }  # fmt: skip
    assert taken(64, 5, 4100) == "ansi"
    assert (taken(64, 256, 4096), taken(64, 257, 4096)) == ("s3", "ansi")
