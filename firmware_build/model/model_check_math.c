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

bool model_check_relu(check_t *c) {
    return is_float(c) || model_check_rescale(c, 255, scale_of(c, &c->in[0]) / scale_of(c, &c->out));
}

// TFLM's int8 kernel clamps but does not rescale: with two scales its result is wrong.
bool model_check_relu6(check_t *c) {
    return model_check_same_quantization(c, &c->in[0], "input");
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
    return model_check_rescale(c, 255, multiplier) && model_check_rescale(c, 255, multiplier * (double)alpha);
}

// Can b be stretched to the shape of a? Both have at most 4 dimensions.
static bool broadcasts_to(check_t *c, const check_tensor_t *b, const check_tensor_t *a) {
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

static bool check_broadcast(check_t *c) {
    if (c->out.rank > 4) {
        return model_check_fail(c, "more than 4 dimensions");
    }
    bool fits = broadcasts_to(c, &c->in[0], &c->out) && broadcasts_to(c, &c->in[1], &c->out)
        && (c->in[0].rank == c->out.rank || c->in[1].rank == c->out.rank);
    // Nor may the output be larger than both inputs.
    for (unsigned i = 1; fits && i <= c->out.rank; ++i) {
        int32_t dim = model_check_dim(c, &c->out, c->out.rank - i);
        bool of_first = i <= c->in[0].rank && model_check_dim(c, &c->in[0], c->in[0].rank - i) == dim;
        bool of_second = i <= c->in[1].rank && model_check_dim(c, &c->in[1], c->in[1].rank - i) == dim;
        fits = of_first || of_second;
    }
    return fits || model_check_fail(c, "shapes of inputs and output do not fit");
}

static bool check_second(check_t *c) {
    return model_check_type(c, &c->in[1], c->in[0].type, "input 1")
           && (is_float(c) || model_check_quantized(c, &c->in[1], "input 1"));
}

bool model_check_prelu(check_t *c) {
    if (!check_second(c) || !check_broadcast(c)) {
        return false;
    }
    if (is_float(c)) {
        return true;
    }
    double multiplier = scale_of(c, &c->in[0]) / scale_of(c, &c->out);
    return model_check_rescale(c, 255, multiplier)
           && model_check_rescale(c, 255 * 255, multiplier * scale_of(c, &c->in[1]));
}

static bool check_arithmetic(check_t *c) {
    enum { ACTIVATION = 0 };
    return model_check_activation(c, (int8_t)model_flatbuf_u8(&c->buf, c->options, ACTIVATION))
           && check_second(c) && check_broadcast(c);
}

// ADD and SUB
bool model_check_add(check_t *c) {
    if (!check_arithmetic(c)) {
        return false;
    }
    if (is_float(c)) {
        return true;
    }
    // TFLM takes 2 * larger / 2**20 / output and aborts unless it is below 1.
    float first = model_check_scale(c, &c->in[0], 0);
    float second = model_check_scale(c, &c->in[1], 0);
    float larger = first > second ? first : second;
    if (larger > model_check_scale(c, &c->out, 0) * (float)(1 << 18)) {
        return model_check_fail(c, "scale of the output is too small");
    }
    return true;
}

bool model_check_mul(check_t *c) {
    return check_arithmetic(c)
           && (is_float(c) || model_check_rescale(c, 255 * 255,
        scale_of(c, &c->in[0]) * scale_of(c, &c->in[1]) / scale_of(c, &c->out)));
}

// MAXIMUM and MINIMUM, which compare the numbers as they are
bool model_check_maximum(check_t *c) {
    return model_check_type(c, &c->in[1], c->in[0].type, "input 1") && check_broadcast(c);
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
