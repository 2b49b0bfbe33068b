// Rules of the elementwise ops and of softmax.

#include "model_rule.h"

static double scale_of(const check_t *c, const check_tensor_t *t) {
    return (double)model_check_scale(c, t, 0);
}

static bool is_float(const check_t *c) {
    return c->in[0].type == TENSOR_FLOAT32;
}

static bool is_finite(float value) {
    return value - value == 0;
}

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
    if (!model_check_quantized(c, &c->out, "output")) {
        return false;
    }
    if (is_float(c)) {
        return true;
    }
    uint64_t magnitude = c->in[0].type == TENSOR_INT32 ? INT32_MAX - (1 << 16) : UINT16_MAX;
    return model_check_quantized(c, &c->in[0], "input")
           && model_check_rescale(c, magnitude, scale_of(c, &c->in[0]) / scale_of(c, &c->out));
}

bool model_check_dequantize(check_t *c) {
    return model_check_type(c, &c->out, TENSOR_FLOAT32, "output") && model_check_quantized(c, &c->in[0], "input");
}

// The largest difference of two values.
static uint32_t span_of(const check_t *c) {
    return model_check_is_int16(&c->in[0]) ? UINT16_MAX : UINT8_MAX;
}

bool model_check_relu(check_t *c) {
    return is_float(c)
           || model_check_rescale(c, span_of(c), scale_of(c, &c->in[0]) / scale_of(c, &c->out));
}

// LOGISTIC and TANH. Of int16 the kernels make products of 15 bits and the input.
bool model_check_sigmoid(check_t *c) {
    return !model_check_is_int16(&c->in[0]) || scale_of(c, &c->in[0]) <= 2.0
           || model_check_fail(c, "scale of input is too large");
}

// TFLM's int8 kernel clamps but does not rescale: with two scales its result is wrong.
bool model_check_relu6(check_t *c) {
    return c->own ? model_check_relu(c) : model_check_same_quantization(c, &c->in[0], "input");
}

bool model_check_leaky_relu(check_t *c) {
    enum { ALPHA = 0 };
    uint32_t pos = model_flatbuf_field(&c->buf, c->options, ALPHA, 4);
    float alpha = pos ? model_flatbuf_float_at(&c->buf, pos) : 0;
    if (!is_finite(alpha)) {
        return model_check_fail(c, "alpha is not finite");
    }
    if (is_float(c)) {
        return true;
    }
    if (alpha < 0) {
        return model_check_fail(c, "alpha is negative");
    }
    double multiplier = scale_of(c, &c->in[0]) / scale_of(c, &c->out);
    return model_check_rescale(c, span_of(c), multiplier)
           && model_check_rescale(c, span_of(c), multiplier * (double)alpha);
}

bool model_check_stretches(const check_t *c, const check_tensor_t *b, const check_tensor_t *a) {
    if (b->rank > a->rank) {
        return false;
    }
    for (unsigned i = 1; i <= b->rank; ++i) {
        int32_t dim = model_check_dim(c, b, b->rank - i);
        if (dim != 1 && dim != model_check_dim(c, a, a->rank - i)) {
            return false;
        }
    }
    return true;
}

// Do the first `count` inputs, stretched to one another, make the output's shape? The kernels that are
// ours take any that a tensor may have.
static bool check_broadcast(check_t *c, unsigned count) {
    if (c->out.rank > 4 && !c->own) {
        return model_check_fail(c, "more than 4 dimensions");
    }
    bool fits = true;
    bool as_long = false;
    for (unsigned n = 0; n < count; ++n) {
        fits = fits && model_check_stretches(c, &c->in[n], &c->out);
        as_long = as_long || c->in[n].rank == c->out.rank;
    }
    // Nor may the output be larger than all inputs.
    for (unsigned i = 1; fits && i <= c->out.rank; ++i) {
        int32_t dim = model_check_dim(c, &c->out, c->out.rank - i);
        bool found = false;
        for (unsigned n = 0; n < count; ++n) {
            const check_tensor_t *t = &c->in[n];
            found = found || (i <= t->rank && model_check_dim(c, t, t->rank - i) == dim);
        }
        fits = found;
    }
    return (fits && as_long) || model_check_fail(c, "shapes of inputs and output do not fit");
}

static bool check_operands(check_t *c) {
    return model_check_operand(c, &c->in[0], "input 0") && model_check_operand(c, &c->in[1], "input 1")
           && (!model_check_is_int16(&c->in[1]) || model_check_symmetric(c, &c->in[1], "input 1"));
}

