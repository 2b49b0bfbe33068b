// Questions that the rules of several ops ask.

#include <string.h>

#include "flexbuf.h"
#include "model_rule.h"

bool model_check_present(const check_tensor_t *t) {
    return t->index != CHECK_NO_TENSOR;
}

int32_t model_check_constant(const check_t *c, const check_tensor_t *t, uint32_t i) {
    return (int32_t)model_flatbuf_u32_at(&c->buf, t->data + 4 * i);
}

uint64_t model_check_largest(const check_t *c, const check_tensor_t *t) {
    uint64_t largest = 0;
    for (uint32_t i = 0; i < t->elements; ++i) {
        int64_t value = MODEL_INT16 && t->type == TENSOR_INT64
            ? (int64_t)model_flatbuf_u64_at(&c->buf, t->data + 8 * i) : model_check_constant(c, t, i);
        uint64_t absolute = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        largest = absolute > largest ? absolute : largest;
    }
    return largest;
}

bool model_check_same_shape(check_t *c, const check_tensor_t *a, const check_tensor_t *b) {
    if (a->rank != b->rank) {
        return model_check_fail(c, "input and output have %u and %u dimensions", a->rank, b->rank);
    }
    for (unsigned i = 0; i < a->rank; ++i) {
        if (model_check_dim(c, a, i) != model_check_dim(c, b, i)) {
            return model_check_fail(c, "dimension %u is %d in the input, %d in the output", i,
                (int)model_check_dim(c, a, i), (int)model_check_dim(c, b, i));
        }
    }
    return true;
}

bool model_check_rank(check_t *c, const check_tensor_t *t, unsigned rank, const char *what) {
    return t->rank == rank || model_check_fail(c, "%s has %u dimensions, not %u", what, t->rank, rank);
}

bool model_check_sides(check_t *c, const check_tensor_t *t) {
    for (unsigned i = 0; i < t->rank; ++i) {
        if (model_check_dim(c, t, i) > CHECK_MAX_SIDE) {
            return model_check_fail(c, "side of more than %u", (unsigned)CHECK_MAX_SIDE);
        }
    }
    return true;
}

bool model_check_type(check_t *c, const check_tensor_t *t, int type, const char *what) {
    if (t->type == type) {
        return true;
    }
    // Weights of a model that was quantized without data to measure ranges with.
    const char *remedy = t->type == TENSOR_INT8 && type == TENSOR_FLOAT32 && t->data != 0
        ? ": convert it with a representative data set" : "";
    return model_check_fail(c, "%s has type %s, not %s%s", what, model_type_name(t->type),
        model_type_name(type), remedy);
}

static bool check_scale(check_t *c, const check_tensor_t *t, const char *what, uint32_t least) {
    if (t->scales.len != 1) {
        return model_check_fail(c, "%s has %u scales, not 1", what, (unsigned)t->scales.len);
    }
    uint32_t scale = model_check_scale(c, t, 0);
    return (scale >= least && scale <= SCALE_OF_2(30))
           || model_check_fail(c, "scale of %s is too far from 1", what);
}

bool model_check_quantized(check_t *c, const check_tensor_t *t, const char *what) {
    return check_scale(c, t, what, SCALE_OF_2(-27));
}

bool model_check_operand(check_t *c, const check_tensor_t *t, const char *what) {
    return check_scale(c, t, what, SCALE_OF_2(-60));
}

bool model_check_same_quantization(check_t *c, const check_tensor_t *t, const char *what) {
    const check_tensor_t *out = &c->out;
    bool same = (t->scales.len > 0) == (out->scales.len > 0)
        && (t->scales.len == 0
            || (model_check_scale(c, t, 0) == model_check_scale(c, out, 0)
                && model_flatbuf_u64_at(&c->buf, t->zero_points.pos)
                == model_flatbuf_u64_at(&c->buf, out->zero_points.pos)));
    return (t->type != TENSOR_INT8 && t->type != TENSOR_INT16) || same
           || model_check_fail(c, "scales of %s and output differ", what);
}

bool model_check_int32_constant(check_t *c, const check_tensor_t *t, uint32_t count, const char *what) {
    if (t->data == 0 || t->type != TENSOR_INT32 || t->rank > 1 || t->elements != count) {
        return model_check_fail(c, "%s must be %u constant int32", what, (unsigned)count);
    }
    return true;
}

