// Ops on each value by itself, and SOFTMAX: RELU, RELU6, LEAKY_RELU, LOGISTIC, QUANTIZE, DEQUANTIZE.

#include <string.h>

#include "model_schema.h"
#include "native.h"
#include "rescale.h"
#include "tflm_real.h"

// RELU, RELU6 and LEAKY_RELU ----------------------------------------------------------

typedef struct _line_t {
    native_op_t op;
    uint32_t count;
    int8_scale_t scale;
} line_t;

// TFLM multiplies and divides these scales in single precision.
static const char *make_line(const native_maker_t *maker, void *record, unsigned activation, uint32_t alpha) {
    line_t *line = record;
    model_real_t input = native_scale(&maker->in[0]), output = native_scale(&maker->out);
    model_real_t negative = model_real_single(model_real_times(input, model_real(alpha)));
    line->count = (uint32_t)native_elements(&maker->out);
    line->scale.input_zero_point = (int8_t)model_tensor_zero_point(&maker->in[0], 0);
    line->scale.range = native_range(maker, activation);
    line->scale.positive = native_factor(model_real_single(model_real_over(input, output)));
    line->scale.negative = native_factor(model_real_single(model_real_over(negative, output)));
    return NULL;
}

#define ONE (0x3f800000) // as a float32

static const char *make_relu(const native_maker_t *maker, void *record) {
    return make_line(maker, record, 1, ONE);
}

static const char *make_relu6(const native_maker_t *maker, void *record) {
    return make_line(maker, record, 3, ONE);
}

static const char *make_leaky_relu(const native_maker_t *maker, void *record) {
    enum { ALPHA };
    // Not negative, says the check, but it may be -0.
    return make_line(maker, record, 0, (uint32_t)native_option(maker, ALPHA, 0) & 0x7fffffff);
}

static void run_line(const tflm_engine_t *engine, const void *record) {
    const line_t *line = record;
    int8_scale(&line->scale, line->count, native_input(engine, &line->op, 0), native_output(engine, &line->op));
}

// SOFTMAX and LOGISTIC ----------------------------------------------------------------

// Bits before the point of what an exponential is taken of.
enum { SOFTMAX_BITS = 5, LOGISTIC_BITS = 4 };

typedef struct _softmax_t {
    native_op_t op;
    uint32_t rows, depth;
    int8_softmax_t softmax;
} softmax_t;

typedef struct _logistic_t {
    native_op_t op;
    uint32_t count;
    int8_logistic_t logistic;
} logistic_t;

// CalculateInputRadius() of tensorflow/lite/kernels/internal/quantization_util.cc.
static int32_t radius_of(int bits, int shift) {
    uint32_t most = ((UINT32_C(1) << bits) - 1) << (31 - bits);
    return shift > 31 ? 0 : (int32_t)(most >> shift);
}

// As CalculateSoftmaxParams() of tensorflow/lite/micro/kernels/softmax_common.cc.
static const char *make_softmax(const native_maker_t *maker, void *record) {
    enum { BETA };
    softmax_t *softmax = record;
    if (model_tensor_zero_point(&maker->out, 0) != -128 || native_scale_bits(&maker->out, 0) != 0x3b800000) {
        return "the kernel's output has scale 1/256 and zero point -128";
    }
    model_real_t beta = model_real((uint32_t)native_option(maker, BETA, 0)), most = model_real_whole(INT32_MAX);
    model_real_t factor = model_real_scaled(model_real_times(beta, native_scale(&maker->in[0])), 31 - SOFTMAX_BITS);
    softmax->softmax.factor = native_factor(model_real_compare(factor, most) > 0 ? most : factor);
    softmax->softmax.least = -radius_of(SOFTMAX_BITS, softmax->softmax.factor.shift);
    softmax->depth = (uint32_t)model_tensor_dim(&maker->out, maker->out.rank - 1);
    softmax->rows = (uint32_t)native_elements(&maker->out) / softmax->depth;
    return NULL;
}

static void run_softmax(const tflm_engine_t *engine, const void *record) {
    const softmax_t *softmax = record;
    int8_softmax(&softmax->softmax, softmax->rows, softmax->depth, native_input(engine, &softmax->op, 0),
        native_output(engine, &softmax->op));
}

// As CalculateArithmeticOpDataLogistic() of tensorflow/lite/micro/kernels/logistic_common.cc.
static const char *make_logistic(const native_maker_t *maker, void *record) {
    logistic_t *logistic = record;
    logistic->count = (uint32_t)native_elements(&maker->out);
    logistic->logistic.factor = native_factor(model_real_scaled(native_scale(&maker->in[0]), 31 - LOGISTIC_BITS));
    logistic->logistic.radius = radius_of(LOGISTIC_BITS, logistic->logistic.factor.shift);
    logistic->logistic.input_zero_point = (int8_t)model_tensor_zero_point(&maker->in[0], 0);
    return NULL;
}

static void run_logistic(const tflm_engine_t *engine, const void *record) {
    const logistic_t *logistic = record;
    int8_logistic(&logistic->logistic, logistic->count, native_input(engine, &logistic->op, 0),
        native_output(engine, &logistic->op));
}

