"""What the tests of elementwise kernels draw: shapes, scales, and tensors of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from kernel_layers import ACTIVATIONS, Quantized, quantized, zero_points
from kernel_library import Int8
from tflite_models import INT8, Tensor

f32 = np.float32
WHOLE = ACTIVATIONS.NONE

far_scales = st.integers(-27, 29).flatmap(lambda e: st.floats(2.0**e, 2.0 ** (e + 1), width=32))
"""As far apart as the check of models lets them be."""
any_quantized = quantized | st.builds(Quantized, far_scales, zero_points)
dims = st.sampled_from([1, 1, 2, 3, 5, 8, 17])
shapes = st.lists(dims, max_size=4).map(tuple)


def fits(magnitude: int, multiplier: float) -> bool:
    """model_check_rescale()"""
    return magnitude * multiplier <= 1 << 29


def tensor(shape: Sequence[int], of: Quantized, data: Any = None) -> Tensor:
    return Tensor(shape, INT8, data, scale=of.scale, zero_point=of.zero_point)


@st.composite
def broadcasts(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes of which the output has the rank of one, and no dimension beyond theirs."""
    whole = draw(shapes)
    parts = [tuple(n if draw(st.integers(0, 3)) else 1 for n in whole) for _ in range(2)]
    a, b = parts
    short = b[draw(st.integers(0, len(b))) :]
    return draw(st.sampled_from([(a, b), (a, short), (short, a), (whole, whole)]))


def options_of(kind: Any, activation: int) -> Any:
    options = kind()
    options.fusedActivationFunction = activation
    return options


def every_value() -> Int8:
    return np.arange(-128, 128).astype(np.int8)
