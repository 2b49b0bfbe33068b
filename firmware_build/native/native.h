// What the files of the native engine share.
//
// The engine knows no TFLM. What it keeps of a model is a list of records, one for each op, as a
// run goes through them, and a place for each tensor. Both hold numbers of fixed width and no
// addresses, so they take as many bytes on every machine, and the host can tell how many.

#ifndef NATIVE_H
#define NATIVE_H

#include "flatbuf.h"
#include "kernels.h"
#include "model_reader.h"
#include "real.h"
#include "tflm_engine.h"

// Where the bytes of a tensor are: how far into the arena, or one of these and a number.
#define NATIVE_CONSTANT (UINT32_C(1) << 31) // how far into the model
#define NATIVE_MOVED (UINT32_C(1) << 30) // which of engine->moved
#define NATIVE_NOWHERE (NATIVE_MOVED - 1)

struct _tflm_engine_t {
    const uint8_t *model; // once all but the arena is made
    uint8_t *arena;
    uint32_t *places; // of each tensor
    uint8_t *ops; // records, one behind the other
    uint32_t kept; // bytes of both
    uint32_t planned; // bytes of the arena
    uint32_t op_count;
    uint32_t moved_count;
    void *moved[]; // where inputs and outputs are that do not lie in the arena any more
};

#define NATIVE_INPUTS (3) // that a record has; a fourth is in none of the ops

// What all records begin with. Each takes a multiple of 4 bytes.
typedef struct _native_op_t {
    uint32_t size; // to the next one
    uint32_t scratch; // where in the arena it is; when it is made, how many bytes it needs
    uint16_t kind; // number in native_kinds
    uint16_t output; // these are tensors
    uint16_t inputs[NATIVE_INPUTS];
    uint16_t input_count; // a bias that is left out is none
} native_op_t;

// What an op is made from.
typedef struct _native_maker_t {
    flatbuf_t buf;
    uint32_t options; // position of the table
    flatbuf_vector_t inputs;
    model_tensor_t in[NATIVE_INPUTS]; // what there is of them
    model_tensor_t out;
} native_maker_t;

// One way to run ops.
typedef struct _native_kind_t {
    uint8_t size; // of a record, and what it has behind that:
    uint8_t input_size; // for each input
    uint8_t channel_size; // for each of the output's channels
    uint8_t scale_size; // for each of the weights' scales
    // Fill in the record, which is all 0 but for its native_op_t. NULL, or why that can't be.
    const char *(*make)(const native_maker_t *maker, void *record);
    void (*run)(const tflm_engine_t *engine, const void *record);
} native_kind_t;

typedef struct _native_known_t {
    uint8_t code; // TFLite's BuiltinOperator
    const native_kind_t *kind;
} native_known_t;

extern const native_kind_t native_CONV_2D;
extern const native_kind_t native_DEPTHWISE_CONV_2D;
extern const native_kind_t native_FULLY_CONNECTED;
extern const native_kind_t native_MAX_POOL_2D;
extern const native_kind_t native_AVERAGE_POOL_2D;
extern const native_kind_t native_ADD;
extern const native_kind_t native_SUB;
extern const native_kind_t native_MUL;
extern const native_kind_t native_PRELU;
extern const native_kind_t native_RELU;
extern const native_kind_t native_RELU6;
extern const native_kind_t native_LEAKY_RELU;
extern const native_kind_t native_SOFTMAX;
extern const native_kind_t native_LOGISTIC;
extern const native_kind_t native_MEAN;
extern const native_kind_t native_PAD;
extern const native_kind_t native_PADV2;
extern const native_kind_t native_CONCATENATION;
extern const native_kind_t native_RESHAPE;
extern const native_kind_t native_EXPAND_DIMS;
extern const native_kind_t native_SQUEEZE;
extern const native_kind_t native_QUANTIZE;
extern const native_kind_t native_DEQUANTIZE;

// Where the bytes of a tensor are now; NULL for one that has none.
void *native_data(const tflm_engine_t *engine, size_t tensor);

static inline void *native_input(const tflm_engine_t *engine, const native_op_t *op, size_t i) {
    return native_data(engine, op->inputs[i]);
}

static inline void *native_output(const tflm_engine_t *engine, const native_op_t *op) {
    return native_data(engine, op->output);
}

// The dimensions of a tensor: where they are in the model, and how many.
typedef struct _native_shape_t {
    uint32_t dims;
    uint32_t rank;
} native_shape_t;

native_shape_t native_shape(const native_maker_t *maker, const model_tensor_t *tensor);

static inline const int *native_dims(const tflm_engine_t *engine, const native_shape_t *shape) {
    return (const int *)(engine->model + shape->dims); // which the check saw to be aligned
}

size_t native_elements(const model_tensor_t *tensor);

// A scale, and the factor that a real one is in fixed point.
uint32_t native_scale_bits(const model_tensor_t *tensor, size_t i);
model_real_t native_scale(const model_tensor_t *tensor);
int8_factor_t native_factor(model_real_t real);

// What a fused activation leaves of the output.
int8_range_t native_range(const native_maker_t *maker, unsigned activation);

// Options: a field's whole number.
static inline int32_t native_option(const native_maker_t *maker, unsigned field, int32_t otherwise) {
    return model_flatbuf_i32(&maker->buf, maker->options, field, otherwise);
}

static inline unsigned native_small_option(const native_maker_t *maker, unsigned field) {
    return model_flatbuf_u8(&maker->buf, maker->options, field);
}

// A stretch of the arena that is needed from one op on to another.
typedef struct _native_need_t {
    uint32_t size;
    uint32_t offset;
    uint32_t word; // of the block that is kept: where to write the offset
    uint16_t first, last; // ops
    uint16_t next; // in the order of offsets, private to native_plan()
} native_need_t;

// Find a place for each that has a size, no two that are needed at once over each other. Returns how
// many bytes they all take.
uint32_t native_plan(native_need_t *needs, size_t count);

#endif // NATIVE_H
