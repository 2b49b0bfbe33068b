// What our kernels ask of the arena, by the shapes that stand in a model: own.py calls this.
//
// Images are [batches, height, width, depth], weights [., height, width, .], steps
// [height, width] each.

#include "kernels.h"

// TFLite's padding, of which half comes first.
static uint16_t pad(int32_t in, int32_t out, int32_t taps, int32_t stride, int32_t dilation) {
    int32_t more = (out - 1) * stride + (taps - 1) * dilation + 1 - in;
    return (uint16_t)(more > 0 ? more / 2 : 0);
}

static int8_window_t window_of(const int32_t *input, const int32_t *weights, const int32_t *output,
    const int32_t *strides, const int32_t *dilations) {
    return (int8_window_t) {
        (uint16_t)input[1], (uint16_t)input[2],
        (uint16_t)output[1], (uint16_t)output[2],
        (uint16_t)weights[1], (uint16_t)weights[2],
        (uint16_t)strides[0], (uint16_t)strides[1],
        (uint16_t)dilations[0], (uint16_t)dilations[1],
        pad(input[1], output[1], weights[1], strides[0], dilations[0]),
        pad(input[2], output[2], weights[2], strides[1], dilations[1]),
    };
}

size_t own_scratch_CONV_2D(const int32_t *input, const int32_t *weights, const int32_t *output,
    const int32_t *strides, const int32_t *dilations) {
    int8_conv_2d_t op = {
        .window = window_of(input, weights, output, strides, dilations),
        .in_depth = (uint16_t)weights[3],
        .out_depth = (uint16_t)output[3],
        .groups = (uint16_t)(input[3] / weights[3]),
    };
    return int8_conv_2d_scratch(&op);
}

size_t own_scratch_DEPTHWISE_CONV_2D(const int32_t *input, const int32_t *weights,
    const int32_t *output, const int32_t *strides, const int32_t *dilations) {
    int8_depthwise_conv_2d_t op = {
        .window = window_of(input, weights, output, strides, dilations),
        .in_depth = (uint16_t)input[3],
        .multiplier = (uint16_t)(output[3] / input[3]),
    };
    return int8_depthwise_conv_2d_scratch(&op);
}
