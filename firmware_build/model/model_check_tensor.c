// Each tensor by itself: type, shape, quantization and constant data.

#include <string.h>

#include "model_reader.h"
#include "model_rule.h"

void model_check_read_tensor(const check_t *c, int32_t index, check_tensor_t *t) {
    uint32_t table = model_flatbuf_vector_table(&c->buf, c->tensors, (uint32_t)index);
    if (table == 0) {
        memset(t, 0, sizeof(*t));
        t->index = CHECK_NO_TENSOR;
        return;
    }
    model_check_read_table(c, table, t);
    t->index = (uint32_t)index;
}

void model_check_read_table(const check_t *c, uint32_t table, check_tensor_t *t) {
    memset(t, 0, sizeof(*t));
    t->index = CHECK_NO_TENSOR;
    t->type = model_flatbuf_u8(&c->buf, table, TENSOR_TYPE);

    flatbuf_vector_t shape = model_flatbuf_vector(&c->buf, table, TENSOR_SHAPE, 4);
    t->dims = shape.pos;
    t->rank = shape.len <= 255 ? (uint8_t)shape.len : 255;
    t->elements = 1;
    for (unsigned i = 0; i < t->rank; ++i) {
        int32_t dim = model_check_dim(c, t, i);
        // Saturates at a number that no tensor may have.
        bool fits = dim > 0 && (uint64_t)t->elements * (uint32_t)dim <= MODEL_MAX_TENSOR_BYTES;
        t->elements = fits ? t->elements * (uint32_t)dim : MODEL_MAX_TENSOR_BYTES + 1;
    }

    uint32_t buffer_index = (uint32_t)model_flatbuf_i32(&c->buf, table, TENSOR_BUFFER, 0);
    uint32_t buffer = model_flatbuf_vector_table(&c->buf, c->buffers, buffer_index);
    flatbuf_vector_t data = model_flatbuf_vector(&c->buf, buffer, BUFFER_DATA, 1);
    t->data = data.len > 0 ? data.pos : 0;

    uint32_t quantization = model_flatbuf_table(&c->buf, table, TENSOR_QUANTIZATION);
    flatbuf_vector_t scales = model_flatbuf_vector(&c->buf, quantization, QUANTIZATION_SCALE, 4);
    t->zero_points = model_flatbuf_vector(&c->buf, quantization, QUANTIZATION_ZERO_POINT, 8);
    if (scales.len > 0 && t->zero_points.len > 0) {
        t->scales = scales;
    }
    t->quantized_dimension = model_flatbuf_i32(&c->buf, quantization, QUANTIZATION_QUANTIZED_DIMENSION, 0);
}

int32_t model_check_dim(const check_t *c, const check_tensor_t *t, unsigned i) {
    return (int32_t)model_flatbuf_u32_at(&c->buf, t->dims + 4 * i);
}

uint32_t model_check_scale(const check_t *c, const check_tensor_t *t, uint32_t i) {
    return model_flatbuf_u32_at(&c->buf, t->scales.pos + 4 * i);
}

static bool zero_point_fits(int type, int64_t zero_point) {
    switch (type) {
        case TENSOR_INT8:
            return zero_point >= INT8_MIN && zero_point <= INT8_MAX;
        case TENSOR_UINT8:
            return zero_point >= 0 && zero_point <= UINT8_MAX;
        case TENSOR_INT16:
            return zero_point >= INT16_MIN && zero_point <= INT16_MAX;
        default:
            return zero_point == 0;
    }
}

static bool check_quantization(check_t *c, const check_tensor_t *t, uint32_t table) {
    if (table == 0) {
        return true;
    }
    if (model_flatbuf_u8(&c->buf, table, QUANTIZATION_DETAILS_TYPE) != 0) {
        return model_check_fail(c, "quantization type is not supported");
    }
    flatbuf_vector_t scales = model_flatbuf_vector(&c->buf, table, QUANTIZATION_SCALE, 4);
    if (t->zero_points.len > 1 && t->zero_points.len != scales.len) {
        return model_check_fail(c, "%u zero points for %u scales", (unsigned)t->zero_points.len,
            (unsigned)scales.len);
    }
    for (uint32_t i = 0; i < scales.len; ++i) {
        // Positive and finite, in bits: no denormal, infinity, NaN or sign.
        uint32_t bits = model_flatbuf_u32_at(&c->buf, scales.pos + 4 * i);
        if (bits < 0x00800000 || bits >= 0x7f800000) {
            return model_check_fail(c, "scale %u is not a positive number", (unsigned)i);
        }
    }
    for (uint32_t i = 0; i < t->zero_points.len; ++i) {
        if (!zero_point_fits(t->type, (int64_t)model_flatbuf_u64_at(&c->buf, t->zero_points.pos + 8 * i))) {
            return model_check_fail(c, "zero point %u is out of range", (unsigned)i);
        }
    }
    return true;
}

