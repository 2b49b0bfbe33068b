// CALL_ONCE. TFLM's calls no more after a reset.

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/micro/micro_graph.h"

#include "kernels_tflm_util.h"

namespace {

struct call_once_t {
    bool called;
};

void *init(TfLiteContext *context, const char *, size_t) {
    return keep<call_once_t>(context);
}

void reset(TfLiteContext *, void *data) {
    static_cast<call_once_t *>(data)->called = false;
}

TfLiteStatus prepare(TfLiteContext *, TfLiteNode *node) {
    reset(nullptr, node->user_data);
    return kTfLiteOk;
}

TfLiteStatus eval(TfLiteContext *context, TfLiteNode *node) {
    auto *op = static_cast<call_once_t *>(node->user_data);
    if (op->called) {
        return kTfLiteOk;
    }
    // The ops in there are no ops of the run: a profile has one time for all.
    void *profiler = context->profiler;
    context->profiler = nullptr;
    int subgraph = static_cast<const TfLiteCallOnceParams *>(node->builtin_data)->init_subgraph_index;
    TfLiteStatus status = tflite::GetMicroContext(context)->graph().InvokeSubgraph(subgraph);
    context->profiler = profiler;
    op->called = status == kTfLiteOk;
    return status;
}

} // namespace

const own_kernel_t own_CALL_ONCE = {
    tflite::ParseCallOnce,
    { init, nullptr, prepare, eval, reset, tflite::BuiltinOperator_CALL_ONCE, nullptr },
};
