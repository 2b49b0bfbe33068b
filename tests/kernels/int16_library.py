"""What the tests of the kernels of int16 share."""

from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt
import pytest

from kernel_layers import range_of
from kernel_library import Kernels, compile_library

Int16 = npt.NDArray[np.int16]


class Range16(ctypes.Structure):
    _fields_ = [("min", ctypes.c_int16), ("max", ctypes.c_int16)]


@pytest.fixture(scope="module", name="kernels")
def int16_kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    """That end with a message where C does not say what happens."""
    flags = ("-fsanitize=undefined", "-fno-sanitize-recover=all", "-static-libubsan")
    return Kernels(compile_library(tmp_path_factory.mktemp("kernels"), *flags))


def range16(activation: int, scale: float) -> Range16:
    """What a fused activation leaves of an output, whose zero point is 0."""
    return Range16(*range_of(activation, scale, 0, np.int16))
