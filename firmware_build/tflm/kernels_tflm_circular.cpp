// CIRCULAR_BUFFER.

#include <cstring>

#include "kernels_tflm_util.h"

namespace {

struct circular_buffer_t {
    int32_t cycles; // inputs from one run that goes on to the next
    int32_t left;
};

void *init(TfLiteContext *context, const char *options, size_t size) {
    auto *op = keep<circular_buffer_t>(context);
    op->cycles = option_of(options, size, "cycles_max");
    return op;
}

void reset(TfLiteContext *, void *data) {
    auto *op = static_cast<circular_buffer_t *>(data);
    op->left = op->cycles;
}

// Without options TFLM's guess, by the models that have none; see model_check_circular_buffer().
TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node) {
    auto *op = static_cast<circular_buffer_t *>(node->user_data);
    if (op->cycles < 1) {
        int slots = tflite::micro::GetEvalOutput(context, node, 0)->dims->data[1];
        op->cycles = slots == 5 || slots == 13 || slots == 25 ? 1 : 2;
    }
    reset(context, op);
    return kTfLiteOk;
}

// The oldest goes, the input comes last. What is behind waits until all are new, so to speak.
TfLiteStatus eval(TfLiteContext *context, TfLiteNode *node) {
    auto *op = static_cast<circular_buffer_t *>(node->user_data);
    size_t depth = elements_of(context, node);
    size_t slots = (size_t)tflite::micro::GetEvalOutput(context, node, 0)->dims->data[1];
    int8_t *kept = output_of<int8_t>(context, node);
    memmove(kept, kept + depth, (slots - 1) * depth);
    memcpy(kept + (slots - 1) * depth, input_of<int8_t>(context, node, 0), depth);
    if (--op->left > 0) {
        return tflite::kTfLiteAbort;
    }
    op->left = op->cycles;
    return kTfLiteOk;
}

} // namespace

CUSTOM_KERNEL(CIRCULAR_BUFFER, init, prepare, eval, reset)
