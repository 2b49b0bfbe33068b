// Rules of the ops that take tensors apart and put them together, and that fill and stretch them.

#include "model_rule.h"

// SPLIT and SPLIT_V: are the outputs, one behind the other along `axis`, the data?
static bool check_parts(check_t *c, const check_tensor_t *data, const check_tensor_t *axis_tensor,
    bool equal) {
    if (!model_check_int32_constant(c, axis_tensor, 1, "axis")) {
        return false;
    }
    int axis = model_check_axis(c, model_check_constant(c, axis_tensor, 0), data->rank);
    if (axis < 0) {
        return false;
    }
    // Where all are equal, the kernel goes by the first output.
    int32_t first = c->out.rank == data->rank ? model_check_dim(c, &c->out, (unsigned)axis) : 0;
    int64_t size = 0;
    for (uint32_t i = 0; i < c->outputs.len; ++i) {
        model_check_read_tensor(c, model_flatbuf_vector_i32(&c->buf, c->outputs, i), &c->out);
        if (!model_check_type(c, &c->out, data->type, "output")
            || !model_check_rank(c, &c->out, data->rank, "output")
            || !model_check_same_quantization(c, data, "input")) {
            return false;
        }
        for (unsigned j = 0; j < data->rank; ++j) {
            if (j == (unsigned)axis) {
                size += model_check_dim(c, &c->out, j);
                if (equal && !model_check_out_dim(c, j, first)) {
                    return false;
                }
            } else if (!model_check_out_dim(c, j, model_check_dim(c, data, j))) {
                return false;
            }
        }
    }
    return size == model_check_dim(c, data, (unsigned)axis)
           || model_check_fail(c, "outputs are not the input along axis %d", axis);
}

bool model_check_split(check_t *c) {
    return check_parts(c, &c->in[1], &c->in[0], true);
}

bool model_check_split_v(check_t *c) {
    return check_parts(c, &c->in[0], &c->in[2], false);
}

enum { COUNT = 0, AXIS = 1 }; // options of PACK and of UNPACK

static bool check_count(check_t *c, uint32_t count) {
    int32_t option = model_flatbuf_i32(&c->buf, c->options, COUNT, 0);
    return option == (int64_t)count
           || model_check_fail(c, "%d tensors in the options, %u in the op", (int)option, (unsigned)count);
}

bool model_check_pack(check_t *c) {
    int axis = model_check_axis(c, model_flatbuf_i32(&c->buf, c->options, AXIS, 0), c->out.rank);
    if (axis < 0 || !check_count(c, c->inputs.len) || !model_check_out_dim(c, (unsigned)axis, c->inputs.len)) {
        return false;
    }
    for (uint32_t i = 0; i < c->inputs.len; ++i) {
        check_tensor_t *t = &c->in[0];
        model_check_read_tensor(c, model_flatbuf_vector_i32(&c->buf, c->inputs, i), t);
        if (!model_check_type(c, t, c->out.type, "input") || !model_check_rank(c, t, c->out.rank - 1u, "input")
            || !model_check_same_quantization(c, t, "input")) {
            return false;
        }
        for (unsigned j = 0; j < t->rank; ++j) {
            if (!model_check_out_dim(c, j < (unsigned)axis ? j : j + 1, model_check_dim(c, t, j))) {
                return false;
            }
        }
    }
    return true;
}

bool model_check_unpack(check_t *c) {
    int axis = model_check_axis(c, model_flatbuf_i32(&c->buf, c->options, AXIS, 0), c->in[0].rank);
    if (axis < 0 || !check_count(c, c->outputs.len)) {
        return false;
    }
    if (model_check_dim(c, &c->in[0], (unsigned)axis) != (int64_t)c->outputs.len) {
        return model_check_fail(c, "%u outputs along axis %d", (unsigned)c->outputs.len, axis);
    }
    for (uint32_t i = 0; i < c->outputs.len; ++i) {
        model_check_read_tensor(c, model_flatbuf_vector_i32(&c->buf, c->outputs, i), &c->out);
        if (!model_check_type(c, &c->out, c->in[0].type, "output")
            || !model_check_same_quantization(c, &c->in[0], "input")
            || !model_check_without(c, UINT32_C(1) << axis, false)) {
            return false;
        }
    }
    return true;
}

bool model_check_shape(check_t *c) {
    return model_check_type(c, &c->out, TENSOR_INT32, "output")
           && model_check_rank(c, &c->out, 1, "output")
           && model_check_out_dim(c, 0, c->in[0].rank);
}