// QUANTIZE and DEQUANTIZE ---------------------------------------------------------------

typedef struct _quantize_t {
    native_op_t op;
    uint32_t count;
    uint32_t scale; // bits of that of the output, or of what is dequantized
    int8_factor_t factor;
    int32_t input_zero_point, zero_point;
    uint8_t from, to;
} quantize_t;

static const char *make_quantize(const native_maker_t *maker, void *record) {
    quantize_t *quantize = record;
    quantize->count = (uint32_t)native_elements(&maker->out);
    quantize->from = (uint8_t)maker->in[0].type;
    quantize->to = (uint8_t)maker->out.type;
    quantize->input_zero_point = model_tensor_zero_point(&maker->in[0], 0);
    quantize->zero_point = model_tensor_zero_point(&maker->out, 0);
    if (quantize->from == TENSOR_FLOAT32) {
        quantize->scale = native_scale_bits(&maker->out, 0);
    } else if (quantize->to == TENSOR_FLOAT32) {
        quantize->scale = native_scale_bits(&maker->in[0], 0);
    } else {
        quantize->factor = native_factor(model_real_over(native_scale(&maker->in[0]), native_scale(&maker->out)));
    }
    return NULL;
}

static int32_t integer_at(const void *data, uint8_t type, size_t i) {
    switch (type) {
        case TENSOR_INT8:
            return ((const int8_t *)data)[i];
        case TENSOR_UINT8:
            return ((const uint8_t *)data)[i];
        case TENSOR_INT16:
            return ((const int16_t *)data)[i];
        default:
            return ((const int32_t *)data)[i];
    }
}

// As much of x as the type holds.
static void store(void *data, uint8_t type, size_t i, int32_t x) {
    if (type == TENSOR_INT32) {
        ((int32_t *)data)[i] = x;
        return;
    }
    int32_t min = type == TENSOR_UINT8 ? 0 : type == TENSOR_INT8 ? INT8_MIN : INT16_MIN;
    int32_t max = type == TENSOR_UINT8 ? UINT8_MAX : type == TENSOR_INT8 ? INT8_MAX : INT16_MAX;
    x = x < min ? min : x > max ? max : x;
    if (type == TENSOR_INT16) {
        ((int16_t *)data)[i] = (int16_t)x;
    } else {
        ((uint8_t *)data)[i] = (uint8_t)x;
    }
}

static void run_quantize(const tflm_engine_t *engine, const void *record) {
    const quantize_t *quantize = record;
    const void *from = native_input(engine, &quantize->op, 0);
    void *to = native_output(engine, &quantize->op);
    if (quantize->from == TENSOR_INT8 && quantize->to == TENSOR_INT8) {
        int8_scale_t scale = { quantize->factor, quantize->factor, (int8_t)quantize->input_zero_point,
                               { (int8_t)quantize->zero_point, INT8_MIN, INT8_MAX } };
        int8_scale(&scale, quantize->count, from, to);
        return;
    }
    for (size_t i = 0; i < quantize->count; i++) {
        if (quantize->from == TENSOR_FLOAT32) {
            // Of NaN anything may be made.
            uint32_t value = ((const uint32_t *)from)[i];
            value = tflm_real_is_nan(value) ? 0 : value;
            int32_t q = quantize->to == TENSOR_INT8 ? int8_quotient(value, quantize->scale) : INT8_UNDECIDED;
            store(to, quantize->to, i, q != INT8_UNDECIDED ? q + quantize->zero_point
                : (int32_t)tflm_real_quantized(value, quantize->scale, quantize->zero_point, model_type_code(quantize->to)));
            continue;
        }
        int32_t raw = integer_at(from, quantize->from, i);
        // An int32 may be any number, of which the rule bounds no more than what comes out.
        uint32_t x = (uint32_t)raw - (uint32_t)quantize->input_zero_point;
        if (quantize->to == TENSOR_FLOAT32) {
            ((uint32_t *)to)[i] = tflm_real_dequantized(raw, quantize->scale, quantize->input_zero_point,
                model_type_code(quantize->from));
        } else {
            store(to, quantize->to, i, int8_rescale((int32_t)x, quantize->factor.multiplier,
                quantize->factor.shift) + quantize->zero_point);
        }
    }
}

const native_kind_t native_RELU = { sizeof(line_t), 0, 0, 0, make_relu, run_line };
const native_kind_t native_RELU6 = { sizeof(line_t), 0, 0, 0, make_relu6, run_line };
const native_kind_t native_LEAKY_RELU = { sizeof(line_t), 0, 0, 0, make_leaky_relu, run_line };
const native_kind_t native_SOFTMAX = { sizeof(softmax_t), 0, 0, 0, make_softmax, run_softmax };
const native_kind_t native_LOGISTIC = { sizeof(logistic_t), 0, 0, 0, make_logistic, run_logistic };
const native_kind_t native_QUANTIZE = { sizeof(quantize_t), 0, 0, 0, make_quantize, run_quantize };
const native_kind_t native_DEQUANTIZE = { sizeof(quantize_t), 0, 0, 0, make_quantize, run_quantize };
