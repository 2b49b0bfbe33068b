// EXP, LOG, SQRT and GELU, of int8 by a table of all 256 values: TFLM has the first three for float32,
// GELU not at all.

#include <cmath>

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"

#include "kernels_tflm_util.h"

namespace {

using function_t = float (*)(float);

// As LUTPopulate() of tensorflow/lite/kernels/internal/common.h, but that what is not a number, such as
// the root of one below 0, is the least.
TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node, function_t f) {
    if (is_float(context, node)) {
        return kTfLiteOk;
    }
    auto *table = keep<int8_t>(context, 256);
    node->user_data = table;
    Described input = Described::input(context, node, 0);
    Described output = Described::output(context, node);
    float inverse = 1 / output->params.scale;
    for (int q = INT8_MIN; q <= INT8_MAX; q++) {
        float real = input->params.scale * (float)(q - input->params.zero_point);
        float value = std::round(f(real) * inverse) + (float)output->params.zero_point;
        table[(uint8_t)q] = !(value > INT8_MIN) ? INT8_MIN : value < INT8_MAX ? (int8_t)value : INT8_MAX;
    }
    return kTfLiteOk;
}

TfLiteStatus eval(TfLiteContext *context, TfLiteNode *node, function_t f) {
    size_t count = elements_of(context, node);
    if (is_float(context, node)) {
        const auto *from = input_of<float>(context, node, 0);
        auto *to = output_of<float>(context, node);
        for (size_t i = 0; i < count; i++) {
            to[i] = f(from[i]);
        }
        return kTfLiteOk;
    }
    const auto *table = static_cast<const int8_t *>(node->user_data);
    const auto *from = input_of<uint8_t>(context, node, 0);
    auto *to = output_of<int8_t>(context, node);
    for (size_t i = 0; i < count; i++) {
        to[i] = table[from[i]];
    }
    return kTfLiteOk;
}

template<function_t f> TfLiteStatus prepare_of(TfLiteContext *context, TfLiteNode *node) {
    return prepare(context, node, f);
}

template<function_t f> TfLiteStatus eval_of(TfLiteContext *context, TfLiteNode *node) {
    return eval(context, node, f);
}

float exp_of(float x) {
    return std::exp(x);
}

float log_of(float x) {
    return std::log(x);
}

float sqrt_of(float x) {
    return std::sqrt(x);
}

// x times the share of a normal distribution below it: https://arxiv.org/abs/1606.08415
float gelu_of(float x) {
    const float root_half = 0.70710678f;
    return 0.5f * x * std::erfc(-x * root_half);
}

float gelu_by_tanh(float x) {
    const float root_2_by_pi = 0.79788456f;
    return 0.5f * x * (1 + std::tanh(root_2_by_pi * (x + 0.044715f * x * x * x)));
}

struct gelu_t {
    bool approximate;
};

TfLiteStatus parse_gelu(const tflite::Operator *op, tflite::ErrorReporter *,
    tflite::BuiltinDataAllocator *allocator, void **data) {
    auto *params = static_cast<gelu_t *>(allocator->Allocate(sizeof(gelu_t), alignof(gelu_t)));
    const tflite::GeluOptions *options = op->builtin_options_as_GeluOptions();
    params->approximate = options != nullptr && options->approximate();
    *data = params;
    return kTfLiteOk;
}

function_t gelu(const TfLiteNode *node) {
    return static_cast<const gelu_t *>(node->builtin_data)->approximate ? gelu_by_tanh : gelu_of;
}

TfLiteStatus gelu_prepare(TfLiteContext *context, TfLiteNode *node) {
    return prepare(context, node, gelu(node));
}

TfLiteStatus gelu_eval(TfLiteContext *context, TfLiteNode *node) {
    return eval(context, node, gelu(node));
}

} // namespace

OWN_KERNEL(EXP, ParseExp, prepare_of<exp_of>, eval_of<exp_of>)
OWN_KERNEL(LOG, ParseLog, prepare_of<log_of>, eval_of<log_of>)
OWN_KERNEL(SQRT, ParseSqrt, prepare_of<sqrt_of>, eval_of<sqrt_of>)
OWN_KERNEL_PARSED(GELU, parse_gelu, gelu_prepare, gelu_eval)