// Where it begins a run may compute, if our kernel looks at that.
bool model_check_slice(check_t *c) {
    const check_tensor_t *begins = &c->in[1];
    unsigned rank = c->in[0].rank;
    unsigned most = c->own ? CHECK_MAX_RANK : 5;
    bool computed = c->own && begins->data == 0 && begins->type == TENSOR_INT32 && begins->elements == rank;
    if (rank < 1 || rank > most) {
        return model_check_fail(c, "%u dimensions, not 1 to %u", rank, most);
    }
    if (!model_check_rank(c, &c->out, rank, "output")
        || (!computed && !model_check_int32_constant(c, begins, rank, "begin"))
        || !model_check_rank(c, begins, 1, "begin")
        || !model_check_int32_constant(c, &c->in[2], rank, "size")
        || !model_check_rank(c, &c->in[2], 1, "size")) {
        return false;
    }
    for (unsigned i = 0; i < rank; ++i) {
        int32_t dim = model_check_dim(c, &c->in[0], i);
        int32_t begin = computed ? 0 : model_check_constant(c, begins, i);
        int32_t size = model_check_constant(c, &c->in[2], i);
        if (begin < 0 || begin >= dim || size < (computed ? 0 : -1) || size > dim - begin) {
            return model_check_fail(c, "slice is outside dimension %u", i);
        }
        if (!model_check_out_dim(c, i, size == -1 ? dim - begin : size)) {
            return false;
        }
    }
    return model_check_same_quantization(c, &c->in[0], "input");
}

// A constant vector of int32 that says the output's shape?
static bool check_shape_input(check_t *c, const check_tensor_t *t) {
    if (!model_check_int32_constant(c, t, c->out.rank, "shape") || !model_check_rank(c, t, 1, "shape")) {
        return false;
    }
    for (unsigned i = 0; i < c->out.rank; ++i) {
        if (!model_check_out_dim(c, i, model_check_constant(c, t, i))) {
            return false;
        }
    }
    return true;
}

bool model_check_fill(check_t *c) {
    return check_shape_input(c, &c->in[0])
           && model_check_rank(c, &c->in[1], 0, "value")
           && model_check_same_quantization(c, &c->in[1], "value");
}

bool model_check_broadcast_to(check_t *c) {
    if (c->out.rank > 5) {
        return model_check_fail(c, "more than 5 dimensions");
    }
    return check_shape_input(c, &c->in[1])
           && (model_check_stretches(c, &c->in[0], &c->out)
               || model_check_fail(c, "shapes of input and output do not fit"))
           && model_check_same_quantization(c, &c->in[0], "input");
}

// A part is put where a run says; the kernel moves it to where it fits.
bool model_check_update_slice(check_t *c) {
    const check_tensor_t *part = &c->in[1], *at = &c->in[2];
    unsigned rank = c->out.rank;
    if (rank < 1) {
        return model_check_fail(c, "input is a scalar");
    }
    if (!model_check_type(c, part, c->out.type, "part") || !model_check_rank(c, part, rank, "part")
        || !model_check_same_quantization(c, part, "part") || !model_check_same_quantization(c, &c->in[0], "input")
        || !model_check_rank(c, at, 1, "indices")) {
        return false;
    }
    if ((at->type != TENSOR_INT32 && at->type != TENSOR_INT64) || at->elements != rank) {
        return model_check_fail(c, "indices are not %u int32 or int64", rank);
    }
    for (unsigned i = 0; i < rank; ++i) {
        if (model_check_dim(c, part, i) > model_check_dim(c, &c->out, i)) {
            return model_check_fail(c, "part is larger than the input along dimension %u", i);
        }
    }
    return true;
}

// SPACE_TO_DEPTH and DEPTH_TO_SPACE, of which `wide` is the tensor with more pixels.
static bool check_blocks(check_t *c, const check_tensor_t *wide, const check_tensor_t *deep) {
    enum { BLOCK = 0 };
    int64_t block = model_flatbuf_i32(&c->buf, c->options, BLOCK, 0);
    if (!model_check_rank(c, &c->in[0], 4, "input") || !model_check_rank(c, &c->out, 4, "output")) {
        return false;
    }
    if (block < 1 || block > 256) {
        return model_check_fail(c, "block of %d", (int)block);
    }
    bool fits = model_check_dim(c, wide, 0) == model_check_dim(c, deep, 0)
        && model_check_dim(c, wide, 1) == block * model_check_dim(c, deep, 1)
        && model_check_dim(c, wide, 2) == block * model_check_dim(c, deep, 2)
        && model_check_dim(c, deep, 3) == block * block * model_check_dim(c, wide, 3);
    return (fits || model_check_fail(c, "shapes of input and output do not fit"))
           && model_check_same_quantization(c, &c->in[0], "input");
}

