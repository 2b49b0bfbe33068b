// Rules of the ops on each value of one tensor, and of softmax.

#include "model_rule.h"

// Integers to integers go through a multiplier, float to integers does not.
bool model_check_quantize(check_t *c) {
    static const uint32_t targets[] = {
        [TENSOR_FLOAT32] = TYPE_BIT(TENSOR_INT8) | TYPE_BIT(TENSOR_INT16),
        [TENSOR_INT32] = TYPE_BIT(TENSOR_INT8) | TYPE_BIT(TENSOR_INT16),
        [TENSOR_UINT8] = TYPE_BIT(TENSOR_INT8),
        [TENSOR_INT16] = TYPE_BIT(TENSOR_INT8) | TYPE_BIT(TENSOR_INT16) | TYPE_BIT(TENSOR_INT32),
        [TENSOR_INT8] = TYPE_BIT(TENSOR_INT8) | TYPE_BIT(TENSOR_UINT8) | TYPE_BIT(TENSOR_INT16)
            | TYPE_BIT(TENSOR_INT32),
    };
    if ((targets[c->in[0].type] >> c->out.type & 1) == 0) {
        return model_check_fail(c, "type %s to type %s is not supported",
            model_type_name(c->in[0].type), model_type_name(c->out.type));
    }
    if (!model_check_quantized(c, &c->out, "output") || !model_check_symmetric(c, &c->out, "output")
        || !model_check_symmetric(c, &c->in[0], "input")) {
        return false;
    }
    if (model_check_is_float(c)) {
        return true;
    }
    uint64_t magnitude = c->in[0].type == TENSOR_INT32 ? INT32_MAX - (1 << 16) : UINT16_MAX;
    return model_check_quantized(c, &c->in[0], "input")
           && model_check_rescale(c, magnitude, model_check_ratio(c, &c->in[0], &c->out));
}

bool model_check_dequantize(check_t *c) {
    return model_check_type(c, &c->out, TENSOR_FLOAT32, "output") && model_check_quantized(c, &c->in[0], "input")
           && model_check_symmetric(c, &c->in[0], "input");
}

// The largest difference of two values.
static uint32_t span_of(const check_t *c) {
    return model_check_is_int16(&c->in[0]) ? UINT16_MAX : UINT8_MAX;
}

bool model_check_relu(check_t *c) {
    return model_check_is_float(c)
           || model_check_rescale(c, span_of(c), model_check_ratio(c, &c->in[0], &c->out));
}

// LOGISTIC and TANH. Of int16 the kernels make products of 15 bits and the input.
// The output of int8 is what it is in the kernels, whatever the model says.
static bool check_sigmoid(check_t *c, int bits, int32_t zero_point) {
    if (model_check_is_int16(&c->in[0])) {
        return model_check_scale(c, &c->in[0], 0) <= SCALE_OF_2(1) || model_check_fail(c, "scale of input is too large");
    }
    return model_check_is_float(c)
           || (model_check_scale(c, &c->out, 0) == SCALE_OF_2(-bits)
               && (int64_t)model_flatbuf_u64_at(&c->buf, c->out.zero_points.pos) == zero_point)
           || model_check_fail(c, "the kernel's output has scale 1/%d and zero point %d", 1 << bits, (int)zero_point);
}

bool model_check_logistic(check_t *c) {
    return check_sigmoid(c, 8, -128);
}

bool model_check_tanh(check_t *c) {
    return check_sigmoid(c, 7, 0);
}

// TFLM's int8 kernel clamps but does not rescale: with two scales its result is wrong.
bool model_check_relu6(check_t *c) {
    return c->own ? model_check_relu(c) : model_check_same_quantization(c, &c->in[0], "input");
}

bool model_check_leaky_relu(check_t *c) {
    enum { ALPHA = 0 };
    uint32_t alpha = model_check_float(c, ALPHA);
    if (!model_check_finite(alpha)) {
        return model_check_fail(c, "alpha is not finite");
    }
    if (model_check_is_float(c)) {
        return true;
    }
    if (model_check_negative(alpha)) {
        return model_check_fail(c, "alpha is negative");
    }
    model_real_t multiplier = model_check_ratio(c, &c->in[0], &c->out);
    return model_check_rescale(c, span_of(c), multiplier)
           && model_check_rescale(c, span_of(c), model_real_times(multiplier, model_real(alpha)));
}

bool model_check_rsqrt(check_t *c) {
    if (model_check_is_float(c)) {
        return true;
    }
    // The kernel takes 20 bits of a root's reciprocal, and shifts them by the exponent of
    // 1 / (sqrt(input scale) * output scale) less 20.
    model_real_t out = model_check_real(c, &c->out);
    model_real_t product = model_real_times(model_real_times(model_check_real(c, &c->in[0]), out), out);
    model_real_t square = model_real_over(model_real_whole(1), product);
    return (model_check_at_least(square, -20) && model_check_at_most(square, 56))
           || model_check_fail(c, "scales are too far apart");
}

