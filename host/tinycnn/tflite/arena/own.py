"""What our own convolutions ask for: scratch memory, by shapes alone.

The formulas are those of int8_conv_2d_scratch() and int8_depthwise_conv_2d_scratch() in
firmware_build/kernels/. All sizes are in bytes, all shapes in elements.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinycnn.tflite.arena.planner import up
from tinycnn.tflite.graph import TYPE_BYTES, Node, Tensor

WORD = TYPE_BYTES["INT32"]

_MAX_TAPS = 1024
"""Of a window whose values are gathered in a patch."""

_MAX_TURNED = 4096
"""Weights that are put into another order."""

_MAX_SUMS = 64
"""Of a channel, unless a row has more."""


def scratch(node: Node, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, ...]:
    """What `node` asks for if our kernel runs it: of them int8 convolutions do."""
    if node.window is None or inputs[0].type != "INT8":
        return ()
    if node.op == "CONV_2D":
        asked = _conv(node, inputs, outputs)
    elif node.op == "DEPTHWISE_CONV_2D":
        asked = _depthwise(node, inputs, outputs)
    else:
        asked = 0
    return (asked,) if asked else ()


def _conv(node: Node, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
    height, width, depth = inputs[1].shape[1:]
    slides = depth == 1 and _slides(node, inputs)
    return _sums(outputs) if slides else _packed(height * width * depth, outputs)


def _depthwise(node: Node, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
    height, width, depth = inputs[1].shape[1:]
    turned = height * width * depth
    if _slides(node, inputs):
        return _sums(outputs)
    if inputs[0].shape[3] == 1 and turned <= _MAX_TURNED:
        return up(turned, WORD) + _packed(height * width, outputs)
    return 0


def _packed(taps: int, outputs: Sequence[Tensor]) -> int:
    """A patch of two words for each tap; three words of factors for each output channel."""
    return WORD * (2 * taps + 3 * outputs[0].shape[3]) if taps <= _MAX_TAPS else 0


def _slides(node: Node, inputs: Sequence[Tensor]) -> bool:
    window = node.window
    assert window is not None
    by_two = window.stride[1] <= 2
    return inputs[1].shape[1:3] == (3, 3) and window.dilation == (1, 1) and by_two


def _sums(outputs: Sequence[Tensor]) -> int:
    """Of some rows of one channel."""
    rows, columns = outputs[0].shape[1:3]
    return WORD * columns * min(rows, max(1, _MAX_SUMS // columns))
