// ADD, SUB, ADD_N, MUL, DIV, PRELU and, of float32 alone, POW.

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"

#include "kernels_tflm_util.h"

namespace {

int8_operand_t operand_of(TfLiteContext *context, TfLiteNode *node, int index) {
    const TfLiteEvalTensor *tensor = tflite::micro::GetEvalInput(context, node, index);
    return { tensor->data.data, tensor->dims->data, tensor->dims->size };
}

// The options of those that have any begin with it.
TfLiteFusedActivation activation_of(const TfLiteNode *node) {
    return *static_cast<const TfLiteFusedActivation *>(node->builtin_data);
}

// Float -----------------------------------------------------------------------------

// As reference_ops has it, value for value, by the kernels' way through the operands: TFLM compiles a
// walk of its own for each op and type, 3 KB each.
struct float_op_t {
    tflite::BuiltinOperator code;
    float min, max;
};

void float_row(const void *context, const void *a, size_t a_step, const void *b, size_t b_step,
    void *output, size_t count) {
    const auto *op = static_cast<const float_op_t *>(context);
    const auto *x = static_cast<const float *>(a), *y = static_cast<const float *>(b);
    auto *to = static_cast<float *>(output);
    for (const float *end = to + count; to != end; x += a_step, y += b_step) {
        float value;
        if (op->code == tflite::BuiltinOperator_ADD) {
            value = *x + *y;
        } else if (op->code == tflite::BuiltinOperator_SUB) {
            value = *x - *y;
        } else if (op->code == tflite::BuiltinOperator_MUL) {
            value = *x * *y;
        } else if (op->code == tflite::BuiltinOperator_DIV) {
            value = *x / *y;
        } else if (op->code == tflite::BuiltinOperator_POW) {
            value = std::pow(*x, *y);
        } else if (!(*x >= 0)) {
            value = *x * *y;
        } else {
            value = *x;
        }
        *to++ = std::min(std::max(value, op->min), op->max);
    }
}

TfLiteStatus run_float(TfLiteContext *context, TfLiteNode *node, tflite::BuiltinOperator code) {
    float_op_t op = { code, -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::infinity() };
    if (code != tflite::BuiltinOperator_PRELU && code != tflite::BuiltinOperator_POW) {
        tflite::CalculateActivationRange(activation_of(node), &op.min, &op.max);
    }
    int8_operand_t a = operand_of(context, node, 0), b = operand_of(context, node, 1);
    int8_broadcast(&op, float_row, sizeof(float), &a, &b, output_of<float>(context, node));
    return kTfLiteOk;
}

// int32 ----------------------------------------------------------------------------

bool is_int32(TfLiteContext *context, TfLiteNode *node) {
    return tflite::micro::GetEvalInput(context, node, 0)->type == kTfLiteInt32;
}

// TFLM's overflow; these wrap around, as they do where nobody sees it.
void int32_row(const void *context, const void *a, size_t a_step, const void *b, size_t b_step,
    void *output, size_t count) {
    auto code = *static_cast<const tflite::BuiltinOperator *>(context);
    const auto *x = static_cast<const uint32_t *>(a), *y = static_cast<const uint32_t *>(b);
    auto *to = static_cast<uint32_t *>(output);
    for (const uint32_t *end = to + count; to != end; x += a_step, y += b_step) {
        switch (code) {
            case tflite::BuiltinOperator_ADD:
                *to++ = *x + *y;
                break;
            case tflite::BuiltinOperator_SUB:
                *to++ = *x - *y;
                break;
            case tflite::BuiltinOperator_MUL:
                *to++ = *x * *y;
                break;
            default: // DIV, whose divisor is above 0
                *to++ = (uint32_t)((int32_t)*x / (int32_t)*y);
        }
    }
}

// Int16 ----------------------------------------------------------------------------

template<typename Op> TfLiteStatus run_int16(TfLiteContext *context, TfLiteNode *node,
    void (*run)(const Op *, const int8_operand_t *, const int8_operand_t *, int16_t *)) {
    int8_operand_t a = operand_of(context, node, 0), b = operand_of(context, node, 1);
    run(static_cast<const Op *>(node->user_data), &a, &b, output_of<int16_t>(context, node));
    return kTfLiteOk;
}

// As CalculateOpDataAdd() and CalculateOpDataSub(), which divides in single precision.
TfLiteStatus prepare_int16_sum(TfLiteContext *context, TfLiteNode *node, bool subtract) {
    auto *op = keep<int16_add_t>(context);
    node->user_data = op;
    Described a = Described::input(context, node, 0);
    Described b = Described::input(context, node, 1);
    Described output = Described::output(context, node);
    op->subtract = subtract;
    float twice = 2 * std::max(a->params.scale, b->params.scale);
    if (subtract) {
        op->a = factor_of((double)(a->params.scale / twice));
        op->b = factor_of((double)(b->params.scale / twice));
        op->factor = factor_of((double)(twice / ((float)(1 << 15) * output->params.scale)));
    } else {
        op->a = factor_of((double)a->params.scale / (double)twice);
        op->b = factor_of((double)b->params.scale / (double)twice);
        op->factor = factor_of((double)twice / ((double)(1 << 15) * (double)output->params.scale));
    }
    return find_range(context, activation_of(node), output, &op->range);
}

// Int8 ------------------------------------------------------------------------------

template<typename Op> TfLiteStatus run(TfLiteContext *context, TfLiteNode *node,
    tflite::BuiltinOperator code,
    void (*run_int8)(const Op *, const int8_operand_t *, const int8_operand_t *, int8_t *)) {
    if (is_float(context, node)) {
        return run_float(context, node, code);
    }
    if (code != tflite::BuiltinOperator_PRELU && is_int32(context, node)) {
        int8_operand_t a = operand_of(context, node, 0), b = operand_of(context, node, 1);
        int8_broadcast(&code, int32_row, sizeof(int32_t), &a, &b, output_of<int32_t>(context, node));
        return kTfLiteOk;
    }
    int8_operand_t a = operand_of(context, node, 0), b = operand_of(context, node, 1);
    run_int8(static_cast<const Op *>(node->user_data), &a, &b, output_of<int8_t>(context, node));
    return kTfLiteOk;
}

// ADD and SUB -----------------------------------------------------------------------

// As CalculateOpDataAdd() and CalculateOpDataSub() of tensorflow/lite/micro/kernels.
TfLiteStatus prepare_sum(TfLiteContext *context, TfLiteNode *node, bool subtract) {
    if (is_float(context, node) || is_int32(context, node)) {
        return kTfLiteOk;
    }
    if (is_int16(context, node)) {
        return prepare_int16_sum(context, node, subtract);
    }
    auto *op = keep<int8_add_t>(context);
    node->user_data = op;
    Described a = Described::input(context, node, 0);
    Described b = Described::input(context, node, 1);
    Described output = Described::output(context, node);
    op->second_is_wide = b->params.scale > a->params.scale;
    const Described &wide = op->second_is_wide ? b : a, &fine = op->second_is_wide ? a : b;
    op->wide_zero_point = (int8_t)wide->params.zero_point;
    op->fine_zero_point = (int8_t)fine->params.zero_point;
    op->wide_sign = subtract && op->second_is_wide ? -1 : 1;
    op->fine_sign = subtract && !op->second_is_wide ? -1 : 1;
    float twice = 2 * wide->params.scale;
    if (subtract) { // which TFLM does in single precision
        op->fine = factor_of((double)(fine->params.scale / twice));
        op->factor = factor_of((double)(twice / ((float)(1 << 20) * output->params.scale)));
    } else {
        op->fine = factor_of((double)fine->params.scale / (double)twice);
        op->factor = factor_of((double)twice / ((double)(1 << 20) * (double)output->params.scale));
    }
    return find_range(context, activation_of(node), output, &op->range);
}

TfLiteStatus add_prepare(TfLiteContext *context, TfLiteNode *node) {
    return prepare_sum(context, node, false);
}

TfLiteStatus sub_prepare(TfLiteContext *context, TfLiteNode *node) {
    return prepare_sum(context, node, true);
}

TfLiteStatus add_eval(TfLiteContext *context, TfLiteNode *node) {
    return is_int16(context, node) ? run_int16(context, node, int16_add)
        : run(context, node, tflite::BuiltinOperator_ADD, int8_add);
}

TfLiteStatus sub_eval(TfLiteContext *context, TfLiteNode *node) {
    return is_int16(context, node) ? run_int16(context, node, int16_add)
        : run(context, node, tflite::BuiltinOperator_SUB, int8_add);
}

// ADD_N, for which TFLM would write addresses into the arena --------------------------

TfLiteStatus add_n_prepare(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        return kTfLiteOk;
    }
    auto *op = keep<int8_add_n_t>(context);
    node->user_data = op;
    Described input = Described::input(context, node, 0);
    Described output = Described::output(context, node);
    op->input_zero_point = (int8_t)input->params.zero_point;
    op->output_zero_point = (int8_t)output->params.zero_point;
    op->factor = factor_of(2 * (double)input->params.scale / ((double)(1 << 20) * (double)output->params.scale));
    return kTfLiteOk;
}