bool model_check_cast(check_t *c) {
    uint32_t targets = TYPE_FLOAT_OR_INT8 | TYPE_BIT(TENSOR_INT16) | TYPE_BIT(TENSOR_INT32) | TYPE_BIT(TENSOR_UINT32);
    return (targets >> c->out.type & 1) != 0
           || model_check_fail(c, "output type %s is not supported", model_type_name(c->out.type));
}

bool model_check_l2_normalization(check_t *c) {
    enum { ACTIVATION = 0 };
    if (c->in[0].rank < 1 || c->in[0].rank > 4) {
        return model_check_fail(c, "%u dimensions, not 1 to 4", c->in[0].rank);
    }
    if (model_flatbuf_u8(&c->buf, c->options, ACTIVATION) != 0) {
        return model_check_fail(c, "activation is not supported");
    }
    if (model_check_is_float(c)) {
        return true;
    }
    // So that a sum of squares fits.
    if (model_check_dim(c, &c->in[0], c->in[0].rank - 1u) > 1 << 15) {
        return model_check_fail(c, "more than %u values", 1u << 15);
    }
    return (model_check_scale(c, &c->out, 0) == SCALE_OF_2(-7) && model_flatbuf_u64_at(&c->buf, c->out.zero_points.pos) == 0)
           || model_check_fail(c, "the kernel's output has scale 1/128 and zero point 0");
}

bool model_check_log_softmax(check_t *c) {
    if (c->in[0].rank < 1) {
        return model_check_fail(c, "input is a scalar");
    }
    if (model_check_is_float(c)) {
        return true;
    }
    // The kernel sums exponentials in 12 bits before the point.
    if (model_check_dim(c, &c->in[0], c->in[0].rank - 1u) > 2047) {
        return model_check_fail(c, "more than 2047 values");
    }
    // It aborts unless the scale in Q5.26 is above 1.
    if (model_check_scale(c, &c->in[0], 0) <= SCALE_OF_2(1 - 26)) {
        return model_check_fail(c, "scale of input is too small");
    }
    return (model_check_scale(c, &c->out, 0) == SCALE_OF_2(-4)
            && (int64_t)model_flatbuf_u64_at(&c->buf, c->out.zero_points.pos) == 127)
           || model_check_fail(c, "the kernel's output has scale 1/16 and zero point 127");
}

bool model_check_cumsum(check_t *c) {
    if (!model_check_int32_constant(c, &c->in[1], 1, "axis")) {
        return false;
    }
    return model_check_axis(c, model_check_constant(c, &c->in[1], 0), c->in[0].rank) >= 0;
}

bool model_check_hard_swish(check_t *c) {
    if (model_check_is_float(c)) {
        return true;
    }
    // The kernel shifts 16-bit numbers by the exponents of these.
    uint32_t scale = model_check_scale(c, &c->in[0], 0);
    model_real_t ratio = model_check_ratio(c, &c->in[0], &c->out);
    return (scale >= SCALE_OF_2(-20) && scale <= SCALE_OF_2(8)
            && model_check_at_least(ratio, -7) && !model_check_at_least(ratio, 7))
           || model_check_fail(c, "scales are too far apart");
}

static bool is_positive(uint32_t bits) {
    return bits << 1 != 0 && !model_check_negative(bits);
}

// The kernel takes exponentials, of 15 bits, and the reciprocal of their sum from tables: of
// differences to the largest value, in units of 10 / 65535.
static bool check_softmax_int16(check_t *c, uint32_t beta) {
    if (model_check_dim(c, &c->in[0], c->in[0].rank - 1u) > UINT16_MAX) {
        return model_check_fail(c, "more than 65535 values");
    }
    if (!is_positive(beta)) {
        return model_check_fail(c, "beta is not positive");
    }
    model_real_t steps = model_real_scaled(model_real_whole(13107), -1); // 6553.5
    return model_check_rescale(c, UINT16_MAX,
        model_real_times(model_real_times(model_real(beta), model_check_real(c, &c->in[0])), steps));
}

bool model_check_softmax(check_t *c) {
    enum { BETA = 0 };
    if (c->in[0].rank < 1) {
        return model_check_fail(c, "input is a scalar");
    }
    uint32_t beta = model_check_float(c, BETA);
    if (!model_check_finite(beta)) {
        return model_check_fail(c, "beta is not finite");
    }
    if (model_check_is_float(c)) {
        return true;
    }
    if (model_check_is_int16(&c->in[0])) {
        return check_softmax_int16(c, beta);
    }
    // Up to 511 exponentials of at most 1 leave the exponent that TFLM aborts on
    // otherwise out of reach.
    if (model_check_dim(c, &c->in[0], c->in[0].rank - 1u) > 511) {
        return model_check_fail(c, "TFLM's int8 softmax can abort over more than 511 values");
    }
    // It aborts unless this product in Q5.26 is above 1.
    if (!is_positive(beta) || model_check_at_most(model_real_times(model_real(beta), model_check_real(c, &c->in[0])), -26)) {
        return model_check_fail(c, "beta times scale is too small");
    }
    return true;
}
