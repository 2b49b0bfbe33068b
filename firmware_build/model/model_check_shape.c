// Rules of the ops that move data about: shapes, padding, reduction, resizing.

#include "model_rule.h"

bool model_check_reshape(check_t *c) {
    // The kernel goes by the output tensor alone.
    return c->in[0].elements == c->out.elements
           || model_check_fail(c, "%u elements do not make %u", (unsigned)c->in[0].elements,
        (unsigned)c->out.elements);
}

bool model_check_expand_dims(check_t *c) {
    if (!model_check_int32_constant(c, &c->in[1], 1, "axis")
        || !model_check_rank(c, &c->out, c->in[0].rank + 1u, "output")) {
        return false;
    }
    int axis = model_check_axis(c, model_check_constant(c, &c->in[1], 0), c->out.rank);
    if (axis < 0) {
        return false;
    }
    for (unsigned i = 0; i < c->out.rank; ++i) {
        int32_t dim = 1;
        if (i != (unsigned)axis) {
            dim = model_check_dim(c, &c->in[0], i < (unsigned)axis ? i : i - 1);
        }
        if (!model_check_out_dim(c, i, dim)) {
            return false;
        }
    }
    return model_check_same_quantization(c, &c->in[0], "input");
}

bool model_check_squeeze(check_t *c) {
    enum { SQUEEZE_DIMS = 0, MOST = 8 };
    flatbuf_vector_t dims = model_flatbuf_vector(&c->buf, c->options, SQUEEZE_DIMS, 4);
    uint32_t dropped = 0;
    if (dims.len > MOST) {
        return model_check_fail(c, "%u dimensions to squeeze", (unsigned)dims.len);
    }
    for (uint32_t i = 0; i < dims.len; ++i) {
        int axis = model_check_axis(c, model_flatbuf_vector_i32(&c->buf, dims, i), c->in[0].rank);
        if (axis < 0) {
            return false;
        }
        if (model_check_dim(c, &c->in[0], (unsigned)axis) != 1) {
            return model_check_fail(c, "dimension %d is not 1", axis);
        }
        dropped |= UINT32_C(1) << axis;
    }
    for (unsigned i = 0; dims.len == 0 && i < c->in[0].rank; ++i) {
        dropped |= (uint32_t)(model_check_dim(c, &c->in[0], i) == 1) << i;
    }
    return model_check_without(c, dropped, false);
}

bool model_check_transpose(check_t *c) {
    unsigned rank = c->in[0].rank;
    unsigned most = c->own ? CHECK_MAX_RANK : 5;
    uint32_t seen = 0;
    if (rank < 1 || rank > most) {
        return model_check_fail(c, "%u dimensions, not 1 to %u", rank, most);
    }
    if (!model_check_rank(c, &c->out, rank, "output")
        || !model_check_int32_constant(c, &c->in[1], rank, "permutation")
        || !model_check_rank(c, &c->in[1], 1, "permutation")) {
        return false;
    }
    for (unsigned i = 0; i < rank; ++i) {
        int32_t from = model_check_constant(c, &c->in[1], i);
        if (from < 0 || from >= (int32_t)rank || (seen >> from & 1) != 0) {
            return model_check_fail(c, "%d is no place in a permutation", (int)from);
        }
        seen |= UINT32_C(1) << from;
        if (!model_check_out_dim(c, i, model_check_dim(c, &c->in[0], (unsigned)from))) {
            return false;
        }
    }
    return true;
}

// PAD and PADV2, which has the value to pad with as its third input
bool model_check_pad(check_t *c) {
    unsigned rank = c->in[0].rank;
    const check_tensor_t *paddings = &c->in[1];
    if (rank < 1 || rank > 5) {
        return model_check_fail(c, "%u dimensions, not 1 to 5", rank);
    }
    if (!model_check_rank(c, &c->out, rank, "output") || !model_check_symmetric(c, &c->out, "output")) {
        return false;
    }
    if (paddings->data == 0 || paddings->type != TENSOR_INT32 || paddings->elements != 2 * rank) {
        return model_check_fail(c, "paddings must be %u constant int32", 2 * rank);
    }
    for (unsigned i = 0; i < rank; ++i) {
        int32_t before = model_check_constant(c, paddings, 2 * i);
        int32_t after = model_check_constant(c, paddings, 2 * i + 1);
        if (before < 0 || after < 0) {
            return model_check_fail(c, "padding is negative");
        }
        if (!model_check_out_dim(c, i, (int64_t)model_check_dim(c, &c->in[0], i) + before + after)) {
            return false;
        }
    }
    if (model_check_present(&c->in[2])) {
        if (c->in[2].elements != 1) {
            return model_check_fail(c, "%u values to pad with", (unsigned)c->in[2].elements);
        }
        // Of int8 the kernels ask that themselves.
        return model_check_type(c, &c->in[2], c->in[0].type, "value to pad with")
               && (c->out.type == TENSOR_INT8 || model_check_same_quantization(c, &c->in[2], "value to pad with"));
    }
    return true;
}