static bool check_second(check_t *c) {
    return model_check_type(c, &c->in[1], c->in[0].type, "input 1")
           && (is_float(c) || (check_operands(c) && model_check_quantized(c, &c->out, "output")));
}

bool model_check_prelu(check_t *c) {
    if (!check_second(c) || !check_broadcast(c, 2)) {
        return false;
    }
    if (is_float(c)) {
        return true;
    }
    double multiplier = scale_of(c, &c->in[0]) / scale_of(c, &c->out);
    return model_check_rescale(c, 255, multiplier)
           && model_check_rescale(c, 255 * 255, multiplier * scale_of(c, &c->in[1]));
}

// Numbers without a scale, as TFLM's own audio front end ends with. A quotient needs a divisor that is
// never 0, nor -1.
static bool check_int32(check_t *c, bool quotient) {
    enum { ACTIVATION = 0 };
    const check_tensor_t *second = &c->in[1];
    if (!model_check_type(c, second, TENSOR_INT32, "input 1") || !check_broadcast(c, 2)) {
        return false;
    }
    if (model_flatbuf_u8(&c->buf, c->options, ACTIVATION) != 0) {
        return model_check_fail(c, "activation of int32 is not supported");
    }
    return !quotient || (second->data != 0 && second->elements == 1 && model_check_constant(c, second, 0) > 0)
           || model_check_fail(c, "divisor of int32 is not 1 constant above 0");
}

static bool check_arithmetic(check_t *c) {
    enum { ACTIVATION = 0 };
    return model_check_activation(c, (int8_t)model_flatbuf_u8(&c->buf, c->options, ACTIVATION))
           && check_second(c) && check_broadcast(c, 2);
}

// TFLM takes 2 * scale / 2**20 / output, of int16 by 2**15, and aborts unless it is below 1.
static bool check_sum(check_t *c, float scale) {
    float most = model_check_is_int16(&c->out) ? 1 << 13 : 1 << 18;
    return scale <= model_check_scale(c, &c->out, 0) * most
           || model_check_fail(c, "scale of the output is too small");
}

// ADD and SUB
bool model_check_add(check_t *c) {
    if (c->in[0].type == TENSOR_INT32) {
        return check_int32(c, false);
    }
    if (!check_arithmetic(c)) {
        return false;
    }
    if (is_float(c)) {
        return true;
    }
    float first = model_check_scale(c, &c->in[0], 0);
    float second = model_check_scale(c, &c->in[1], 0);
    return check_sum(c, first > second ? first : second);
}

bool model_check_add_n(check_t *c) {
    check_tensor_t *first = &c->in[0], *t = &c->in[1];
    for (uint32_t i = 1; i < c->inputs.len; ++i) {
        model_check_read_tensor(c, model_flatbuf_vector_i32(&c->buf, c->inputs, i), t);
        if (!model_check_type(c, t, first->type, "input") || !model_check_same_shape(c, t, &c->out)) {
            return false;
        }
        if (!is_float(c)
            && (t->scales.len != 1 || model_check_scale(c, t, 0) != model_check_scale(c, first, 0)
                || model_flatbuf_u64_at(&c->buf, t->zero_points.pos)
                != model_flatbuf_u64_at(&c->buf, first->zero_points.pos))) {
            return model_check_fail(c, "scales of inputs differ");
        }
    }
    return is_float(c) || check_sum(c, model_check_scale(c, first, 0));
}

// int8 where the kernel is ours: TFLM's takes floats alone, or does not survive a division by 0.
static bool check_own_int8(check_t *c) {
    return is_float(c) || c->own
           || model_check_fail(c, "input type %s is not supported", model_type_name(c->in[0].type));
}

// EXP, LOG and SQRT
bool model_check_function(check_t *c) {
    return check_own_int8(c);
}

bool model_check_div(check_t *c) {
    if (c->in[0].type == TENSOR_INT32) {
        return check_int32(c, true);
    }
    return check_own_int8(c) && check_arithmetic(c)
           && (is_float(c) || model_check_rescale(c, 255,
        scale_of(c, &c->in[0]) / (scale_of(c, &c->in[1]) * scale_of(c, &c->out))));
}

bool model_check_mul(check_t *c) {
    if (c->in[0].type == TENSOR_INT32) {
        return check_int32(c, false);
    }
    return check_arithmetic(c)
           && (is_float(c) || model_check_rescale(c, model_check_is_int16(&c->in[0]) ? 1 << 30 : 255 * 255,
        scale_of(c, &c->in[0]) * scale_of(c, &c->in[1]) / scale_of(c, &c->out)));
}

