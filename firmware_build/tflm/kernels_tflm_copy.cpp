// PAD, PADV2, CONCATENATION and SELECT, of all types that their rules let pass.

#include <cstring>

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/micro/memory_helpers.h"

#include "kernels_tflm_util.h"

namespace {

enum { INPUT, PADDINGS, VALUE };

// What to pad with where the model does not say: 0, which of an int8 is the zero point.
union padding_t {
    int8_t int8;
    int32_t zero;
};

TfLiteStatus pad_prepare(TfLiteContext *context, TfLiteNode *node) {
    auto *padding = keep<padding_t>(context);
    node->user_data = padding;
    padding->zero = 0;
    Described output = Described::output(context, node);
    if (output->type != kTfLiteInt8) {
        return kTfLiteOk;
    }
    padding->int8 = (int8_t)output->params.zero_point;
    if (tflite::NumInputs(node) <= VALUE) {
        return kTfLiteOk;
    }
    // By TFLM's names, since these are the words of the refusal, whichever engine it is.
    Described constant_values = Described::input(context, node, VALUE);
    TF_LITE_ENSURE_EQ(context, output->params.zero_point, constant_values->params.zero_point);
    TF_LITE_ENSURE(context, output->params.scale == constant_values->params.scale);
    return kTfLiteOk;
}

TfLiteStatus pad_eval(TfLiteContext *context, TfLiteNode *node) {
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, INPUT);
    const void *value = node->user_data;
    if (tflite::NumInputs(node) > VALUE) {
        value = input_of<void>(context, node, VALUE);
    }
    size_t size;
    TF_LITE_ENSURE_STATUS(tflite::TfLiteTypeSizeOf(input->type, &size));
    int8_pad(input->dims->data, input->dims->size, input_of<int32_t>(context, node, PADDINGS),
        size, value, input->data.data, output_of<void>(context, node));
    return kTfLiteOk;
}

TfLiteStatus concatenation_prepare(TfLiteContext *context, TfLiteNode *node) {
    const auto &params = *static_cast<const TfLiteConcatenationParams *>(node->builtin_data);
    TF_LITE_ENSURE_EQ(context, params.activation, kTfLiteActNone);
    Described output = Described::output(context, node);
    if (output->type == kTfLiteInt16) {
        TF_LITE_ENSURE_EQ(context, output->params.zero_point, 0);
        for (int i = 0; i < tflite::NumInputs(node); i++) {
            TF_LITE_ENSURE_EQ(context, Described::input(context, node, i)->params.zero_point, 0);
        }
    }
    return kTfLiteOk;
}

TfLiteStatus concatenation_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto &params = *static_cast<const TfLiteConcatenationParams *>(node->builtin_data);
    const TfLiteEvalTensor *output = tflite::micro::GetEvalOutput(context, node, 0);
    int axis = params.axis < 0 ? params.axis + output->dims->size : params.axis;
    size_t rows = 1, step, bytes;
    for (int i = 0; i < axis; i++) {
        rows *= (size_t)output->dims->data[i];
    }
    TF_LITE_ENSURE_STATUS(tflite::TfLiteEvalTensorByteLength(output, &step));
    step /= rows;
    uint8_t *to = output_of<uint8_t>(context, node);
    for (int i = 0; i < tflite::NumInputs(node); i++, to += bytes) {
        const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, i);
        TF_LITE_ENSURE_STATUS(tflite::TfLiteEvalTensorByteLength(input, &bytes));
        bytes /= rows;
        int8_copy_rows(input->data.data, bytes, rows, to, step);
    }
    return kTfLiteOk;
}

// Of tensors with one shape, for which TensorFlow writes this op, and TFLM has none.
TfLiteStatus select_eval(TfLiteContext *context, TfLiteNode *node) {
    const TfLiteEvalTensor *output = tflite::micro::GetEvalOutput(context, node, 0);
    const auto *chosen = input_of<bool>(context, node, 0);
    const auto *first = input_of<uint8_t>(context, node, 1), *second = input_of<uint8_t>(context, node, 2);
    size_t size, count = (size_t)tflite::ElementCount(*output->dims);
    TF_LITE_ENSURE_STATUS(tflite::TfLiteTypeSizeOf(output->type, &size));
    uint8_t *to = output_of<uint8_t>(context, node);
    for (size_t i = 0; i < count; i++) {
        memcpy(to + i * size, (chosen[i] ? first : second) + i * size, size);
    }
    return kTfLiteOk;
}

} // namespace

OWN_KERNEL(PAD, ParsePad, pad_prepare, pad_eval)
OWN_KERNEL(SELECT, ParseExpandDims, nullptr, select_eval) // neither has options
OWN_KERNEL(PADV2, ParsePadV2, pad_prepare, pad_eval)
OWN_KERNEL(CONCATENATION, ParseConcatenation, concatenation_prepare, concatenation_eval)