bool model_check_concatenation(check_t *c) {
    enum { AXIS = 0 };
    unsigned rank = c->out.rank;
    int axis = model_check_axis(c, model_flatbuf_i32(&c->buf, c->options, AXIS, 0), rank);
    if (axis < 0) {
        return false;
    }
    int64_t size = 0;
    for (uint32_t i = 0; i < c->inputs.len; ++i) {
        check_tensor_t *t = &c->in[0];
        model_check_read_tensor(c, model_flatbuf_vector_i32(&c->buf, c->inputs, i), t);
        if (!model_check_type(c, t, c->out.type, "input") || !model_check_rank(c, t, rank, "input")
            || !model_check_same_quantization(c, t, "input")) {
            return false;
        }
        for (unsigned j = 0; j < rank; ++j) {
            if (j == (unsigned)axis) {
                size += model_check_dim(c, t, j);
            } else if (!model_check_out_dim(c, j, model_check_dim(c, t, j))) {
                return false;
            }
        }
    }
    return model_check_out_dim(c, (unsigned)axis, size);
}

// The axes of a reduction, and the output's shape.
static bool check_reduction(check_t *c) {
    enum { KEEP_DIMS = 0, MOST = 4 };
    const check_tensor_t *axes = &c->in[1];
    uint32_t reduced = 0;
    // TFLM copies the axes to an array of 4.
    if (axes->elements > MOST) {
        return model_check_fail(c, "%u axes", (unsigned)axes->elements);
    }
    if (!model_check_int32_constant(c, axes, axes->elements, "axes")) {
        return false;
    }
    for (uint32_t i = 0; i < axes->elements; ++i) {
        int axis = model_check_axis(c, model_check_constant(c, axes, i), c->in[0].rank);
        if (axis < 0) {
            return false;
        }
        reduced |= UINT32_C(1) << axis;
    }
    if (!model_check_without(c, reduced, model_flatbuf_u8(&c->buf, c->options, KEEP_DIMS) != 0)) {
        return false;
    }
    // So that sums fit.
    return c->in[0].elements / c->out.elements <= (model_check_is_int16(&c->in[0]) ? 1 << 15 : 1 << 22)
           || model_check_fail(c, "too many elements to reduce");
}

// How far a value can be from its zero point, which is 0 of int16.
static uint32_t span_of(const check_t *c) {
    return model_check_is_int16(&c->in[0]) ? 1 << 15 : UINT8_MAX;
}

static bool check_reduced_scale(check_t *c, uint32_t magnitude) {
    return c->in[0].type == TENSOR_FLOAT32
           || model_check_rescale(c, magnitude,
        model_check_ratio(c, &c->in[0], &c->out));
}

bool model_check_mean(check_t *c) {
    // The kernel divides the multiplier by the number of elements, with one bit to spare.
    return check_reduction(c) && check_reduced_scale(c, 2 * span_of(c));
}

// REDUCE_MAX and REDUCE_MIN, whose kernels do not rescale.
bool model_check_extreme(check_t *c) {
    return model_check_mean(c) && model_check_same_quantization(c, &c->in[0], "input");
}

bool model_check_sum(check_t *c) {
    return check_reduction(c) && check_reduced_scale(c, span_of(c) * (c->in[0].elements / c->out.elements));
}

bool model_check_resize(check_t *c) {
    if (!model_check_rank(c, &c->in[0], 4, "input") || !model_check_rank(c, &c->out, 4, "output")
        || !model_check_int32_constant(c, &c->in[1], 2, "size")
        || !model_check_out_dim(c, 0, model_check_dim(c, &c->in[0], 0))
        || !model_check_out_dim(c, 3, model_check_dim(c, &c->in[0], 3))) {
        return false;
    }
    for (unsigned i = 0; i < 2; ++i) {
        if (!model_check_out_dim(c, i + 1, model_check_constant(c, &c->in[1], i))) {
            return false;
        }
    }
    // So that positions computed in single precision stay inside the image.
    return model_check_sides(c, &c->in[0]) && model_check_sides(c, &c->out);
}

