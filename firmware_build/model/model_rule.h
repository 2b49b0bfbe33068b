// What model_check.c and the rules of the ops share. Private to model_check*.c.

#ifndef MODEL_RULE_H
#define MODEL_RULE_H

#include "flatbuf.h"
#include "model_check.h"
#include "model_reader.h"
#include "model_schema.h"
#include "real.h"

#define CHECK_MAX_RANK (6) // of RuntimeShape, whose array has no more room
#define CHECK_MAX_SIDE (0xffff) // of an image or a window: esp-nn counts with 16 bits
#define CHECK_MAX_STEP (0x7fff) // of a window or its taps: TFLM and LiteRT count with 15 bits

// One tensor, as read from a file whose structure is sound.
typedef struct _check_tensor_t {
    uint32_t index; // CHECK_NO_TENSOR for an optional input left out
    uint32_t dims; // position of the first dimension
    uint32_t elements;
    uint32_t data; // position of the bytes of a constant; 0 for a computed tensor
    flatbuf_vector_t scales; // empty unless TFLM takes the tensor as quantized
    flatbuf_vector_t zero_points;
    int32_t quantized_dimension;
    uint8_t rank;
    uint8_t type;
} check_tensor_t;

#define CHECK_NO_TENSOR (0xffffffff)
#define CHECK_MAX_INPUTS (4) // that a rule finds in `in`

// Resource variables, by positions in the file.
typedef struct _check_variable_t {
    uint32_t container; // 0: it has none
    uint32_t name;
    uint32_t value; // table of the first tensor that it is read to or assigned from; 0: none yet
    bool assigned;
} check_variable_t;

#define CHECK_MAX_VARIABLES (32)
#define CHECK_MAX_HANDLES (64) // in a subgraph

typedef struct _check_variables_t {
    check_variable_t variables[CHECK_MAX_VARIABLES];
    uint16_t handles[CHECK_MAX_HANDLES]; // tensors of this subgraph
    uint8_t of_handles[CHECK_MAX_HANDLES]; // which variable each is
    uint8_t count;
    uint8_t handle_count;
} check_variables_t;

typedef struct _check_t {
    flatbuf_t buf;
    flatbuf_vector_t codes;
    flatbuf_vector_t tensors;
    flatbuf_vector_t buffers;
    uint32_t arena; // bytes of all computed tensors that were checked
    uint32_t budget; // of parts to visit, so that a small file cannot cost much

    check_variables_t *variables;
    uint32_t subgraph_count;
    bool called; // the second subgraph is what a CALL_ONCE calls

    // What a message is about: NULL, "tensor" or "op"; "setup " if of the second subgraph, or "".
    const char *where;
    const char *subject;
    uint32_t subject_index;
    const char *subject_name;
    char *message;
    size_t message_size;

    // The op a rule is asked about.
    flatbuf_vector_t inputs;
    flatbuf_vector_t outputs;
    bool own; // as in model_check_op_t
    uint32_t options; // 0 if absent, else of the type the rule names
    flatbuf_vector_t custom_options; // bytes
    check_tensor_t in[CHECK_MAX_INPUTS];
    check_tensor_t out; // the first output

    uint8_t defined[MODEL_MAX_TENSORS / 8]; // tensors that hold a value by now
    // Tensors that are no values: of variables, those that an op has as its state are defined;
    // intermediates of an op, which nobody reads.
    uint8_t held[MODEL_MAX_TENSORS / 8];
} check_t;

enum {
    RULE_SAME_TYPE = 1, // the output has the type of the data input
    RULE_SAME_SHAPE = 2, // ... and its shape
    RULE_QUANTIZED = 4, // integer data and output have one scale and zero point each
    RULE_BIAS = 8, // the last input may be left out, or be -1
    RULE_DATA_LAST = 16, // the data input is number 2, not 0
    RULE_OPTIONS_OPTIONAL = 32, // TFLM can do without the options
    RULE_DATA_SECOND = 64, // the data input is number 1, not 0
    RULE_OUTPUTS = 128, // one output or more; the flags above are about the first
    RULE_STATE = 256, // any input may be left out or be no value: the op's own rule looks
    RULE_INTERMEDIATES = 512, // may have intermediates
    RULE_HANDLE = 1024, // the output is a handle on a variable
    RULE_NO_OUTPUT = 2048,
    RULE_KEEPS_OUTPUT = 4096, // the output is a variable, the op's state and its value
    RULE_INT16 = 8192, // the data may be int16 too, its zero point 0, where MODEL_INT16
};