bool model_check_space_to_depth(check_t *c) {
    return check_blocks(c, &c->in[0], &c->out);
}

bool model_check_depth_to_space(check_t *c) {
    return check_blocks(c, &c->out, &c->in[0]);
}

bool model_check_mirror_pad(check_t *c) {
    enum { MODE = 0, REFLECT = 0, SYMMETRIC = 1 };
    unsigned rank = c->in[0].rank;
    const check_tensor_t *paddings = &c->in[1];
    uint8_t mode = model_flatbuf_u8(&c->buf, c->options, MODE);
    if (mode > SYMMETRIC) {
        return model_check_fail(c, "mode %u is not supported", mode);
    }
    if (rank < 1) {
        return model_check_fail(c, "input is a scalar");
    }
    if (!model_check_rank(c, &c->out, rank, "output")) {
        return false;
    }
    if (paddings->data == 0 || paddings->type != TENSOR_INT32 || paddings->rank != 2
        || model_check_dim(c, paddings, 0) != (int32_t)rank || model_check_dim(c, paddings, 1) != 2) {
        return model_check_fail(c, "paddings must be %u constant int32", 2 * rank);
    }
    for (unsigned i = 0; i < rank; ++i) {
        // A mirror image of what is there; that in REFLECT leaves out the edge.
        int32_t dim = model_check_dim(c, &c->in[0], i);
        int32_t most = mode == REFLECT ? dim - 1 : dim;
        int32_t before = model_check_constant(c, paddings, 2 * i);
        int32_t after = model_check_constant(c, paddings, 2 * i + 1);
        if (before < 0 || after < 0 || before > most || after > most) {
            return model_check_fail(c, "padding of %d and %d of %d", (int)before, (int)after, (int)dim);
        }
        if (!model_check_out_dim(c, i, (int64_t)dim + before + after)) {
            return false;
        }
    }
    return model_check_same_quantization(c, &c->in[0], "input");
}

bool model_check_reverse(check_t *c) {
    unsigned rank = c->in[0].rank;
    uint32_t count = c->in[1].elements;
    uint32_t seen = 0;
    if (count > rank) {
        return model_check_fail(c, "%u axes", (unsigned)count);
    }
    if (!model_check_rank(c, &c->in[1], 1, "axes") || !model_check_int32_constant(c, &c->in[1], count, "axes")) {
        return false;
    }
    for (uint32_t i = 0; i < count; ++i) {
        int axis = model_check_axis(c, model_check_constant(c, &c->in[1], i), rank);
        if (axis < 0) {
            return false;
        }
        if ((seen >> axis & 1) != 0) {
            return model_check_fail(c, "axis %d twice", axis);
        }
        seen |= UINT32_C(1) << axis;
    }
    // TFLM refuses others when it runs.
    uint32_t lowest = seen & (0u - seen);
    return ((seen + lowest) & seen) == 0 ? model_check_same_quantization(c, &c->in[0], "input")
        : model_check_fail(c, "axes are not next to each other");
}

// ARG_MAX and ARG_MIN
bool model_check_arg(check_t *c) {
    if (!model_check_int32_constant(c, &c->in[1], 1, "axis")
        || !model_check_type(c, &c->out, TENSOR_INT32, "output")) {
        return false;
    }
    int axis = model_check_axis(c, model_check_constant(c, &c->in[1], 0), c->in[0].rank);
    return axis >= 0 && model_check_without(c, UINT32_C(1) << axis, false);
}

bool model_check_tile(check_t *c) {
    unsigned rank = c->in[0].rank;
    if (rank < 1) {
        return model_check_fail(c, "input is a scalar");
    }
    if (!model_check_rank(c, &c->out, rank, "output")
        || !model_check_int32_constant(c, &c->in[1], rank, "multiples")) {
        return false;
    }
    for (unsigned i = 0; i < rank; ++i) {
        int64_t multiple = model_check_constant(c, &c->in[1], i);
        if (!model_check_out_dim(c, i, multiple * model_check_dim(c, &c->in[0], i))) {
            return false;
        }
    }
    return model_check_same_quantization(c, &c->in[0], "input");
}