// TFLM's integer kernel steps in 1/1024 of a pixel, rounded: with many small steps the
// last one can end beyond the image, and it reads there.
static bool check_steps(check_t *c, int32_t in, int32_t out, bool align_corners, bool half_pixel) {
    bool corners = align_corners && out > 1;
    int64_t from = corners ? in - 1 : in;
    int64_t to = corners ? out - 1 : out;
    int64_t step = (1024 * from + to / 2) / to;
    int64_t last = (out - 1) * step;
    if (half_pixel) {
        last += step / 2 - 512;
    }
    return last / 1024 <= in - 1
           || model_check_fail(c, "TFLM resizes %d to %d by reading outside", (int)in, (int)out);
}

bool model_check_resize_bilinear(check_t *c) {
    enum { ALIGN_CORNERS = 2, HALF_PIXEL_CENTERS = 3 };
    bool align_corners = model_flatbuf_u8(&c->buf, c->options, ALIGN_CORNERS) != 0;
    bool half_pixel = model_flatbuf_u8(&c->buf, c->options, HALF_PIXEL_CENTERS) != 0;
    if (!model_check_resize(c)) {
        return false;
    }
    if (align_corners && half_pixel) {
        return model_check_fail(c, "both corners aligned and half pixel centers");
    }
    if (c->in[0].type == TENSOR_FLOAT32) {
        return true;
    }
    return check_steps(c, model_check_dim(c, &c->in[0], 1), model_check_dim(c, &c->out, 1), align_corners, half_pixel)
           && check_steps(c, model_check_dim(c, &c->in[0], 2), model_check_dim(c, &c->out, 2), align_corners, half_pixel);
}

static int32_t clamp(int64_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : (int32_t)value;
}

// Where a slice begins or ends along an axis of `size`, as the kernel has it.
static int32_t slice_index(int32_t index, bool mask, bool begin, int32_t stride, int32_t size) {
    if (mask) {
        if (stride > 0) {
            return begin ? 0 : size;
        }
        return begin ? size - 1 : -1;
    }
    int64_t counted = index < 0 ? (int64_t)index + size : index;
    return stride > 0 ? clamp(counted, 0, size) : clamp(counted, -1, size - 1);
}

bool model_check_strided_slice(check_t *c) {
    enum { BEGIN_MASK = 0, END_MASK = 1, ELLIPSIS_MASK = 2, NEW_AXIS_MASK = 3, SHRINK_AXIS_MASK = 4, OFFSET = 5 };
    unsigned rank = c->in[0].rank;
    uint32_t begin_mask = (uint32_t)model_flatbuf_i32(&c->buf, c->options, BEGIN_MASK, 0);
    uint32_t end_mask = (uint32_t)model_flatbuf_i32(&c->buf, c->options, END_MASK, 0);
    uint32_t shrink_mask = (uint32_t)model_flatbuf_i32(&c->buf, c->options, SHRINK_AXIS_MASK, 0);
    if (rank < 1 || rank > 4) {
        return model_check_fail(c, "%u dimensions, not 1 to 4", rank);
    }
    if (model_flatbuf_i32(&c->buf, c->options, ELLIPSIS_MASK, 0) != 0
        || model_flatbuf_i32(&c->buf, c->options, NEW_AXIS_MASK, 0) != 0
        || model_flatbuf_u8(&c->buf, c->options, OFFSET) != 0) {
        return model_check_fail(c, "ellipsis, new axes and offsets are not supported");
    }
    if (!model_check_int32_constant(c, &c->in[1], rank, "begin")
        || !model_check_int32_constant(c, &c->in[2], rank, "end")
        || !model_check_int32_constant(c, &c->in[3], rank, "strides")) {
        return false;
    }
    unsigned out = 0;
    for (unsigned i = 0; i < rank; ++i) {
        int32_t size = model_check_dim(c, &c->in[0], i);
        int32_t stride = model_check_constant(c, &c->in[3], i);
        if (stride == 0 || stride > CHECK_MAX_SIDE || stride < -CHECK_MAX_SIDE) {
            return model_check_fail(c, "stride is %d", (int)stride);
        }
        int32_t begin = slice_index(model_check_constant(c, &c->in[1], i), begin_mask >> i & 1, true, stride, size);
        int32_t end = slice_index(model_check_constant(c, &c->in[2], i), end_mask >> i & 1, false, stride, size);
        if ((shrink_mask >> i & 1) != 0) {
            if (begin < 0 || begin >= size || stride < 0) {
                return model_check_fail(c, "index is outside dimension %u", i);
            }
            continue;
        }
        int32_t count = stride > 0 ? (end - begin + stride - 1) / stride : (begin - end - stride - 1) / -stride;
        if (out >= c->out.rank) {
            return model_check_fail(c, "output has too few dimensions");
        }
        if (!model_check_out_dim(c, out, count)) {
            return false;
        }
        ++out;
    }
    return model_check_rank(c, &c->out, out, "output");
}