static bool check_buffer(check_t *c, const check_tensor_t *t, uint32_t table, uint32_t bytes) {
    uint32_t index = (uint32_t)model_flatbuf_i32(&c->buf, table, TENSOR_BUFFER, 0);
    if (index >= c->buffers.len) {
        return model_check_fail(c, "buffer %u does not exist", (unsigned)index);
    }
    uint32_t buffer = model_flatbuf_vector_table(&c->buf, c->buffers, index);
    uint32_t offset = model_flatbuf_field(&c->buf, buffer, BUFFER_OFFSET, 8);
    uint32_t size = model_flatbuf_field(&c->buf, buffer, BUFFER_SIZE, 8);
    if ((offset != 0 && model_flatbuf_u64_at(&c->buf, offset) != 0)
        || (size != 0 && model_flatbuf_u64_at(&c->buf, size) != 0)
        || model_flatbuf_i32(&c->buf, table, TENSOR_EXTERNAL_BUFFER, 0) != 0) {
        return model_check_fail(c, "data outside the model is not supported");
    }
    if (t->data == 0) {
        return true;
    }
    uint32_t len = model_flatbuf_vector(&c->buf, buffer, BUFFER_DATA, 1).len;
    if (len != bytes) {
        return model_check_fail(c, "buffer has %u bytes, shape needs %u", (unsigned)len, (unsigned)bytes);
    }
    // Of an int64 the ops ask, since converters align to 4, and some take it so.
    uint32_t align = t->type == TENSOR_INT64 ? sizeof(int32_t) : (uint32_t)model_type_size(t->type);
    return t->data % align == 0
           || model_check_fail(c, "buffer of %s is not aligned", model_type_name(t->type));
}

// TFLM allows no intermediate that takes memory.
static bool check_intermediate(check_t *c, const check_tensor_t *t) {
    return (t->rank == 1 && model_check_dim(c, t, 0) == 0 && t->data == 0)
           || model_check_fail(c, "an intermediate, but not empty");
}

// A variable lives as long as the interpreter does, in memory of its own.
static bool check_variable(check_t *c, const check_tensor_t *t) {
    if (t->data != 0) {
        return model_check_fail(c, "a variable, but constant");
    }
    model_check_mark(c->held, t->index);
    return true;
}

// A handle is a number that VAR_HANDLE has, and makes the tensor point to.
static bool check_handle(check_t *c, const check_tensor_t *t, bool variable) {
    if (t->data != 0 || t->elements != 1 || variable) {
        return model_check_fail(c, "a handle, but constant, a variable or several");
    }
    model_check_mark(c->held, t->index);
    return true;
}

// One tensor by itself.
static bool check_tensor(check_t *c, check_tensor_t *t) {
    uint32_t table = model_flatbuf_vector_table(&c->buf, c->tensors, t->index);
    bool handle = t->type == TENSOR_RESOURCE;
    uint32_t type_size = handle ? sizeof(int32_t) : (uint32_t)model_type_size(t->type);
    if (type_size == 0) {
        return model_check_fail(c, "type %s is not supported", model_type_name(t->type));
    }
    if (t->rank > CHECK_MAX_RANK) {
        return model_check_fail(c, "more than %u dimensions", (unsigned)CHECK_MAX_RANK);
    }
    bool intermediate = model_check_marked(c->held, t->index);
    bool variable = model_flatbuf_u8(&c->buf, table, TENSOR_IS_VARIABLE) != 0;
    if (intermediate) {
        if (!check_intermediate(c, t)) {
            return false;
        }
        t->elements = 0;
    }
    for (unsigned i = 0; i < t->rank && !intermediate; ++i) {
        if (model_check_dim(c, t, i) < 1) {
            return model_check_fail(c, "dimension %u is %d", i, (int)model_check_dim(c, t, i));
        }
    }
    if (t->elements > MODEL_MAX_TENSOR_BYTES / type_size) {
        return model_check_fail(c, "more than %u bytes", (unsigned)MODEL_MAX_TENSOR_BYTES);
    }
    if (handle ? !check_handle(c, t, variable) : variable && !check_variable(c, t)) {
        return false;
    }
    if (model_flatbuf_field(&c->buf, table, TENSOR_SPARSITY, 4) != 0
        || model_flatbuf_field(&c->buf, table, TENSOR_VARIANT_TENSORS, 4) != 0) {
        return model_check_fail(c, "sparse and variant tensors are not supported");
    }
    return check_buffer(c, t, table, t->elements * type_size)
           && check_quantization(c, t, model_flatbuf_table(&c->buf, table, TENSOR_QUANTIZATION));
}

bool model_check_tensors(check_t *c) {
    uint32_t arena = c->arena;
    if (c->tensors.len > MODEL_MAX_TENSORS) {
        return model_check_fail(c, "more than %u tensors", (unsigned)MODEL_MAX_TENSORS);
    }
    c->subject = "tensor";
    c->subject_name = NULL;
    for (uint32_t i = 0; i < c->tensors.len; ++i) {
        check_tensor_t *t = &c->out; // no op uses it yet
        c->subject_index = i;
        model_check_read_tensor(c, (int32_t)i, t);
        if (!check_tensor(c, t)) {
            return false;
        }
        if (t->data != 0) {
            c->defined[i / 8] |= (uint8_t)(1 << i % 8);
        } else {
            arena += t->elements * (uint32_t)model_type_size(t->type);
        }
        if (arena > MODEL_MAX_ARENA_BYTES) {
            return model_check_fail(c, "tensors need more than %u bytes", (unsigned)MODEL_MAX_ARENA_BYTES);
        }
    }
    c->arena = arena;
    c->subject = NULL;
    return true;
}