bool model_check_activation(check_t *c, int activation) {
    return (activation >= 0 && activation <= 3)
           || model_check_fail(c, "activation %d is not supported", activation);
}

// Is the product, in double precision, at most 2**29?
static bool product_fits(uint64_t magnitude, model_real_t multiplier) {
    return model_check_at_most(model_real_times(model_real_whole(magnitude), multiplier), 29);
}

bool model_check_rescale(check_t *c, uint64_t magnitude, model_real_t multiplier) {
    // TFLM multiplies by a fraction of 1 with 31 bits, after a left shift if the
    // multiplier is 1 or more, and adds a zero point.
    if (magnitude >= (UINT64_C(1) << 31) - (1 << 16) || !product_fits(magnitude, multiplier)) {
        return model_check_fail(c, "scales make the result overflow");
    }
    return true;
}

bool model_check_rescale_64(check_t *c, uint64_t magnitude, model_real_t multiplier) {
    // TFLM multiplies numbers of 48 bits by a fraction with 15 bits, and shifts by less than 8 to the
    // left. A factor below 2**-32 it takes for 0.
    bool vanishes = magnitude < UINT64_C(1) << 47 && !model_check_at_least(multiplier, -32)
        && model_check_at_least(model_real_times(model_real_whole(magnitude), multiplier), -1);
    if (vanishes || magnitude >= UINT64_C(1) << 47 || !model_check_at_most(multiplier, 6)
        || !product_fits(magnitude, multiplier)) {
        return model_check_fail(c, "scales make the result %s", vanishes ? "vanish" : "overflow");
    }
    return true;
}

bool model_check_aligned(check_t *c, const check_tensor_t *t) {
    return t->type != TENSOR_INT64 || t->data % sizeof(int64_t) == 0
           || model_check_fail(c, "buffer of INT64 is not aligned: try `tinycnn slim`");
}

bool model_check_symmetric(check_t *c, const check_tensor_t *t, const char *what) {
    return t->type != TENSOR_INT16 || t->zero_points.len == 0 || model_flatbuf_u64_at(&c->buf, t->zero_points.pos) == 0
           || model_check_fail(c, "zero point of %s is not 0", what);
}

bool model_check_out_dim(check_t *c, unsigned i, int64_t size) {
    int32_t dim = model_check_dim(c, &c->out, i);
    if (dim == size) {
        return true;
    }
    if (size != (int32_t)size) {
        return model_check_fail(c, "output dimension %u is %d, not what the inputs give", i, (int)dim);
    }
    return model_check_fail(c, "output dimension %u is %d, the inputs give %d", i, (int)dim, (int)size);
}

int model_check_axis(check_t *c, int32_t axis, unsigned rank) {
    int32_t positive = axis < 0 ? axis + (int32_t)rank : axis;
    if (positive < 0 || positive >= (int32_t)rank) {
        model_check_fail(c, "axis %d of %u dimensions", (int)axis, rank);
        return -1;
    }
    return positive;
}

bool model_check_without(check_t *c, uint32_t dropped, bool keep) {
    unsigned rank = 0;
    for (unsigned i = 0; i < c->in[0].rank; ++i) {
        bool drop = (dropped >> i & 1) != 0;
        if (drop && !keep) {
            continue;
        }
        if (rank >= c->out.rank) {
            return model_check_fail(c, "output has too few dimensions");
        }
        if (!model_check_out_dim(c, rank, drop ? 1 : model_check_dim(c, &c->in[0], i))) {
            return false;
        }
        ++rank;
    }
    return model_check_rank(c, &c->out, rank, "output");
}

bool model_check_custom_options(check_t *c, const char *keys, int32_t *values) {
    flexbuf_map_t map;
    if (!model_flexbuf_map(c->buf.data + c->custom_options.pos, c->custom_options.len, &map)) {
        return model_check_fail(c, "custom options are no map of numbers");
    }
    uint32_t count = 0;
    for (const char *key = keys; *key != 0; key += strlen(key) + 1, ++count) {
        if (!model_flexbuf_int(&map, key, &values[count])) {
            return model_check_fail(c, "option %s is missing, or no whole number", key);
        }
    }
    // TFLM's kernels find theirs by counting.
    return map.count == count
           || model_check_fail(c, "%u options, the kernel has %u", (unsigned)map.count, (unsigned)count);
}

bool model_check_own_int8(check_t *c) {
    return model_check_is_float(c) || c->own
           || model_check_fail(c, "input type %s is not supported", model_type_name(c->in[0].type));
}