bool model_check_rsqrt(check_t *c) {
    if (is_float(c)) {
        return true;
    }
    // The kernel takes 20 bits of a root's reciprocal, and shifts them by the exponent of
    // 1 / (sqrt(input scale) * output scale) less 20.
    double out = scale_of(c, &c->out);
    double square = 1.0 / (scale_of(c, &c->in[0]) * out * out);
    return (square >= 1.0 / (1 << 20) && square <= (double)(1 << 28) * (double)(1 << 28))
           || model_check_fail(c, "scales are too far apart");
}

bool model_check_squared_difference(check_t *c) {
    if (!check_second(c) || !check_broadcast(c, 2)) {
        return false;
    }
    if (is_float(c)) {
        return true;
    }
    // Differences of numbers with 7 more bits, in units of twice the larger scale.
    double first = scale_of(c, &c->in[0]);
    double second = scale_of(c, &c->in[1]);
    double unit = 2 * (first > second ? first : second);
    return model_check_rescale(c, (uint64_t)32640 * 32640, unit * unit / ((1 << 14) * scale_of(c, &c->out)));
}

// EQUAL, LESS and the like
bool model_check_compare(check_t *c) {
    if (!model_check_type(c, &c->out, TENSOR_BOOL, "output")
        || !model_check_type(c, &c->in[1], c->in[0].type, "input 1") || !check_broadcast(c, 2)) {
        return false;
    }
    if (c->in[0].type != TENSOR_INT8) {
        return true;
    }
    // TFLM aborts on others.
    return check_operands(c)
           && ((scale_of(c, &c->in[0]) < 1.0 && scale_of(c, &c->in[1]) < 1.0)
               || model_check_fail(c, "scale of 1 or more"));
}

// The data are inputs 1 and 2.
bool model_check_select(check_t *c) {
    return model_check_type(c, &c->in[0], TENSOR_BOOL, "condition")
           && model_check_type(c, &c->in[2], c->in[1].type, "input 2")
           && model_check_same_quantization(c, &c->in[1], "input 1")
           && model_check_same_quantization(c, &c->in[2], "input 2")
           && check_broadcast(c, 3);
}

// Is all of one shape? The converter writes SELECT then; LiteRT has others.
bool model_check_select_alike(check_t *c) {
    return model_check_same_shape(c, &c->in[0], &c->out) && model_check_same_shape(c, &c->in[1], &c->out)
           && model_check_same_shape(c, &c->in[2], &c->out) && model_check_select(c);
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
    if (is_float(c)) {
        return true;
    }
    // So that a sum of squares fits.
    if (model_check_dim(c, &c->in[0], c->in[0].rank - 1u) > 1 << 15) {
        return model_check_fail(c, "more than %u values", 1u << 15);
    }
    return (scale_of(c, &c->out) == 1.0 / 128 && model_flatbuf_u64_at(&c->buf, c->out.zero_points.pos) == 0)
           || model_check_fail(c, "the kernel's output has scale 1/128 and zero point 0");
}

bool model_check_log_softmax(check_t *c) {
    if (c->in[0].rank < 1) {
        return model_check_fail(c, "input is a scalar");
    }
    if (is_float(c)) {
        return true;
    }
    // The kernel sums exponentials in 12 bits before the point.
    if (model_check_dim(c, &c->in[0], c->in[0].rank - 1u) > 2047) {
        return model_check_fail(c, "more than 2047 values");
    }
    // It aborts unless the scale in Q5.26 is above 1.
    if (!(scale_of(c, &c->in[0]) * (double)(1 << 26) > 2.0)) {
        return model_check_fail(c, "scale of input is too small");
    }
    return (scale_of(c, &c->out) == 16.0 / 256
            && (int64_t)model_flatbuf_u64_at(&c->buf, c->out.zero_points.pos) == 127)
           || model_check_fail(c, "the kernel's output has scale 1/16 and zero point 127");
}

bool model_check_cumsum(check_t *c) {
    if (!model_check_int32_constant(c, &c->in[1], 1, "axis")) {
        return false;
    }
    return model_check_axis(c, model_check_constant(c, &c->in[1], 0), c->in[0].rank) >= 0;
}

