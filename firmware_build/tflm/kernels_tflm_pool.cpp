// MAX_POOL_2D and AVERAGE_POOL_2D.

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h"
#include "tensorflow/lite/micro/kernels/pooling.h"

#include "kernels_tflm_util.h"

namespace {

TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node) {
    if (!is_int8(context, node)) {
        node->user_data = keep<tflite::OpDataPooling>(context);
        return tflite::PoolingPrepare(context, node);
    }
    const auto params = *static_cast<const TfLitePoolParams *>(node->builtin_data);
    auto *op = options_as<int8_pool_2d_t>(node);
    Described input = Described::input(context, node, 0);
    Described output = Described::output(context, node);
    op->window = window_of(params, input, output, params.filter_height, params.filter_width, 1, 1);
    op->depth = (uint16_t)input.dim(3);
    return find_range(context, params.activation, output, &op->range);
}

tflite::PoolParams int16_params(TfLiteNode *node) {
    const auto &options = *static_cast<const TfLitePoolParams *>(node->builtin_data);
    const auto &data = *static_cast<const tflite::OpDataPooling *>(node->user_data);
    tflite::PoolParams params = {};
    params.stride_height = options.stride_height;
    params.stride_width = options.stride_width;
    params.filter_height = options.filter_height;
    params.filter_width = options.filter_width;
    params.padding_values.height = (int16_t)data.padding.height;
    params.padding_values.width = (int16_t)data.padding.width;
    params.quantized_activation_min = data.activation_min;
    params.quantized_activation_max = data.activation_max;
    return params;
}

TfLiteStatus max_eval(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        tflite::MaxPoolingEvalFloat(context, node, static_cast<TfLitePoolParams *>(node->builtin_data),
            static_cast<const tflite::OpDataPooling *>(node->user_data),
            tflite::micro::GetEvalInput(context, node, 0), tflite::micro::GetEvalOutput(context, node, 0));
        return kTfLiteOk;
    }
    if (is_int16(context, node)) {
        tflite::reference_integer_ops::MaxPool(int16_params(node),
            tflite::micro::GetTensorShape(tflite::micro::GetEvalInput(context, node, 0)),
            input_of<int16_t>(context, node, 0),
            tflite::micro::GetTensorShape(tflite::micro::GetEvalOutput(context, node, 0)),
            output_of<int16_t>(context, node));
        return kTfLiteOk;
    }
    int8_max_pool_2d(static_cast<const int8_pool_2d_t *>(node->user_data), batches_of(context, node),
        input_of<int8_t>(context, node, 0), output_of<int8_t>(context, node));
    return kTfLiteOk;
}

TfLiteStatus average_eval(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        tflite::AveragePoolingEvalFloat(context, node,
            static_cast<const TfLitePoolParams *>(node->builtin_data),
            static_cast<const tflite::OpDataPooling *>(node->user_data),
            tflite::micro::GetEvalInput(context, node, 0), tflite::micro::GetEvalOutput(context, node, 0));
        return kTfLiteOk;
    }
    if (is_int16(context, node)) {
        tflite::reference_integer_ops::AveragePool(int16_params(node),
            tflite::micro::GetTensorShape(tflite::micro::GetEvalInput(context, node, 0)),
            input_of<int16_t>(context, node, 0),
            tflite::micro::GetTensorShape(tflite::micro::GetEvalOutput(context, node, 0)),
            output_of<int16_t>(context, node));
        return kTfLiteOk;
    }
    int8_average_pool_2d(static_cast<const int8_pool_2d_t *>(node->user_data),
        batches_of(context, node), input_of<int8_t>(context, node, 0),
        output_of<int8_t>(context, node));
    return kTfLiteOk;
}

} // namespace

OWN_KERNEL_AS(int8_pool_2d_t, MAX_POOL_2D, ParsePool, prepare, max_eval)
OWN_KERNEL_AS(int8_pool_2d_t, AVERAGE_POOL_2D, ParsePool, prepare, average_eval)
