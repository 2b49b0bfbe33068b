// ADD, SUB, MUL and PRELU.

#include "native.h"

typedef struct _pair_t {
    native_op_t op;
    native_shape_t shapes[2];
    union {
        int8_add_t add;
        int8_mul_t mul;
        int8_prelu_t prelu;
    } as;
} pair_t;

static int8_t zero_point(const model_tensor_t *tensor) {
    return (int8_t)model_tensor_zero_point(tensor, 0);
}

static void begin(const native_maker_t *maker, pair_t *pair) {
    pair->shapes[0] = native_shape(maker, &maker->in[0]);
    pair->shapes[1] = native_shape(maker, &maker->in[1]);
}

static int8_operand_t operand(const tflm_engine_t *engine, const pair_t *pair, size_t i) {
    const native_shape_t *shape = &pair->shapes[i];
    return (int8_operand_t) { native_input(engine, &pair->op, i), native_dims(engine, shape), (int)shape->rank };
}

// ADD and SUB -----------------------------------------------------------------------

// As CalculateOpDataAdd() and CalculateOpDataSub() of tensorflow/lite/micro/kernels, the latter of
// which divides in single precision.
static void make_sum(const native_maker_t *maker, pair_t *pair, bool subtract) {
    enum { ACTIVATION };
    begin(maker, pair);
    int8_add_t *op = &pair->as.add;
    model_real_t first = native_scale(&maker->in[0]), second = native_scale(&maker->in[1]);
    op->second_is_wide = model_real_compare(second, first) > 0;
    const model_tensor_t *wide = &maker->in[op->second_is_wide], *fine = &maker->in[!op->second_is_wide];
    op->wide_zero_point = zero_point(wide);
    op->fine_zero_point = zero_point(fine);
    op->wide_sign = subtract && op->second_is_wide ? -1 : 1;
    op->fine_sign = subtract && !op->second_is_wide ? -1 : 1;
    model_real_t twice = model_real_scaled(native_scale(wide), 1);
    model_real_t share = model_real_over(native_scale(fine), twice);
    model_real_t result = model_real_over(twice, model_real_scaled(native_scale(&maker->out), 20));
    op->fine = native_factor(subtract ? model_real_single(share) : share);
    op->factor = native_factor(subtract ? model_real_single(result) : result);
    op->range = native_range(maker, native_small_option(maker, ACTIVATION));
}

static const char *make_add(const native_maker_t *maker, void *record) {
    make_sum(maker, record, false);
    return NULL;
}

static const char *make_sub(const native_maker_t *maker, void *record) {
    make_sum(maker, record, true);
    return NULL;
}

static void run_sum(const tflm_engine_t *engine, const void *record) {
    const pair_t *pair = record;
    int8_operand_t a = operand(engine, pair, 0), b = operand(engine, pair, 1);
    int8_add(&pair->as.add, &a, &b, native_output(engine, &pair->op));
}

// MUL and PRELU ---------------------------------------------------------------------

static const char *make_mul(const native_maker_t *maker, void *record) {
    enum { ACTIVATION };
    pair_t *pair = record;
    begin(maker, pair);
    pair->as.mul.a_zero_point = zero_point(&maker->in[0]);
    pair->as.mul.b_zero_point = zero_point(&maker->in[1]);
    pair->as.mul.factor = native_factor(model_real_over(
        model_real_times(native_scale(&maker->in[0]), native_scale(&maker->in[1])), native_scale(&maker->out)));
    pair->as.mul.range = native_range(maker, native_small_option(maker, ACTIVATION));
    return NULL;
}

static void run_mul(const tflm_engine_t *engine, const void *record) {
    const pair_t *pair = record;
    int8_operand_t a = operand(engine, pair, 0), b = operand(engine, pair, 1);
    int8_mul(&pair->as.mul, &a, &b, native_output(engine, &pair->op));
}

static const char *make_prelu(const native_maker_t *maker, void *record) {
    pair_t *pair = record;
    begin(maker, pair);
    model_real_t input = native_scale(&maker->in[0]), output = native_scale(&maker->out);
    pair->as.prelu.a_zero_point = zero_point(&maker->in[0]);
    pair->as.prelu.b_zero_point = zero_point(&maker->in[1]);
    pair->as.prelu.output_zero_point = zero_point(&maker->out);
    pair->as.prelu.positive = native_factor(model_real_over(input, output));
    pair->as.prelu.negative = native_factor(model_real_over(model_real_times(input, native_scale(&maker->in[1])), output));
    return NULL;
}

static void run_prelu(const tflm_engine_t *engine, const void *record) {
    const pair_t *pair = record;
    int8_operand_t a = operand(engine, pair, 0), b = operand(engine, pair, 1);
    int8_prelu(&pair->as.prelu, &a, &b, native_output(engine, &pair->op));
}

const native_kind_t native_ADD = { sizeof(pair_t), 0, 0, 0, make_add, run_sum };
const native_kind_t native_SUB = { sizeof(pair_t), 0, 0, 0, make_sub, run_sum };
const native_kind_t native_MUL = { sizeof(pair_t), 0, 0, 0, make_mul, run_mul };
const native_kind_t native_PRELU = { sizeof(pair_t), 0, 0, 0, make_prelu, run_prelu };
