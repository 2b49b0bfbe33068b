"""Values in and out of tensors: what a native module makes of them by integers is what a firmware
makes of them by floats."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernel_library import STRICT
from thorough import cases
from tinycnn.files import ROOT

FIRMWARE = ROOT / "firmware_build"
ROOMS = [f"-I{FIRMWARE / room}" for room in ("tflm", "model", "kernels")]
FLOATS = [FIRMWARE / "tflm" / "tflm_real.c"]
INTEGERS = [
    FIRMWARE / "native" / "mpy" / "mpy_real.c",
    FIRMWARE / "model" / "real.c",
    FIRMWARE / "kernels" / "quantize.c",
]
INFINITE, SIGN = 0x7F800000, 1 << 31


def _library(sources: list[Path], path: Path) -> ctypes.CDLL:
    checked = ["-fsanitize=undefined", "-fno-sanitize-recover"]
    words = [*STRICT, *checked, *ROOMS, "-shared", "-fPIC", *sources, "-lm", "-o", path]
    subprocess.run(["gcc", *words], check=True)
    library = ctypes.CDLL(str(path))
    library.tflm_real_quantized.restype = ctypes.c_int64
    library.tflm_real_quantized.argtypes = [
        ctypes.c_uint32,
        ctypes.c_uint32,
        ctypes.c_int32,
        ctypes.c_char,
    ]
    library.tflm_real_dequantized.restype = ctypes.c_uint32
    library.tflm_real_dequantized.argtypes = [
        ctypes.c_int64,
        ctypes.c_uint32,
        ctypes.c_int32,
        ctypes.c_char,
    ]
    return library


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[ctypes.CDLL, ctypes.CDLL]:
    folder = tmp_path_factory.mktemp("reals")
    return _library(FLOATS, folder / "floats.so"), _library(INTEGERS, folder / "integers.so")


POWERS = st.integers(0, 254).map(lambda e: e << 23)
REALS = st.one_of(
    st.integers(0, INFINITE),
    POWERS,
    st.tuples(POWERS, st.integers(-3, 3)).map(lambda p: max(0, sum(p))),
    st.integers(100 << 23, 160 << 23),
)
VALUES = st.tuples(REALS, st.sampled_from([0, SIGN])).map(sum)
SCALES = st.one_of(
    st.just(0), st.integers(1 << 23, INFINITE - 1), st.integers(100 << 23, 134 << 23)
)
CODES = st.sampled_from([c.encode() for c in "bBhHiIqQ"])
ZERO_POINTS = st.integers(-(2**15), 2**16)


@settings(max_examples=cases(4000), deadline=None)
@given(VALUES, SCALES, ZERO_POINTS, CODES)
@example(0x5F000000, 0, 0, b"Q")  # 2**63
@example(0x5E800000, 0, 7, b"q")  # 2**62
@example(0x5F800000, 0, 0, b"Q")  # 2**64
@example(SIGN | 0x5E800000, 0, 0, b"Q")
@example(0x3F000000, 0x3F800000, 0, b"b")  # 1/2
@example(1, 1 << 23, 0, b"h")
@example(INFINITE, 0x3F800000, 3, b"i")
def test_quantized(
    both: tuple[ctypes.CDLL, ctypes.CDLL], value: int, scale: int, zero_point: int, code: bytes
) -> None:
    floats, integers = (
        library.tflm_real_quantized(value, scale, zero_point, code) for library in both
    )
    assert floats == integers


@settings(max_examples=cases(4000), deadline=None)
@given(
    st.one_of(st.integers(-(2**31), 2**32), st.integers(-(2**62), 2**62), st.integers(-300, 300)),
    SCALES,
    ZERO_POINTS,
    CODES,
)
@example(2**24 + 1, 0, 0, b"i")
@example(-1, 0, 0, b"Q")
@example(-128, 0x7F7FFFFF, 127, b"b")
@example(3, 1 << 23, 2, b"i")
def test_dequantized(
    both: tuple[ctypes.CDLL, ctypes.CDLL], raw: int, scale: int, zero_point: int, code: bytes
) -> None:
    if code == b"b":
        raw, zero_point = raw % 256 - 128, zero_point % 256 - 128
    floats, integers = (
        library.tflm_real_dequantized(raw, scale, zero_point, code) for library in both
    )
    assert floats == integers
