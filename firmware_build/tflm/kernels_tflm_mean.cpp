// MEAN.

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"

#include "kernels_tflm_util.h"

namespace {

TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node) {
    auto *op = keep<int8_mean_t>(context);
    node->user_data = op;
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, 0);
    const TfLiteEvalTensor *axes = tflite::micro::GetEvalInput(context, node, 1);
    op->reduced = 0;
    for (int i = tflite::ElementCount(*axes->dims); i-- > 0;) {
        int axis = axes->data.i32[i];
        op->reduced |= (uint8_t)(1 << (axis < 0 ? axis + input->dims->size : axis));
    }
    if (is_float(context, node)) {
        return kTfLiteOk;
    }
    Described described = Described::input(context, node, 0);
    Described output = Described::output(context, node);
    op->input_zero_point = (int8_t)described->params.zero_point; // 0 of int16
    op->output_zero_point = (int8_t)output->params.zero_point;
    op->factor = factor_of((double)described->params.scale / (double)output->params.scale);
    int8_axes_t kept, gone;
    int8_part_axes(input->dims->data, input->dims->size, op->reduced, &kept, &gone);
    int8_mean_prepare(op, (uint32_t)int8_axes_values(&gone));
    return kTfLiteOk;
}

// reference_ops::Mean() has two ways. One, for an image whose dimensions are kept, adds all values to
// 0, the other begins with the first one: of -0 alone it makes -0. Adding to -0 is the same.
bool adds_to_zero(TfLiteContext *context, TfLiteNode *node) {
    const TfLiteEvalTensor *axes = tflite::micro::GetEvalInput(context, node, 1);
    const int32_t *axis = axes->data.i32;
    return static_cast<const TfLiteReducerParams *>(node->builtin_data)->keep_dims
           && tflite::micro::GetEvalInput(context, node, 0)->dims->size == 4
           && tflite::ElementCount(*axes->dims) == 2 && axis[0] > 0 && axis[1] > 0
           && axis[0] + axis[1] == 3;
}

void mean_of_floats(TfLiteContext *context, TfLiteNode *node) {
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, 0);
    int8_axes_t kept, gone;
    int8_part_axes(input->dims->data, input->dims->size,
        static_cast<const int8_mean_t *>(node->user_data)->reduced, &kept, &gone);
    size_t outputs = int8_axes_values(&kept), values = int8_axes_values(&gone);
    float zero = adds_to_zero(context, node) ? 0.0f : -0.0f;
    float *to = output_of<float>(context, node);
    for (size_t i = 0; i < outputs; i++) {
        const float *at = input->data.f + int8_axes_offset(&kept, i);
        float sum = zero;
        for (size_t n = 0; n < values; n++) {
            sum += at[int8_axes_offset(&gone, n)];
        }
        to[i] = sum / (float)values;
    }
}

TfLiteStatus eval(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        mean_of_floats(context, node);
        return kTfLiteOk;
    }
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, 0);
    if (is_int16(context, node)) {
        int16_mean(static_cast<const int8_mean_t *>(node->user_data), input->dims->data,
            input->dims->size, input->data.i16, output_of<int16_t>(context, node));
        return kTfLiteOk;
    }
    int8_mean(static_cast<const int8_mean_t *>(node->user_data), input->dims->data,
        input->dims->size, input->data.int8, output_of<int8_t>(context, node));
    return kTfLiteOk;
}

} // namespace

OWN_KERNEL(MEAN, ParseReducer, prepare, eval)
