// Rules of the ops with weights and windows.

#include "model_rule.h"

enum { PADDING_SAME = 0, PADDING_VALID = 1 };

// Fields of the options of convolutions and pools: padding, stride_w and stride_h come
// first in each.
enum { OPTION_PADDING = 0, OPTION_STRIDE_W = 1, OPTION_STRIDE_H = 2 };

// Weights, biases and how they are quantized. `weights` are laid out with the output
// channels along `channel_dim`; `depth` of them go into one output.
static bool check_weights(check_t *c, const check_tensor_t *data, const check_tensor_t *weights,
    const check_tensor_t *bias, unsigned channel_dim, uint32_t depth) {
    uint32_t channels = (uint32_t)model_check_dim(c, weights, channel_dim);
    bool is_float = data->type == TENSOR_FLOAT32, is_int16 = model_check_is_int16(data);
    if (!model_check_type(c, weights, is_float ? TENSOR_FLOAT32 : TENSOR_INT8, "weights")) {
        return false;
    }
    if (model_check_present(bias)) {
        if (bias->elements != channels) {
            return model_check_fail(c, "%u biases for %u channels", (unsigned)bias->elements, (unsigned)channels);
        }
        // With one of int32 TFLM would sum up int16 in 32 bits, which a few hundred products can fill.
        int type = is_float ? TENSOR_FLOAT32 : is_int16 ? TENSOR_INT64 : TENSOR_INT32;
        if (!model_check_type(c, bias, type, "bias")) {
            return false;
        }
    }
    if (is_float) {
        return true;
    }

    // TFLM looks at how long the dimension is, not which. Its channels are always `channel_dim`.
    uint32_t along = (uint32_t)weights->quantized_dimension; // huge if negative
    if (weights->scales.len != 1
        && (weights->scales.len != channels || along >= weights->rank
            || (uint32_t)model_check_dim(c, weights, along) != channels)) {
        return model_check_fail(c, "%u scales of weights along %d, not %u along %u", (unsigned)weights->scales.len,
            (int)weights->quantized_dimension, (unsigned)channels, channel_dim);
    }
    for (uint32_t i = 0; i < weights->zero_points.len; ++i) {
        if (model_flatbuf_u64_at(&c->buf, weights->zero_points.pos + 8 * i) != 0) {
            return model_check_fail(c, "zero point of weights is not 0");
        }
    }
    uint32_t largest = 0;
    for (uint32_t i = 0; i < weights->scales.len; ++i) {
        uint32_t scale = model_check_scale(c, weights, i);
        largest = scale > largest ? scale : largest;
    }

    // The largest sum an output can come to: every input 255 from its zero point.
    uint64_t magnitude = 0;
    if (model_check_present(bias)) {
        if (bias->data == 0) {
            return model_check_fail(c, "bias is not constant");
        }
        if (!model_check_spend(c, bias->elements)) {
            return false;
        }
        magnitude = model_check_largest(c, bias);
    }
    model_real_t multiplier = model_real_over(
        model_real_times(model_check_real(c, data), model_real(largest)), model_check_real(c, &c->out));
    if (is_int16) {
        // A bias that is out of bounds by itself must not wrap to one that is not.
        magnitude = magnitude >> 47 == 0 ? magnitude + ((uint64_t)depth << 22) : magnitude;
        return model_check_rescale_64(c, magnitude, multiplier);
    }
    return model_check_rescale(c, magnitude + (uint64_t)depth * 255 * 128, multiplier);
}

// Does a window of `window` inputs that moves by `stride` give `out` of `in`?
static bool check_window(check_t *c, int padding, int32_t stride, int64_t window, int32_t in, int32_t out) {
    if (stride < 1 || stride > CHECK_MAX_STEP) {
        return model_check_fail(c, "stride is %d", (int)stride);
    }
    if (window < 1 || window > CHECK_MAX_SIDE) {
        return model_check_fail(c, "window is too large or empty");
    }
    int64_t expected;
    if (padding == PADDING_SAME) {
        expected = ((int64_t)in + stride - 1) / stride;
    } else if (padding == PADDING_VALID) {
        expected = window <= in ? (in - window) / stride + 1 : 0;
    } else {
        return model_check_fail(c, "padding %d is not supported", padding);
    }
    return out == expected
           || model_check_fail(c, "side of %d gives %d, not %d", (int)in, (int)expected, (int)out);
}