// MAXIMUM and MINIMUM, which compare the numbers as they are, and others that need no scale
bool model_check_maximum(check_t *c) {
    return model_check_type(c, &c->in[1], c->in[0].type, "input 1") && check_broadcast(c, 2);
}

bool model_check_hard_swish(check_t *c) {
    if (is_float(c)) {
        return true;
    }
    // The kernel shifts 16-bit numbers by the exponents of these.
    double scale = scale_of(c, &c->in[0]);
    double ratio = scale / scale_of(c, &c->out);
    return (scale >= 1.0 / (1 << 20) && scale <= 256.0 && ratio >= 1.0 / 128 && ratio < 128.0)
           || model_check_fail(c, "scales are too far apart");
}

// The kernel takes exponentials, of 15 bits, and the reciprocal of their sum from tables: of
// differences to the largest value, in units of 10 / 65535.
static bool check_softmax_int16(check_t *c, double beta) {
    if (model_check_dim(c, &c->in[0], c->in[0].rank - 1u) > UINT16_MAX) {
        return model_check_fail(c, "more than 65535 values");
    }
    if (!(beta > 0)) {
        return model_check_fail(c, "beta is not positive");
    }
    return model_check_rescale(c, UINT16_MAX, beta * scale_of(c, &c->in[0]) * 6553.5);
}

bool model_check_softmax(check_t *c) {
    enum { BETA = 0 };
    if (c->in[0].rank < 1) {
        return model_check_fail(c, "input is a scalar");
    }
    uint32_t pos = model_flatbuf_field(&c->buf, c->options, BETA, 4);
    float beta = pos ? model_flatbuf_float_at(&c->buf, pos) : 0;
    if (!is_finite(beta)) {
        return model_check_fail(c, "beta is not finite");
    }
    if (is_float(c)) {
        return true;
    }
    if (model_check_is_int16(&c->in[0])) {
        return check_softmax_int16(c, (double)beta);
    }
    // Up to 511 exponentials of at most 1 leave the exponent that TFLM aborts on
    // otherwise out of reach.
    if (model_check_dim(c, &c->in[0], c->in[0].rank - 1u) > 511) {
        return model_check_fail(c, "TFLM's int8 softmax can abort over more than 511 values");
    }
    // It aborts unless this product in Q5.26 is above 1.
    if (!((double)beta * scale_of(c, &c->in[0]) * (double)(1 << 26) > 1.0)) {
        return model_check_fail(c, "beta times scale is too small");
    }
    return true;
}

bool model_check_batch_matmul(check_t *c) {
    enum { ADJ_X = 0, ADJ_Y = 1 };
    const check_tensor_t *a = &c->in[0], *b = &c->in[1];
    unsigned rank = a->rank;
    if (rank < 2 || rank > 5) {
        return model_check_fail(c, "%u dimensions, not 2 to 5", rank);
    }
    if (!check_second(c) || !model_check_rank(c, b, rank, "input 1") || !model_check_rank(c, &c->out, rank, "output")) {
        return false;
    }
    for (unsigned i = 0; i < rank - 2; ++i) {
        int32_t first = model_check_dim(c, a, i), second = model_check_dim(c, b, i);
        if (first != second && first != 1 && second != 1) {
            return model_check_fail(c, "dimension %u is %d and %d", i, (int)first, (int)second);
        }
        if (!model_check_out_dim(c, i, first == 1 ? second : first)) {
            return false;
        }
    }
    unsigned adj_x = model_flatbuf_u8(&c->buf, c->options, ADJ_X) != 0;
    unsigned adj_y = model_flatbuf_u8(&c->buf, c->options, ADJ_Y) != 0;
    int32_t depth = model_check_dim(c, a, rank - 1 - adj_x);
    if (depth != model_check_dim(c, b, rank - 2 + adj_y)) {
        return model_check_fail(c, "%d columns times %d rows", (int)depth,
            (int)model_check_dim(c, b, rank - 2 + adj_y));
    }
    if (!model_check_out_dim(c, rank - 2, model_check_dim(c, a, rank - 2 + adj_x))
        || !model_check_out_dim(c, rank - 1, model_check_dim(c, b, rank - 1 - adj_y))) {
        return false;
    }
    double multiplier = is_float(c) ? 0 : scale_of(c, a) * scale_of(c, b) / scale_of(c, &c->out);
    if (model_check_is_int16(a)) {
        return model_check_rescale_64(c, (uint64_t)depth << 30, multiplier);
    }
    return is_float(c) || model_check_rescale(c, (uint64_t)depth * 255 * 255, multiplier);
}