TfLiteStatus add_n_eval(TfLiteContext *context, TfLiteNode *node) {
    const void *inputs[8]; // which are the most that the rule lets pass
    int input_count = tflite::NumInputs(node);
    size_t count = elements_of(context, node);
    for (int i = 0; i < input_count; i++) {
        inputs[i] = input_of<void>(context, node, i);
    }
    if (!is_float(context, node)) {
        int8_add_n(static_cast<const int8_add_n_t *>(node->user_data),
            reinterpret_cast<const int8_t *const *>(inputs), (size_t)input_count, count,
            output_of<int8_t>(context, node));
        return kTfLiteOk;
    }
    auto *to = output_of<float>(context, node);
    for (size_t i = 0; i < count; i++) {
        float sum = 0;
        for (int n = 0; n < input_count; n++) {
            sum += static_cast<const float *>(inputs[n])[i];
        }
        to[i] = sum;
    }
    return kTfLiteOk;
}

// MUL, DIV and POW ------------------------------------------------------------------

TfLiteStatus prepare_product(TfLiteContext *context, TfLiteNode *node, bool divide) {
    if (is_float(context, node) || is_int32(context, node)) {
        return kTfLiteOk;
    }
    Described a = Described::input(context, node, 0);
    Described b = Described::input(context, node, 1);
    Described output = Described::output(context, node);
    double x = (double)a->params.scale, y = (double)b->params.scale, z = (double)output->params.scale;
    int8_factor_t factor = factor_of(divide ? x / (y * z) : x * y / z);
    if (is_int16(context, node)) { // which DIV is not
        auto *op = keep<int16_mul_t>(context);
        node->user_data = op;
        op->factor = factor;
        return find_range(context, activation_of(node), output, &op->range);
    }
    auto *op = keep<int8_mul_t>(context);
    node->user_data = op;
    op->a_zero_point = (int8_t)a->params.zero_point;
    op->b_zero_point = (int8_t)b->params.zero_point;
    op->factor = factor;
    return find_range(context, activation_of(node), output, &op->range);
}

