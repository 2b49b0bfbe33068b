// SOFTMAX and LOGISTIC.

#include <cmath>

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/kernels/internal/reference/integer_ops/logistic.h"
#include "tensorflow/lite/kernels/internal/reference/logistic.h"
#include "tensorflow/lite/kernels/internal/reference/softmax.h"
#include "tensorflow/lite/micro/kernels/logistic.h"
#include "tensorflow/lite/micro/kernels/softmax.h"

#include "kernels_tflm_util.h"

namespace {

// Bits before the point of what int8_exp() takes.
enum { SOFTMAX_BITS = 5, LOGISTIC_BITS = 4 };

// As CalculateSoftmaxParams() of tensorflow/lite/micro/kernels/softmax_common.cc.
TfLiteStatus softmax_prepare(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        return kTfLiteOk;
    }
    if (is_int16(context, node)) {
        node->user_data = tflite::SoftmaxInit(context, nullptr, 0);
        return tflite::SoftmaxPrepare(context, node);
    }
    const auto &params = *static_cast<const TfLiteSoftmaxParams *>(node->builtin_data);
    auto *op = keep<int8_softmax_t>(context);
    node->user_data = op;
    Described input = Described::input(context, node, 0);
    Described output = Described::output(context, node);
    TF_LITE_ENSURE_EQ(context, output->params.zero_point, -128);
    TF_LITE_ENSURE(context, output->params.scale == 1.0f / 256);
    int shift;
    tflite::PreprocessSoftmaxScaling((double)params.beta, (double)input->params.scale, SOFTMAX_BITS,
        &op->factor.multiplier, &shift);
    op->factor.shift = (int8_t)shift;
    op->least = -tflite::CalculateInputRadius(SOFTMAX_BITS, shift);
    return kTfLiteOk;
}

TfLiteStatus softmax_eval(TfLiteContext *context, TfLiteNode *node) {
    const tflite::RuntimeShape &shape = tflite::micro::GetTensorShape(
        tflite::micro::GetEvalInput(context, node, 0));
    if (is_float(context, node)) {
        tflite::SoftmaxParams params;
        params.beta = (double)static_cast<const TfLiteSoftmaxParams *>(node->builtin_data)->beta;
        tflite::reference_ops::Softmax(params, shape, input_of<float>(context, node, 0), shape,
            output_of<float>(context, node));
        return kTfLiteOk;
    }
    if (is_int16(context, node)) {
        tflite::reference_ops::SoftmaxInt16(*static_cast<const tflite::SoftmaxParams *>(node->user_data),
            shape, input_of<int16_t>(context, node, 0), shape, output_of<int16_t>(context, node));
        return kTfLiteOk;
    }
    size_t depth = (size_t)shape.Dims(shape.DimensionsCount() - 1);
    int8_softmax(static_cast<const int8_softmax_t *>(node->user_data), (size_t)shape.FlatSize() / depth,
        depth, input_of<int8_t>(context, node, 0), output_of<int8_t>(context, node));
    return kTfLiteOk;
}

// As CalculateArithmeticOpDataLogistic() of tensorflow/lite/micro/kernels/logistic_common.cc.
TfLiteStatus logistic_prepare(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        return kTfLiteOk;
    }
    if (is_int16(context, node)) {
        auto *data = keep<tflite::OpDataLogistic>(context);
        node->user_data = data;
        return tflite::CalculateArithmeticOpDataLogistic(context, node, data);
    }
    auto *op = keep<int8_logistic_t>(context);
    node->user_data = op;
    Described input = Described::input(context, node, 0);
    TF_LITE_ENSURE_EQ(context, Described::output(context, node)->params.zero_point, -128);
    op->factor = factor_of((double)input->params.scale * (1 << (31 - LOGISTIC_BITS)));
    op->radius = tflite::CalculateInputRadius(LOGISTIC_BITS, op->factor.shift);
    op->input_zero_point = (int8_t)input->params.zero_point;
    return kTfLiteOk;
}

TfLiteStatus logistic_eval(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        const tflite::RuntimeShape &shape = tflite::micro::GetTensorShape(
            tflite::micro::GetEvalInput(context, node, 0));
        tflite::reference_ops::Logistic(shape, input_of<float>(context, node, 0), shape,
            output_of<float>(context, node));
        return kTfLiteOk;
    }
    if (is_int16(context, node)) {
        const auto *data = static_cast<const tflite::OpDataLogistic *>(node->user_data);
        tflite::reference_integer_ops::Logistic(data->input_multiplier, data->input_left_shift,
            (int32_t)elements_of(context, node), input_of<int16_t>(context, node, 0),
            output_of<int16_t>(context, node));
        return kTfLiteOk;
    }
    int8_logistic(static_cast<const int8_logistic_t *>(node->user_data), elements_of(context, node),
        input_of<int8_t>(context, node, 0), output_of<int8_t>(context, node));
    return kTfLiteOk;
}

} // namespace

OWN_KERNEL(SOFTMAX, ParseSoftmax, softmax_prepare, softmax_eval)
OWN_KERNEL(LOGISTIC, ParseLogistic, logistic_prepare, logistic_eval)
