// PAD, PADV2, CONCATENATION, what only copies (RESHAPE and its like), and MEAN.

#include <string.h>

#include "model_schema.h"
#include "native.h"

// RESHAPE, EXPAND_DIMS, SQUEEZE ---------------------------------------------------------

typedef struct _copy_t {
    native_op_t op;
    uint32_t bytes;
} copy_t;

static const char *make_copy(const native_maker_t *maker, void *record) {
    ((copy_t *)record)->bytes = (uint32_t)maker->out.bytes;
    return NULL;
}

static void run_copy(const tflm_engine_t *engine, const void *record) {
    const copy_t *copy = record;
    memcpy(native_output(engine, &copy->op), native_input(engine, &copy->op, 0), copy->bytes);
}

// PAD and PADV2 -------------------------------------------------------------------------

enum { INPUT, PADDINGS, VALUE };

typedef struct _pad_t {
    native_op_t op;
    native_shape_t shape;
    uint32_t size; // of a value
    union {
        int8_t int8;
        uint32_t bits;
    } value; // to pad with where the model does not say: 0, which of an int8 is the zero point
} pad_t;

static const char *make_pad(const native_maker_t *maker, void *record) {
    pad_t *pad = record;
    pad->shape = native_shape(maker, &maker->in[INPUT]);
    pad->size = (uint32_t)model_type_size(maker->in[INPUT].type);
    if (maker->out.type != TENSOR_INT8) {
        return NULL;
    }
    int32_t zero_point = model_tensor_zero_point(&maker->out, 0);
    pad->value.int8 = (int8_t)zero_point;
    if (maker->inputs.len > VALUE
        && (zero_point != model_tensor_zero_point(&maker->in[VALUE], 0)
            || (maker->in[VALUE].scale_count > 0) != (maker->out.scale_count > 0)
            || (maker->out.scale_count > 0
                && native_scale_bits(&maker->in[VALUE], 0) != native_scale_bits(&maker->out, 0)))) {
        return "what it pads with is quantized otherwise";
    }
    return NULL;
}

static void run_pad(const tflm_engine_t *engine, const void *record) {
    const pad_t *pad = record;
    const void *value = pad->op.input_count > VALUE ? native_input(engine, &pad->op, VALUE) : &pad->value;
    int8_pad(native_dims(engine, &pad->shape), (int)pad->shape.rank, native_input(engine, &pad->op, PADDINGS),
        pad->size, value, native_input(engine, &pad->op, INPUT), native_output(engine, &pad->op));
}

// CONCATENATION -------------------------------------------------------------------------

typedef struct _part_t {
    uint32_t tensor;
    uint32_t bytes; // of a row
} part_t;

typedef struct _concatenation_t {
    native_op_t op;
    uint32_t rows;
    uint32_t step; // bytes of a row of the output
    // part_t[op.input_count]
} concatenation_t;

static const char *make_concatenation(const native_maker_t *maker, void *record) {
    enum { AXIS, ACTIVATION };
    concatenation_t *all = record;
    if (native_small_option(maker, ACTIVATION) != 0) {
        return "activation is not supported";
    }
    int32_t axis = native_option(maker, AXIS, 0);
    axis = axis < 0 ? axis + (int32_t)maker->out.rank : axis;
    all->rows = 1;
    for (int32_t i = 0; i < axis; i++) {
        all->rows *= (uint32_t)model_tensor_dim(&maker->out, (size_t)i);
    }
    all->step = (uint32_t)maker->out.bytes / all->rows;
    part_t *parts = (part_t *)(all + 1);
    for (size_t i = 0; i < maker->inputs.len; i++) {
        model_tensor_t input;
        parts[i].tensor = (uint32_t)model_flatbuf_vector_i32(&maker->buf, maker->inputs, i);
        (void)model_tensor(maker->buf.data, maker->buf.size, parts[i].tensor, &input);
        parts[i].bytes = (uint32_t)input.bytes / all->rows;
    }
    return NULL;
}

static void run_concatenation(const tflm_engine_t *engine, const void *record) {
    const concatenation_t *all = record;
    const part_t *parts = (const part_t *)(all + 1);
    uint8_t *to = native_output(engine, &all->op);
    for (size_t i = 0; i < all->op.input_count; to += parts[i].bytes, i++) {
        int8_copy_rows(native_data(engine, parts[i].tensor), parts[i].bytes, all->rows, to, all->step);
    }
}

// MEAN ----------------------------------------------------------------------------------

typedef struct _mean_t {
    native_op_t op;
    native_shape_t shape;
    int8_mean_t mean;
} mean_t;

static const char *make_mean(const native_maker_t *maker, void *record) {
    mean_t *mean = record;
    const model_tensor_t *input = &maker->in[0], *axes = &maker->in[1];
    mean->shape = native_shape(maker, input);
    for (size_t i = 0; i < native_elements(axes); i++) {
        int32_t axis = (int32_t)model_flatbuf_u32_at(&maker->buf, (uint32_t)(axes->constant - maker->buf.data + 4 * i));
        mean->mean.reduced |= (uint8_t)(1 << (axis < 0 ? axis + (int32_t)input->rank : axis));
    }
    mean->mean.input_zero_point = (int8_t)model_tensor_zero_point(input, 0);
    mean->mean.output_zero_point = (int8_t)model_tensor_zero_point(&maker->out, 0);
    mean->mean.factor = native_factor(model_real_over(native_scale(input), native_scale(&maker->out)));
    int8_axes_t kept, gone;
    int8_part_axes((const int *)input->dims, (int)input->rank, mean->mean.reduced, &kept, &gone);
    int8_mean_prepare(&mean->mean, (uint32_t)int8_axes_values(&gone));
    return NULL;
}

static void run_mean(const tflm_engine_t *engine, const void *record) {
    const mean_t *mean = record;
    int8_mean(&mean->mean, native_dims(engine, &mean->shape), (int)mean->shape.rank,
        native_input(engine, &mean->op, 0), native_output(engine, &mean->op));
}

const native_kind_t native_RESHAPE = { sizeof(copy_t), 0, 0, 0, make_copy, run_copy };
const native_kind_t native_EXPAND_DIMS = { sizeof(copy_t), 0, 0, 0, make_copy, run_copy };
const native_kind_t native_SQUEEZE = { sizeof(copy_t), 0, 0, 0, make_copy, run_copy };
const native_kind_t native_PAD = { sizeof(pad_t), 0, 0, 0, make_pad, run_pad };
const native_kind_t native_PADV2 = { sizeof(pad_t), 0, 0, 0, make_pad, run_pad };
const native_kind_t native_CONCATENATION = {
    sizeof(concatenation_t), sizeof(part_t), 0, 0, make_concatenation, run_concatenation
};
const native_kind_t native_MEAN = { sizeof(mean_t), 0, 0, 0, make_mean, run_mean };