// Both sides of an image: dimensions 1 and 2 of `in` and `out`.
static bool check_windows(check_t *c, int64_t height, int64_t width,
    const check_tensor_t *in, const check_tensor_t *out) {
    int padding = (int8_t)model_flatbuf_u8(&c->buf, c->options, OPTION_PADDING);
    return check_window(c, padding, model_flatbuf_i32(&c->buf, c->options, OPTION_STRIDE_H, 0), height,
        model_check_dim(c, in, 1), model_check_dim(c, out, 1))
           && check_window(c, padding, model_flatbuf_i32(&c->buf, c->options, OPTION_STRIDE_W, 0), width,
        model_check_dim(c, in, 2), model_check_dim(c, out, 2));
}

static bool check_images(check_t *c, const check_tensor_t *in) {
    return model_check_rank(c, in, 4, "input") && model_check_rank(c, &c->out, 4, "output")
           && model_check_out_dim(c, 0, model_check_dim(c, in, 0))
           && model_check_sides(c, in) && model_check_sides(c, &c->out);
}

// The side of a kernel of `size` whose elements are `dilation` apart; 0 if that is wrong.
static int64_t dilated(int32_t size, int32_t dilation) {
    if (dilation < 1 || dilation > CHECK_MAX_STEP) {
        return 0;
    }
    return (int64_t)(size - 1) * dilation + 1;
}

// Do the weights of a CONV_2D go with the input's channels, or with each group of so many?
static bool check_groups(check_t *c, const check_tensor_t *weights) {
    int32_t depth = model_check_dim(c, weights, 3), channels = model_check_dim(c, &c->in[0], 3);
    if (channels % depth != 0) {
        return model_check_fail(c, "weights are for %d channels, input has %d", (int)depth, (int)channels);
    }
    int32_t groups = channels / depth, outputs = model_check_dim(c, weights, 0);
    return outputs % groups == 0
           || model_check_fail(c, "%d output channels of %d groups", (int)outputs, (int)groups);
}

bool model_check_conv_2d(check_t *c) {
    enum { ACTIVATION = 3, DILATION_W = 4, DILATION_H = 5 };
    const check_tensor_t *weights = &c->in[1];
    if (!check_images(c, &c->in[0]) || !model_check_rank(c, weights, 4, "weights")
        || !model_check_activation(c, (int8_t)model_flatbuf_u8(&c->buf, c->options, ACTIVATION))
        || !model_check_out_dim(c, 3, model_check_dim(c, weights, 0)) || !check_groups(c, weights)) {
        return false;
    }
    // It would do in float and in TFLM's own kernel; esp-nn's follows a null pointer.
    if (c->in[0].type != TENSOR_FLOAT32 && !model_check_present(&c->in[2])) {
        return model_check_fail(c, "no bias");
    }
    return check_windows(c,
        dilated(model_check_dim(c, weights, 1), model_flatbuf_i32(&c->buf, c->options, DILATION_H, 1)),
        dilated(model_check_dim(c, weights, 2), model_flatbuf_i32(&c->buf, c->options, DILATION_W, 1)),
        &c->in[0], &c->out)
           && check_weights(c, &c->in[0], weights, &c->in[2], 0,
        weights->elements / (uint32_t)model_check_dim(c, weights, 0));
}

bool model_check_depthwise_conv_2d(check_t *c) {
    enum { MULTIPLIER = 3, ACTIVATION = 4, DILATION_W = 5, DILATION_H = 6 };
    const check_tensor_t *weights = &c->in[1];
    if (!check_images(c, &c->in[0]) || !model_check_rank(c, weights, 4, "weights")
        || !model_check_activation(c, (int8_t)model_flatbuf_u8(&c->buf, c->options, ACTIVATION))
        || !model_check_out_dim(c, 3, model_check_dim(c, weights, 3))) {
        return false;
    }
    int32_t multiplier = model_flatbuf_i32(&c->buf, c->options, MULTIPLIER, 0);
    if (model_check_dim(c, weights, 0) != 1
        || (int64_t)multiplier * model_check_dim(c, &c->in[0], 3) != model_check_dim(c, weights, 3)) {
        return model_check_fail(c, "%d channels times %d are not %d", (int)model_check_dim(c, &c->in[0], 3),
            (int)multiplier, (int)model_check_dim(c, weights, 3));
    }
    return check_windows(c,
        dilated(model_check_dim(c, weights, 1), model_flatbuf_i32(&c->buf, c->options, DILATION_H, 1)),
        dilated(model_check_dim(c, weights, 2), model_flatbuf_i32(&c->buf, c->options, DILATION_W, 1)),
        &c->in[0], &c->out)
           && check_weights(c, &c->in[0], weights, &c->in[2], 3,
        weights->elements / (uint32_t)model_check_dim(c, weights, 3));
}

