// Rules of the ops of several operands, which may be stretched to one another.

#include "model_rule.h"

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
           && (model_check_is_float(c) || (check_operands(c) && model_check_quantized(c, &c->out, "output")));
}

bool model_check_prelu(check_t *c) {
    if (!check_second(c) || !check_broadcast(c, 2)) {
        return false;
    }
    if (model_check_is_float(c)) {
        return true;
    }
    model_real_t multiplier = model_check_ratio(c, &c->in[0], &c->out);
    return model_check_rescale(c, 255, multiplier)
           && model_check_rescale(c, 255 * 255, model_real_times(multiplier, model_check_real(c, &c->in[1])));
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
static bool check_sum(check_t *c, uint32_t scale) {
    int more = model_check_is_int16(&c->out) ? 13 : 18;
    return model_real_compare(model_real(scale), model_real_scaled(model_check_real(c, &c->out), more)) <= 0
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
    if (model_check_is_float(c)) {
        return true;
    }
    uint32_t first = model_check_scale(c, &c->in[0], 0);
    uint32_t second = model_check_scale(c, &c->in[1], 0);
    return check_sum(c, first > second ? first : second);
}

bool model_check_add_n(check_t *c) {
    check_tensor_t *first = &c->in[0], *t = &c->in[1];
    for (uint32_t i = 1; i < c->inputs.len; ++i) {
        model_check_read_tensor(c, model_flatbuf_vector_i32(&c->buf, c->inputs, i), t);
        if (!model_check_type(c, t, first->type, "input") || !model_check_same_shape(c, t, &c->out)) {
            return false;
        }
        if (!model_check_is_float(c)
            && (t->scales.len != 1 || model_check_scale(c, t, 0) != model_check_scale(c, first, 0)
                || model_flatbuf_u64_at(&c->buf, t->zero_points.pos)
                != model_flatbuf_u64_at(&c->buf, first->zero_points.pos))) {
            return model_check_fail(c, "scales of inputs differ");
        }
    }
    return model_check_is_float(c) || check_sum(c, model_check_scale(c, first, 0));
}

bool model_check_div(check_t *c) {
    if (c->in[0].type == TENSOR_INT32) {
        return check_int32(c, true);
    }
    return model_check_own_int8(c) && check_arithmetic(c)
           && (model_check_is_float(c) || model_check_rescale(c, 255, model_real_over(
        model_check_real(c, &c->in[0]), model_real_times(model_check_real(c, &c->in[1]), model_check_real(c, &c->out)))));
}

// Of a product of the two, to the output.
static model_real_t product_ratio(const check_t *c, const check_tensor_t *a, const check_tensor_t *b) {
    return model_real_over(model_real_times(model_check_real(c, a), model_check_real(c, b)), model_check_real(c, &c->out));
}

bool model_check_mul(check_t *c) {
    if (c->in[0].type == TENSOR_INT32) {
        return check_int32(c, false);
    }
    return check_arithmetic(c)
           && (model_check_is_float(c) || model_check_rescale(c, model_check_is_int16(&c->in[0]) ? 1 << 30 : 255 * 255,
        product_ratio(c, &c->in[0], &c->in[1])));
}

bool model_check_squared_difference(check_t *c) {
    if (!check_second(c) || !check_broadcast(c, 2)) {
        return false;
    }
    if (model_check_is_float(c)) {
        return true;
    }
    // Differences of numbers with 7 more bits, in units of twice the larger scale.
    uint32_t first = model_check_scale(c, &c->in[0], 0);
    uint32_t second = model_check_scale(c, &c->in[1], 0);
    model_real_t unit = model_real_scaled(model_real(first > second ? first : second), 1);
    return model_check_rescale(c, (uint64_t)32640 * 32640,
        model_real_over(model_real_times(unit, unit), model_real_scaled(model_check_real(c, &c->out), 14)));
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
           && ((model_check_scale(c, &c->in[0], 0) < SCALE_OF_2(0) && model_check_scale(c, &c->in[1], 0) < SCALE_OF_2(0))
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

// MAXIMUM and MINIMUM, which compare the numbers as they are, and others that need no scale
bool model_check_maximum(check_t *c) {
    return model_check_type(c, &c->in[1], c->in[0].type, "input 1") && check_broadcast(c, 2);
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
    if (model_check_is_float(c)) {
        return true;
    }
    model_real_t multiplier = product_ratio(c, a, b);
    return model_check_is_int16(a) ? model_check_rescale_64(c, (uint64_t)depth << 30, multiplier)
        : model_check_rescale(c, (uint64_t)depth * 255 * 255, multiplier);
}
