// RELU, RELU6 and LEAKY_RELU.

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"

#include "kernels_tflm_util.h"

namespace {

// `float_of` is what the op makes of a float.
template<typename F> TfLiteStatus run(TfLiteContext *context, TfLiteNode *node, F float_of) {
    size_t count = elements_of(context, node);
    if (is_int16(context, node)) {
        int16_scale(static_cast<const int16_scale_t *>(node->user_data), count,
            input_of<int16_t>(context, node, 0), output_of<int16_t>(context, node));
        return kTfLiteOk;
    }
    if (!is_float(context, node)) {
        int8_scale(static_cast<const int8_scale_t *>(node->user_data), count,
            input_of<int8_t>(context, node, 0), output_of<int8_t>(context, node));
        return kTfLiteOk;
    }
    const float *from = input_of<float>(context, node, 0);
    float *to = output_of<float>(context, node);
    for (const float *end = from + count; from != end; from++) {
        *to++ = float_of(*from);
    }
    return kTfLiteOk;
}

// What is negative is multiplied by `alpha` too. TFLM divides these scales in single precision.
TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node, TfLiteFusedActivation activation,
    float alpha) {
    if (is_float(context, node)) {
        return kTfLiteOk;
    }
    Described input = Described::input(context, node, 0);
    Described output = Described::output(context, node);
    int8_factor_t positive = factor_of((double)(input->params.scale / output->params.scale));
    int8_factor_t negative = factor_of((double)(input->params.scale * alpha / output->params.scale));
    if (is_int16(context, node)) {
        auto *op = keep<int16_scale_t>(context);
        node->user_data = op;
        op->positive = positive;
        op->negative = negative;
        return find_range(context, activation, output, &op->range);
    }
    auto *op = keep<int8_scale_t>(context);
    node->user_data = op;
    op->positive = positive;
    op->negative = negative;
    op->input_zero_point = (int8_t)input->params.zero_point;
    return find_range(context, activation, output, &op->range);
}

TfLiteStatus relu_prepare(TfLiteContext *context, TfLiteNode *node) {
    return prepare(context, node, kTfLiteActRelu, 1);
}

TfLiteStatus relu_eval(TfLiteContext *context, TfLiteNode *node) {
    return run(context, node, [](float x) {
        return x < 0 ? 0 : x;
    });
}

TfLiteStatus relu6_prepare(TfLiteContext *context, TfLiteNode *node) {
    return prepare(context, node, kTfLiteActRelu6, 1);
}

TfLiteStatus relu6_eval(TfLiteContext *context, TfLiteNode *node) {
    return run(context, node, [](float x) {
        return x > 6 ? 6 : (x < 0 ? 0 : x);
    });
}

float alpha_of(TfLiteNode *node) {
    return static_cast<const TfLiteLeakyReluParams *>(node->builtin_data)->alpha;
}

TfLiteStatus leaky_relu_prepare(TfLiteContext *context, TfLiteNode *node) {
    return prepare(context, node, kTfLiteActNone, alpha_of(node));
}

TfLiteStatus leaky_relu_eval(TfLiteContext *context, TfLiteNode *node) {
    float alpha = alpha_of(node);
    return run(context, node, [alpha](float x) {
        return x > 0 ? x : x * alpha;
    });
}

} // namespace

OWN_KERNEL(RELU, ParseRelu, relu_prepare, relu_eval)
OWN_KERNEL(RELU6, ParseRelu6, relu6_prepare, relu6_eval)
OWN_KERNEL(LEAKY_RELU, ParseLeakyRelu, leaky_relu_prepare, leaky_relu_eval)