// Inputs: output shape, weights, data, bias. The kernel goes by the output tensor.
bool model_check_transpose_conv(check_t *c) {
    enum { ACTIVATION = 3 };
    const check_tensor_t *weights = &c->in[1];
    const check_tensor_t *data = &c->in[2];
    if (!check_images(c, data) || !model_check_rank(c, weights, 4, "weights")
        || !model_check_activation(c, (int8_t)model_flatbuf_u8(&c->buf, c->options, ACTIVATION))
        || !model_check_out_dim(c, 3, model_check_dim(c, weights, 0))
        || !model_check_int32_constant(c, &c->in[0], 4, "output shape")) {
        return false;
    }
    for (unsigned i = 0; i < 4; ++i) {
        if (!model_check_out_dim(c, i, model_check_constant(c, &c->in[0], i))) {
            return false;
        }
    }
    if (model_check_dim(c, data, 3) != model_check_dim(c, weights, 3)) {
        return model_check_fail(c, "weights are for %d channels, input has %d",
            (int)model_check_dim(c, weights, 3), (int)model_check_dim(c, data, 3));
    }
    // It is the convolution from the output to the input, backwards.
    return check_windows(c, model_check_dim(c, weights, 1), model_check_dim(c, weights, 2), &c->out, data)
           && check_weights(c, data, weights, &c->in[3], 0,
        weights->elements / (uint32_t)model_check_dim(c, weights, 0));
}

bool model_check_pool_2d(check_t *c) {
    enum { WIDTH = 3, HEIGHT = 4, ACTIVATION = 5 };
    if (!check_images(c, &c->in[0])
        || !model_check_activation(c, (int8_t)model_flatbuf_u8(&c->buf, c->options, ACTIVATION))
        || !model_check_out_dim(c, 3, model_check_dim(c, &c->in[0], 3))) {
        return false;
    }
    // An average adds up at most an image, in 32 bits.
    int64_t pixels = (int64_t)model_check_dim(c, &c->in[0], 1) * model_check_dim(c, &c->in[0], 2);
    if (c->in[0].elements > 1 << 23 || (model_check_is_int16(&c->in[0]) && pixels > 1 << 15)) {
        return model_check_fail(c, "image is too large");
    }
    return check_windows(c, model_flatbuf_i32(&c->buf, c->options, HEIGHT, 0),
        model_flatbuf_i32(&c->buf, c->options, WIDTH, 0), &c->in[0], &c->out);
}

bool model_check_fully_connected(check_t *c) {
    enum { ACTIVATION = 0, WEIGHTS_FORMAT = 1, BIAS_TYPE = 4 };
    const check_tensor_t *weights = &c->in[1];
    if (!model_check_activation(c, (int8_t)model_flatbuf_u8(&c->buf, c->options, ACTIVATION))
        || !model_check_rank(c, weights, 2, "weights") || !model_check_sides(c, weights)) {
        return false;
    }
    if (model_flatbuf_u8(&c->buf, c->options, WEIGHTS_FORMAT) != 0) {
        return model_check_fail(c, "shuffled weights are not supported");
    }
    // What it says of a bias that is not there is how wide sums are.
    if (model_check_is_int16(&c->in[0]) && model_flatbuf_u8(&c->buf, c->options, BIAS_TYPE) == TENSOR_INT32) {
        return model_check_fail(c, "bias has type INT32, not INT64");
    }
    uint32_t units = (uint32_t)model_check_dim(c, weights, 0);
    uint32_t depth = (uint32_t)model_check_dim(c, weights, 1);
    uint32_t batches = c->out.elements / units;
    if (c->out.rank < 1) {
        return model_check_fail(c, "output is a scalar");
    }
    if (!model_check_out_dim(c, c->out.rank - 1u, units)) {
        return false;
    }
    if ((uint64_t)batches * depth != c->in[0].elements) {
        return model_check_fail(c, "%u inputs are not %u times %u", (unsigned)c->in[0].elements,
            (unsigned)batches, (unsigned)depth);
    }
    return check_weights(c, &c->in[0], weights, &c->in[2], 0, depth);
}
