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
        height, width, depth = inputs[1].shape[1:]
        asked = _conv(height, width, depth, outputs[0].shape[3])
    elif node.op == "DEPTHWISE_CONV_2D":
        asked = _depthwise(node, inputs, outputs)
    else:
        asked = 0
    return (asked,) if asked else ()


def _conv(height: int, width: int, depth: int, outputs: int) -> int:
    """A patch of two words for each tap, and a bias for each output channel."""
    taps = height * width * depth
    return WORD * (2 * taps + outputs) if taps <= _MAX_TAPS else 0


def _depthwise(node: Node, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
    assert node.window is not None
    height, width, depth = inputs[1].shape[1:]
    turned = height * width * depth
    if inputs[0].shape[3] == 1 and turned <= _MAX_TURNED:
        return up(turned, WORD) + _conv(height, width, 1, depth)
    window = node.window
    slides = (height, width) == (3, 3) and window.dilation == (1, 1) and window.stride[1] <= 2
    rows, columns = outputs[0].shape[1:3]
    return WORD * columns * min(rows, max(1, _MAX_SUMS // columns)) if slides else 0
