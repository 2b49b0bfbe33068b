"""What esp-nn's convolutions for the ESP32-S3 ask for besides: scratch memory.

On other chips its kernels ask for none. The formulas are those of esp-nn at the commit
that sources.toml pins: esp_nn_get_conv_scratch_size_esp32s3() and
esp_nn_get_depthwise_conv_scratch_size_esp32s3(), in src/convolution/esp_nn_conv_esp32s3.c
and esp_nn_depthwise_conv_s8_esp32s3.c. All sizes are in bytes, all shapes in elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinycnn.tflite.arena.planner import up
from tinycnn.tflite.graph import Node, Tensor

INT = 4
"""Bytes of an int."""


@dataclass(frozen=True)
class Side:
    """A convolution along one side of the image; `padding` is what comes before it."""

    input: int
    output: int
    filter: int
    stride: int
    padding: int

    @property
    def end(self) -> int:
        """How far esp-nn thinks that the last window reaches over the image; below 0, not."""
        return self.output * self.stride + self.filter - 1 - self.input


def scratch(node: Node, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, ...]:
    """What `node` asks for if esp-nn's kernel runs it: of them int8 convolutions do."""
    if node.window is None or inputs[0].type != "INT8":
        return ()
    image, filters, result = (each.shape for each in (inputs[0], inputs[1], outputs[0]))
    stride, dilation = node.window.stride, node.window.dilation
    height, width = (
        side(image[i], result[i], filters[i], stride[i - 1], dilation[i - 1]) for i in (1, 2)
    )
    if node.op == "CONV_2D":
        return (conv_scratch(height, width, image[3], result[3]),)
    return (depthwise_scratch(height, width, image[3], result[3] // image[3]),)


def side(size: int, output: int, window: int, stride: int, dilation: int) -> Side:
    """With the padding that TFLite computes (kernels/padding.h), as for dilation."""
    reach = (output - 1) * stride + (window - 1) * dilation + 1
    return Side(size, output, window, stride, max(0, reach - size) // 2)


def conv_scratch(height: Side, width: Side, channels: int, outputs: int) -> int:
    """For a CONV_2D of `channels` into `outputs` channels."""
    pixels = height.input * width.input
    window = height.filter * width.filter * channels
    row = width.filter * channels
    margin = 64
    if _pointwise(height) and _pointwise(width):
        wide = up(channels, 8)
        return (
            (pixels * wide if channels % 8 else 0)
            + wide * outputs
            + (16 * wide if pixels >= 8 else 0)
            + margin
        )
    if row < 16 <= window:
        return outputs * (INT + up(window, 16)) + up(window, 16) + 32 + margin
    padded = 0
    if height.padding or width.padding:
        padded = _area(height, width, 2 * height.padding, 2 * width.padding) * channels
    if height.end > 0 or width.end > 0:
        padded += _area(height, width, max(0, height.end), max(0, width.end)) * channels
    filters = height.filter * (width.filter * up(channels, 16) + up(row, 16)) * outputs
    return padded + filters + outputs * INT + margin


def depthwise_scratch(height: Side, width: Side, channels: int, multiplier: int) -> int:
    """For a DEPTHWISE_CONV_2D with `multiplier` outputs for each of `channels`."""
    pixels = height.input * width.input
    taps = height.filter * width.filter
    filters = taps * channels * multiplier
    if multiplier != 1:
        return 2 * (filters + pixels * channels) + 32 if multiplier % 4 == 0 else 32
    if channels % 8:
        return _widened(height, width, up(channels, 8)) if channels > 3 else 32
    if height.filter != 3 or width.filter != 3:
        whole = 2 * (filters + pixels * channels)
        tile = 2 * (filters + width.input * height.filter * channels)
        return (whole if whole <= 48 * 1024 else tile) + 32
    if channels % 16 == 0:
        return filters + _padded_3x3(height, width, channels) + 16
    if channels > 8:
        wide = up(channels, 16)
        more = [2 * side.padding + max(0, side.end) for side in (height, width)]
        images = _area(height, width, *more) + height.output * width.output
        return (taps + images) * wide + 64
    return 2 * (filters + pixels * channels) + 32


def _pointwise(side: Side) -> bool:
    return (side.filter, side.stride, side.padding) == (1, 1, 0)


def _area(height: Side, width: Side, more_height: int, more_width: int) -> int:
    return (height.input + more_height) * (width.input + more_width)


def _padded_3x3(height: Side, width: Side, channels: int) -> int:
    """A padded copy of the image, or of as many rows as a window has."""
    if height.padding or width.padding:
        more = (2 * height.padding, 2 * width.padding)
    else:
        more = (height.end, width.end)
    if not any(more):
        return 0
    whole = _area(height, width, *more) * channels
    if whole <= 40 * 1024:
        return whole
    return (width.input + more[1]) * height.filter * channels


def _widened(height: Side, width: Side, channels: int) -> int:
    """Filters, image, result, biases, shifts and multipliers, for as many channels."""
    end = 2 * height.filter * width.filter * channels
    for size in (2 * height.input * width.input, height.output * width.output):
        end = up(end, 16) + size * channels
    return up(end, 16) + 3 * INT * channels + 16