struct _model_rule_t {
    uint16_t flags;
    uint8_t min_inputs;
    uint8_t max_inputs;
    uint8_t options; // type in the union BuiltinOptions; 0: TFLM reads none
    const char *layout; // of the options, as for model_check_table(); of a custom op its name
    uint32_t types; // TYPE_BIT()s that the data input may have
    bool (*check)(check_t *c); // NULL: nothing more to check
};

#define TYPE_BIT(type) (UINT32_C(1) << (type))
#define TYPE_FLOAT_OR_INT8 (TYPE_BIT(TENSOR_FLOAT32) | TYPE_BIT(TENSOR_INT8))

// Write the message and return false, so that a rule can `return model_check_fail(...)`.
// Understands %u (unsigned), %d (int) and %s.
bool model_check_fail(check_t *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Is a table, and everything that `layout` says it leads to, inside and aligned? The
// layout has a character a field: 1, 4, 8 a scalar of so many bytes; s a string; b, w, x
// a vector of 1, 4, 8 bytes; an upper case letter the vector of tables so named in
// model_check_structure.c, a `q` the one table there that stands alone; o a table of unknown
// type; - what nobody reads.
bool model_check_table(check_t *c, uint32_t table, const char *layout);

// May so many parts of the file be visited once more? (model_check_structure.c)
bool model_check_spend(check_t *c, uint32_t parts);

// Is the whole file so, from its root on? (model_check_structure.c)
bool model_check_structure(check_t *c);

// Is nothing in the metadata that TFLM would go by? (model_check_structure.c)
bool model_check_metadata(check_t *c, flatbuf_vector_t metadata);

// Is each tensor sound by itself? Marks constants as defined, variables as held.
// (model_check_tensor.c)
bool model_check_tensors(check_t *c);

// Marks the intermediates of all ops as held. (model_check_state.c)
bool model_check_intermediates(check_t *c, flatbuf_vector_t operators);

// Is it of int16, which is no other name for false where no rule lets that pass?
static inline bool model_check_is_int16(const check_tensor_t *t) {
    return MODEL_INT16 && t->type == TENSOR_INT16;
}

// Marks of tensors: `bits` is `defined` or `held`.
static inline bool model_check_marked(const uint8_t *bits, uint32_t index) {
    return (bits[index / 8] >> index % 8 & 1) != 0;
}

static inline void model_check_mark(uint8_t *bits, uint32_t index) {
    bits[index / 8] |= (uint8_t)(1 << index % 8);
}

static inline void model_check_unmark(uint8_t *bits, uint32_t index) {
    bits[index / 8] &= (uint8_t) ~(1 << index % 8);
}

// Operator codes. (model_check_code.c)
const model_check_op_t *model_check_find_op(const model_check_op_t *ops, size_t op_count, const model_op_t *op);
bool model_check_operator_codes(check_t *c);
bool model_check_has_variables(const check_t *c, const model_check_op_t *ops, size_t op_count);

// Read a tensor, or note its absence for a negative index; or, but for its index, by its table.
void model_check_read_tensor(const check_t *c, int32_t index, check_tensor_t *t);
void model_check_read_table(const check_t *c, uint32_t table, check_tensor_t *t);

// What an operator of any subgraph is. (model_reader.c)
bool model_flatbuf_op(const flatbuf_t *buf, uint32_t operator, model_op_t *op);

// Has each variable its memory, which TFLM gives it where it is assigned? (model_check_resource.c)
bool model_check_variables_assigned(check_t *c);

// Values of a tensor.
int32_t model_check_dim(const check_t *c, const check_tensor_t *t, unsigned i);
int32_t model_check_constant(const check_t *c, const check_tensor_t *t, uint32_t i); // an int32 one
// The largest absolute value of a constant of int32 or int64; of the least int64 that is 2**63.
uint64_t model_check_largest(const check_t *c, const check_tensor_t *t);
// The bits of a scale. Each is a positive float32 and no subnormal, so bits are in the order of scales.
uint32_t model_check_scale(const check_t *c, const check_tensor_t *t, uint32_t i);
#define SCALE_OF_2(power) ((uint32_t)(127 + (power)) << 23) // bits of 2**power

// Are the custom options a map of just these whole numbers? The keys are in alphabetical order,
// each with its NUL, and one more behind the last.
bool model_check_custom_options(check_t *c, const char *keys, int32_t *values);

// A field of the options that is a float32: its bits; of a number that is finite, and not negative.
static inline uint32_t model_check_float(const check_t *c, unsigned field) {
    uint32_t pos = model_flatbuf_field(&c->buf, c->options, field, 4);
    return pos != 0 ? model_flatbuf_u32_at(&c->buf, pos) : 0;
}

static inline bool model_check_finite(uint32_t bits) {
    return (bits >> 23 & 0xff) != 0xff;
}

static inline bool model_check_negative(uint32_t bits) {
    return bits > UINT32_C(1) << 31; // which is -0
}

// A tensor's one scale, and the quotient of two, in double precision.
static inline model_real_t model_check_real(const check_t *c, const check_tensor_t *t) {
    return model_real(model_check_scale(c, t, 0));
}

static inline model_real_t model_check_ratio(const check_t *c, const check_tensor_t *t, const check_tensor_t *unit) {
    return model_real_over(model_check_real(c, t), model_check_real(c, unit));
}

// Is x at least, or at most, 2**power?
static inline bool model_check_at_least(model_real_t x, int power) {
    return model_real_compare(x, model_real_scaled(model_real_whole(1), power)) >= 0;
}

static inline bool model_check_at_most(model_real_t x, int power) {
    return model_real_compare(x, model_real_scaled(model_real_whole(1), power)) <= 0;
}

static inline bool model_check_is_float(const check_t *c) {
    return c->in[0].type == TENSOR_FLOAT32;
}

// Questions that rules share. `what` names the tensor in the message.
bool model_check_present(const check_tensor_t *t);
bool model_check_same_shape(check_t *c, const check_tensor_t *a, const check_tensor_t *b);
bool model_check_rank(check_t *c, const check_tensor_t *t, unsigned rank, const char *what);

// Is no dimension longer than CHECK_MAX_SIDE?
bool model_check_sides(check_t *c, const check_tensor_t *t);
bool model_check_type(check_t *c, const check_tensor_t *t, int type, const char *what);
// One scale and one zero point, and a scale with which 6 / scale fits an int32.
bool model_check_quantized(check_t *c, const check_tensor_t *t, const char *what);
// The same, for one of several inputs whose scales only meet in ratios and products: a
// constant of zeros may have a scale near 0.
bool model_check_operand(check_t *c, const check_tensor_t *t, const char *what);
// Does a tensor of int8 or int16 have the output's scale and zero point, for a kernel that only copies?
bool model_check_same_quantization(check_t *c, const check_tensor_t *t, const char *what);
// Is there a numpy-like way from the shape of `b` to the longer or equal one of `a`?
bool model_check_stretches(const check_t *c, const check_tensor_t *b, const check_tensor_t *a);
// A constant int32 vector (or, where count is 1, scalar) of so many elements.
bool model_check_int32_constant(check_t *c, const check_tensor_t *t, uint32_t count, const char *what);
// Is the data of float32, or the kernel ours? TFLM's takes floats alone, or does not survive a
// division by 0.
bool model_check_own_int8(check_t *c);
// Fused activations: none, relu, relu of -1 to 1, relu6.
bool model_check_activation(check_t *c, int activation);
// Can integers up to `magnitude`, at least 1, be multiplied by a fixed-point `multiplier` in 32 bits?
bool model_check_rescale(check_t *c, uint64_t magnitude, model_real_t multiplier);
// The same in 64 bits, as TFLM does it for sums of int16.
bool model_check_rescale_64(check_t *c, uint64_t magnitude, model_real_t multiplier);
// Is a constant of int64 aligned for who reads it as such? A vector of a file need not be.
bool model_check_aligned(check_t *c, const check_tensor_t *t);
// A zero point of 0, or none, if it is of int16: kernels take it for granted.
bool model_check_symmetric(check_t *c, const check_tensor_t *t, const char *what);
// A constant axis, counted from the end if negative, of a tensor of `rank` dimensions.
// Returns -1, and a message, if it is out of range.
int model_check_axis(check_t *c, int32_t axis, unsigned rank);
// Is the output the input without the dimensions whose bit is set (or, if they are kept, with
// 1 in their place)?
bool model_check_without(check_t *c, uint32_t dropped, bool keep);
// Is the output's dimension i the given size?
bool model_check_out_dim(check_t *c, unsigned i, int64_t size);

#endif // MODEL_RULE_H
