"""The quantize arithmetic against TFLite's own QUANTIZE op, and TFLM against LiteRT."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from host_helpers import Pipeline
from litert import outputs_of, prepared
from tflite_models import INT8, OP, Tensor, one_op
from tinycnn.errors import UserError
from tinycnn.tflite.read import inspect_tflite
from tinycnn.tflite.run import dequantize, quantize, run_litert, run_tflm

ROW = 16


def quantized_by_tflite(values: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """What the QUANTIZE op of LiteRT's reference kernels makes of 16 float32 values."""
    target = Tensor([1, ROW], INT8, scale=scale, zero_point=zero_point)
    model = prepared(one_op(OP.QUANTIZE, [Tensor([1, ROW])], target))
    return outputs_of(model, [values.reshape(1, ROW)])[0][0]


HALVES = [step + 0.5 for step in range(-8, 8)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(-1000, 1000, width=32), min_size=ROW, max_size=ROW),
    st.floats(2**-13, 16, width=32),
    st.integers(-128, 127),
)
@example(HALVES, 1.0, 0)
@example([h / 4 for h in HALVES], 0.25, -3)
@example([0.49999997, -0.49999997, *HALVES[:14]], 1.0, 127)
@example([200.0, -200.0, 127.5, -128.5, *HALVES[:12]], 1.0, 0)
def test_quantize_is_tflites_op(values: list[float], scale: float, zero_point: int) -> None:
    x = np.array(values, np.float32)
    ours = quantize(x, scale, zero_point)
    assert ours.tolist() == quantized_by_tflite(x, scale, zero_point).tolist()


def test_quantize_saturates_what_no_integer_holds() -> None:
    assert quantize([3e38, -3e38, np.inf, -np.inf], 1e-4, 5).tolist() == [127, -128] * 2


@given(st.lists(st.integers(-128, 127)), st.floats(2**-10, 10, width=32), st.integers(-128, 127))
def test_dequantize_comes_back(raw: list[int], scale: float, zero_point: int) -> None:
    assert quantize(dequantize(raw, scale, zero_point), scale, zero_point).tolist() == raw


@pytest.mark.parametrize(("values", "scale"), [([np.nan], 1.0), ([1.0], 0.0), ([1.0], -1.0)])
def test_quantize_refuses(values: list[float], scale: float) -> None:
    with pytest.raises(ValueError, match="needed"):
        quantize(values, scale, 0)


def test_tflm_int8_is_litert_reference_but_for_few_steps(article_pipeline: Pipeline) -> None:
    model, x = article_pipeline.converted.int8, article_pipeline.dataset.x
    ours = run_tflm(model, x).outputs
    theirs = run_litert(model, x, reference=True).outputs
    assert ours.dtype == np.int8
    assert ours.shape == (1797, 10)
    apart = np.abs(ours.astype(int) - theirs.astype(int))
    # Rescaling is rounded once in TFLM and twice in LiteRT: a step, here and there.
    assert apart.max() <= 1
    assert (apart > 0).sum() <= 0.003 * apart.size


def test_tflm_float_is_litert_reference(article_pipeline: Pipeline) -> None:
    model, x = article_pipeline.converted.float32, article_pipeline.dataset.x
    ours, theirs = run_tflm(model, x).outputs, run_litert(model, x, reference=True).outputs
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


def test_litert_float_is_keras(article_pipeline: Pipeline) -> None:
    from tinycnn._tensorflow import captured

    x = article_pipeline.dataset.x[:200]
    with captured():
        scores = article_pipeline.trained.load().predict(x, verbose=0)
    ours = run_litert(article_pipeline.converted.float32, x).outputs
    np.testing.assert_allclose(ours, scores, rtol=0, atol=1e-4)


def test_op_that_tflm_lacks_is_told() -> None:
    model = inspect_tflite(one_op(OP.SIGN, [Tensor([1, 8])], Tensor([1, 8])), "sign")
    assert model.ops == ("SIGN",)
    assert "SIGN" in model.tflm_error
    with pytest.raises(UserError, match="TFLM cannot run sign"):
        run_tflm(model, np.zeros((1, 8), np.float32))
