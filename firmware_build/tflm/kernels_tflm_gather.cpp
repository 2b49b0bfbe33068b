// TILE, which TFLM lacks; GATHER, GATHER_ND and EMBEDDING_LOOKUP, which in TFLM take any index;
// SPACE_TO_BATCH_ND, in which TFLM pads with what it finds, and its reverse.

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/micro_log.h"

#include "kernels_tflm_util.h"

namespace {

const TfLiteEvalTensor *input(TfLiteContext *context, TfLiteNode *node, int index) {
    return tflite::micro::GetEvalInput(context, node, index);
}

size_t size_of(const TfLiteEvalTensor *tensor) {
    size_t size = 0;
    (void)tflite::TfLiteTypeSizeOf(tensor->type, &size);
    return size;
}

size_t product(const int *dims, int from, int to) {
    size_t count = 1;
    for (int i = from; i < to; i++) {
        count *= (size_t)dims[i];
    }
    return count;
}

TfLiteStatus within(bool inside) {
    if (!inside) {
        MicroPrintf("index out of range");
    }
    return inside ? kTfLiteOk : kTfLiteError;
}

TfLiteStatus tile_eval(TfLiteContext *context, TfLiteNode *node) {
    const TfLiteEvalTensor *data = input(context, node, 0);
    int8_tile(data->dims->data, data->dims->size, input_of<int32_t>(context, node, 1), size_of(data),
        data->data.data, output_of<void>(context, node));
    return kTfLiteOk;
}

TfLiteStatus gather(TfLiteContext *context, TfLiteNode *node, const TfLiteEvalTensor *data,
    const TfLiteEvalTensor *indices, int axis) {
    const int *dims = data->dims->data;
    return within(int8_gather(indices->data.i32, (size_t)tflite::ElementCount(*indices->dims),
        product(dims, 0, axis), dims[axis], product(dims, axis + 1, data->dims->size) * size_of(data),
        data->data.data, output_of<void>(context, node)));
}

TfLiteStatus gather_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto &params = *static_cast<const TfLiteGatherParams *>(node->builtin_data);
    const TfLiteEvalTensor *data = input(context, node, 0);
    int axis = params.axis < 0 ? params.axis + data->dims->size : params.axis;
    return gather(context, node, data, input(context, node, 1), axis);
}

TfLiteStatus lookup_eval(TfLiteContext *context, TfLiteNode *node) {
    return gather(context, node, input(context, node, 1), input(context, node, 0), 0);
}

TfLiteStatus gather_nd_eval(TfLiteContext *context, TfLiteNode *node) {
    const TfLiteEvalTensor *data = input(context, node, 0), *indices = input(context, node, 1);
    int last = indices->dims->size - 1, indexed = indices->dims->data[last];
    return within(int8_gather_nd(indices->data.i32, product(indices->dims->data, 0, last),
        data->dims->data, indexed, product(data->dims->data, indexed, data->dims->size) * size_of(data),
        data->data.data, output_of<void>(context, node)));
}

// Between images and a batch of their parts. Where there is one side, the other is 1.
void blocks(TfLiteContext *context, TfLiteNode *node, const TfLiteEvalTensor *large,
    const TfLiteEvalTensor *small, const void *value) {
    const int32_t *block = input_of<int32_t>(context, node, 1);
    const int32_t *before = input_of<int32_t>(context, node, 2);
    int8_blocks_t op = { large->dims->data[0], { 1, 1 }, { 0, 0 }, { 1, 1 }, { 1, 1 },
                         size_of(large) * (size_t)large->dims->data[large->dims->size - 1], size_of(large) };
    for (int i = 0; i < large->dims->size - 2; i++) {
        op.block[i] = block[i];
        op.before[i] = before[2 * i];
        op.large[i] = large->dims->data[i + 1];
        op.small[i] = small->dims->data[i + 1];
    }
    int8_blocks(&op, value, input(context, node, 0)->data.data, output_of<void>(context, node));
}

TfLiteStatus to_batch_prepare(TfLiteContext *context, TfLiteNode *node) {
    auto *value = keep<int32_t>(context); // what to pad with: 0, as an int8 its zero point
    node->user_data = value;
    Described output = Described::output(context, node);
    bool int8 = output->type == kTfLiteInt8;
    *value = int8 ? (int32_t)(uint8_t)output->params.zero_point : 0;
    return kTfLiteOk;
}

TfLiteStatus to_batch_eval(TfLiteContext *context, TfLiteNode *node) {
    blocks(context, node, input(context, node, 0), tflite::micro::GetEvalOutput(context, node, 0),
        node->user_data);
    return kTfLiteOk;
}

TfLiteStatus to_space_eval(TfLiteContext *context, TfLiteNode *node) {
    blocks(context, node, tflite::micro::GetEvalOutput(context, node, 0), input(context, node, 0), nullptr);
    return kTfLiteOk;
}

} // namespace

OWN_KERNEL(TILE, ParseExpandDims, nullptr, tile_eval) // neither has options
OWN_KERNEL(GATHER, ParseGather, nullptr, gather_eval)
OWN_KERNEL(GATHER_ND, ParseGatherNd, nullptr, gather_nd_eval)
OWN_KERNEL(EMBEDDING_LOOKUP, ParseEmbeddingLookup, nullptr, lookup_eval)
OWN_KERNEL(SPACE_TO_BATCH_ND, ParseSpaceToBatchNd, to_batch_prepare, to_batch_eval)
OWN_KERNEL(BATCH_TO_SPACE_ND, ParseBatchToSpaceNd, nullptr, to_space_eval)
