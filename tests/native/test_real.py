"""firmware_build/model/real.c against the doubles of this machine."""

from __future__ import annotations

import ctypes
import math
import struct
import subprocess

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernel_library import STRICT, quantize_multiplier
from thorough import cases
from tinycnn.files import ROOT

MODEL = ROOT / "firmware_build" / "model"


class Real(ctypes.Structure):
    _fields_ = [("mantissa", ctypes.c_uint64), ("exponent", ctypes.c_int32)]

    @property
    def value(self) -> float:
        return math.ldexp(self.mantissa, self.exponent)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    path = tmp_path_factory.mktemp("real") / "libreal.so"
    subprocess.run(
        [
            "gcc",
            *STRICT,
            "-fsanitize=undefined",
            "-fno-sanitize-recover",
            "-shared",
            "-fPIC",
            MODEL / "real.c",
            "-o",
            path,
        ],
        check=True,
    )
    library = ctypes.CDLL(str(path))
    for name in ("", "_whole", "_whole_single", "_times", "_over", "_minus", "_scaled", "_single"):
        getattr(library, f"model_real{name}").restype = Real
    library.model_real_whole.argtypes = [ctypes.c_uint64]
    library.model_real_whole_single.argtypes = [ctypes.c_uint64]
    library.model_real_bits.restype = ctypes.c_uint32
    library.model_real_nearest.restype = ctypes.c_uint32
    return library


def number(bits: int) -> float:
    return float(struct.unpack("<f", struct.pack("<I", bits))[0])


# Of a float32 that is positive or 0: any, powers of two, and those just below one.
EXPONENTS = st.integers(1, 254)
BITS = st.one_of(
    st.integers(0, 0x7F7FFFFF),
    EXPONENTS.map(lambda e: e << 23),
    EXPONENTS.map(lambda e: (e << 23) - 1),
)


@settings(max_examples=cases(2000), deadline=None)
@given(BITS, BITS, BITS)
@example(0, 1, 0x3F800000)
def test_as_doubles(real: ctypes.CDLL, a: int, b: int, c: int) -> None:
    x, y, z = map(real.model_real, (a, b, c))
    assert x.value == number(a)
    product = real.model_real_times(x, y)
    assert product.value == number(a) * number(b)
    assert real.model_real_scaled(product, -7).value == product.value / 128
    smaller, larger = sorted((product, z), key=lambda r: r.value)
    assert real.model_real_minus(larger, smaller).value == larger.value - smaller.value
    order = real.model_real_compare(product, z)
    assert (order > 0) - (order < 0) == (product.value > z.value) - (product.value < z.value)
    if c != 0:
        quotient = real.model_real_over(product, z)
        assert quotient.value == product.value / z.value
        # 53 bits times 53 bits
        assert real.model_real_times(quotient, product).value == quotient.value * product.value


@settings(max_examples=cases(2000), deadline=None)
@given(BITS, BITS.filter(bool))
def test_single_precision(real: ctypes.CDLL, a: int, b: int) -> None:
    x, y = real.model_real(a), real.model_real(b)
    with np.errstate(all="ignore"):
        for made, want in (
            (real.model_real_times(x, y), np.float32(number(a)) * np.float32(number(b))),
            (real.model_real_over(x, y), np.float32(number(a)) / np.float32(number(b))),
        ):
            single = real.model_real_single(made)
            if np.isfinite(want) and (a == 0 or want > np.finfo(np.float32).tiny):
                assert np.float32(single.value) == want
                assert real.model_real_bits(single) == np.float32(want).view(np.uint32)


@settings(max_examples=cases(2000), deadline=None)
@given(BITS.filter(lambda bits: number(bits) < 2**126), st.integers(0, 2**53 - 1))
def test_factors(real: ctypes.CDLL, bits: int, whole: int) -> None:
    assert real.model_real_whole(whole).value == whole
    for x in (real.model_real(bits), real.model_real_whole(whole)):
        multiplier, shift = ctypes.c_int32(), ctypes.c_int8()
        real.model_real_factor(x, ctypes.byref(multiplier), ctypes.byref(shift))
        assert (multiplier.value, shift.value) == quantize_multiplier(x.value)


@settings(max_examples=cases(5000), deadline=None)
@given(BITS, BITS)
@example(1, 0x3F000000)  # half of the least subnormal, which is even
@example(3, 0x3F000000)
@example(0x7F7FFFFF, 0x3F800001)
@example(0x00FFFFFF, 0x3F000000)
def test_nearest_single(real: ctypes.CDLL, a: int, b: int) -> None:
    with np.errstate(over="ignore", under="ignore"):
        expected = np.float32(number(a)) * np.float32(number(b))
    product = real.model_real_times(real.model_real(a), real.model_real(b))
    assert real.model_real_nearest(product) == int(expected.view(np.uint32))


@settings(max_examples=cases(5000), deadline=None)
@given(st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 2**26), st.integers(2**53, 2**55)))
@example(2**24 + 1)
@example(2**53 + 2**29 + 1)  # which two roundings get wrong
@example(2**64 - 1)
def test_whole_single(real: ctypes.CDLL, x: int) -> None:
    assert real.model_real_whole_single(x).value == float(np.uint64(x).astype(np.float32))