TfLiteStatus mul_prepare(TfLiteContext *context, TfLiteNode *node) {
    return prepare_product(context, node, false);
}

TfLiteStatus div_prepare(TfLiteContext *context, TfLiteNode *node) {
    return prepare_product(context, node, true);
}

TfLiteStatus mul_eval(TfLiteContext *context, TfLiteNode *node) {
    return is_int16(context, node) ? run_int16(context, node, int16_mul)
        : run(context, node, tflite::BuiltinOperator_MUL, int8_mul);
}

TfLiteStatus div_eval(TfLiteContext *context, TfLiteNode *node) {
    return run(context, node, tflite::BuiltinOperator_DIV, int8_div);
}

TfLiteStatus pow_eval(TfLiteContext *context, TfLiteNode *node) {
    return run_float(context, node, tflite::BuiltinOperator_POW);
}

// PRELU -----------------------------------------------------------------------------

TfLiteStatus prelu_prepare(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        return kTfLiteOk;
    }
    auto *op = keep<int8_prelu_t>(context);
    node->user_data = op;
    Described input = Described::input(context, node, 0);
    Described alpha = Described::input(context, node, 1);
    Described output = Described::output(context, node);
    double scale = (double)input->params.scale, output_scale = (double)output->params.scale;
    op->positive = factor_of(scale / output_scale);
    op->negative = factor_of(scale * (double)alpha->params.scale / output_scale);
    op->a_zero_point = (int8_t)input->params.zero_point;
    op->b_zero_point = (int8_t)alpha->params.zero_point;
    op->output_zero_point = (int8_t)output->params.zero_point;
    return kTfLiteOk;
}

TfLiteStatus prelu_eval(TfLiteContext *context, TfLiteNode *node) {
    return run(context, node, tflite::BuiltinOperator_PRELU, int8_prelu);
}

} // namespace

OWN_KERNEL(ADD, ParseAdd, add_prepare, add_eval)
OWN_KERNEL(SUB, ParseSub, sub_prepare, sub_eval)
OWN_KERNEL(ADD_N, ParseAddN, add_n_prepare, add_n_eval)
OWN_KERNEL(MUL, ParseMul, mul_prepare, mul_eval)
OWN_KERNEL(DIV, ParseDiv, div_prepare, div_eval)
OWN_KERNEL(POW, ParsePow, nullptr, pow_eval)
OWN_KERNEL(PRELU, ParsePrelu, prelu_prepare, prelu_eval)