// Is the output `data` with the dimensions of `indices`, the last `without` left out, in the place
// of `replaced` dimensions from `axis` on? Which part an index names is seen when it is used.
static bool check_gathered(check_t *c, const check_tensor_t *data, const check_tensor_t *indices,
    unsigned without, unsigned axis, unsigned replaced) {
    unsigned taken = indices->rank - without;
    if (!model_check_type(c, indices, TENSOR_INT32, "indices")
        || !model_check_rank(c, &c->out, data->rank - replaced + taken, "output")) {
        return false;
    }
    for (unsigned i = 0; i < c->out.rank; ++i) {
        int32_t dim = i < axis ? model_check_dim(c, data, i)
            : i < axis + taken ? model_check_dim(c, indices, i - axis)
            : model_check_dim(c, data, i - taken + replaced);
        if (!model_check_out_dim(c, i, dim)) {
            return false;
        }
    }
    return model_check_same_quantization(c, data, "input");
}

bool model_check_gather(check_t *c) {
    enum { GATHER_AXIS = 0, BATCH_DIMS = 1 };
    int axis = model_check_axis(c, model_flatbuf_i32(&c->buf, c->options, GATHER_AXIS, 0), c->in[0].rank);
    if (axis < 0) {
        return false;
    }
    if (model_flatbuf_i32(&c->buf, c->options, BATCH_DIMS, 0) != 0) {
        return model_check_fail(c, "batch dimensions are not supported");
    }
    return check_gathered(c, &c->in[0], &c->in[1], 0, (unsigned)axis, 1);
}

bool model_check_embedding_lookup(check_t *c) {
    if (c->in[1].rank < 1) {
        return model_check_fail(c, "input is a scalar");
    }
    return check_gathered(c, &c->in[1], &c->in[0], 0, 0, 1);
}

bool model_check_gather_nd(check_t *c) {
    const check_tensor_t *indices = &c->in[1];
    if (indices->rank < 1) {
        return model_check_fail(c, "indices are a scalar");
    }
    int32_t indexed = model_check_dim(c, indices, indices->rank - 1u);
    if (indexed > (int32_t)c->in[0].rank) {
        return model_check_fail(c, "%d indices for %u dimensions", (int)indexed, c->in[0].rank);
    }
    return check_gathered(c, &c->in[0], indices, 1, 0, (unsigned)indexed);
}

// Images of `large` pixels, and a batch of their parts.
static bool check_batch(check_t *c, const check_tensor_t *large, const check_tensor_t *small) {
    unsigned rank = c->in[0].rank;
    const check_tensor_t *edges = &c->in[2];
    if (rank < 3 || rank > 4) {
        return model_check_fail(c, "%u dimensions, not 3 or 4", rank);
    }
    unsigned sides = rank - 2;
    if (!model_check_rank(c, &c->out, rank, "output") || !model_check_int32_constant(c, &c->in[1], sides, "block")) {
        return false;
    }
    if (edges->data == 0 || edges->type != TENSOR_INT32 || edges->elements != 2 * sides) {
        return model_check_fail(c, "paddings or crops must be %u constant int32", 2 * sides);
    }
    int64_t batch = model_check_dim(c, large, 0);
    bool fits = model_check_dim(c, large, rank - 1) == model_check_dim(c, small, rank - 1);
    for (unsigned i = 0; i < sides; ++i) {
        int64_t block = model_check_constant(c, &c->in[1], i);
        int64_t before = model_check_constant(c, edges, 2 * i);
        int64_t after = model_check_constant(c, edges, 2 * i + 1);
        if (block < 1 || block > 4096 || before < 0 || after < 0
            || before > CHECK_MAX_SIDE || after > CHECK_MAX_SIDE) {
            return model_check_fail(c, "block of %d, edges of %d and %d", (int)block, (int)before, (int)after);
        }
        batch *= block;
        fits = fits && model_check_dim(c, large, i + 1) + before + after == block * model_check_dim(c, small, i + 1);
    }
    return ((fits && batch == model_check_dim(c, small, 0))
            || model_check_fail(c, "shapes of input and output do not fit"))
           && model_check_same_quantization(c, &c->in[0], "input") && model_check_symmetric(c, &c->out, "output");
}

bool model_check_space_to_batch(check_t *c) {
    return check_batch(c, &c->in[0], &c->out);
}

bool model_check_batch_to_space(check_t *c) {
    return check_batch(c, &c->out, &c->in[0]);
}
