// SLICE, where a run may say what part, and TRANSPOSE; of all types that their rules let pass.

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/micro_log.h"

#include "kernels_tflm_util.h"

namespace {

enum { MAX_RANK = 6 };

// How many bytes lie from one value of the input to the next along each dimension.
TfLiteStatus find_steps(const TfLiteEvalTensor *input, size_t *size, size_t *steps) {
    TF_LITE_ENSURE_STATUS(tflite::TfLiteTypeSizeOf(input->type, size));
    size_t step = *size;
    for (int i = input->dims->size; i-- > 0; step *= (size_t)input->dims->data[i]) {
        steps[i] = step;
    }
    return kTfLiteOk;
}

TfLiteStatus slice_eval(TfLiteContext *context, TfLiteNode *node) {
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, 0);
    const int *sizes = tflite::micro::GetEvalOutput(context, node, 0)->dims->data;
    // A thread may write there: each is read once.
    const volatile auto *begins = input_of<int32_t>(context, node, 1);
    const auto *from = input_of<uint8_t>(context, node, 0);
    int rank = input->dims->size;
    size_t size, steps[MAX_RANK];
    TF_LITE_ENSURE_STATUS(find_steps(input, &size, steps));
    for (int i = 0; i < rank; i++) {
        int32_t begin = begins[i];
        if (begin < 0 || begin > input->dims->data[i] - sizes[i]) {
            MicroPrintf("slice out of range");
            return kTfLiteError;
        }
        from += (size_t)begin * steps[i];
    }
    int8_rearrange(sizes, steps, rank, size, from, output_of<void>(context, node));
    return kTfLiteOk;
}

TfLiteStatus transpose_eval(TfLiteContext *context, TfLiteNode *node) {
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, 0);
    const TfLiteEvalTensor *output = tflite::micro::GetEvalOutput(context, node, 0);
    const auto *order = input_of<int32_t>(context, node, 1);
    int rank = input->dims->size;
    size_t size, steps[MAX_RANK], ordered[MAX_RANK];
    TF_LITE_ENSURE_STATUS(find_steps(input, &size, steps));
    for (int i = 0; i < rank; i++) {
        ordered[i] = steps[order[i]];
    }
    int8_rearrange(output->dims->data, ordered, rank, size, input->data.data, output_of<void>(context, node));
    return kTfLiteOk;
}

} // namespace

OWN_KERNEL(SLICE, ParseSlice, nullptr, slice_eval)
OWN_KERNEL(TRANSPOSE, ParseTranspose, nullptr, transpose_eval)
