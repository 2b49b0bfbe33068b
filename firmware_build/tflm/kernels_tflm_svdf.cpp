// SVDF.

#include <cstring>

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/micro/kernels/activation_utils.h"

#include "kernels_tflm_util.h"

namespace {

enum { INPUT, FEATURES, TIMES, BIAS, STATE };

const TfLiteSVDFParams &options_of(TfLiteNode *node) {
    return *static_cast<const TfLiteSVDFParams *>(node->builtin_data);
}

// As PrepareSvdf() of tensorflow/lite/micro/kernels/svdf_common.cc; shapes were checked before.
TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        return kTfLiteOk;
    }
    auto *op = keep<int8_svdf_t>(context);
    node->user_data = op;
    Described input = Described::input(context, node, INPUT);
    Described features = Described::input(context, node, FEATURES);
    Described times = Described::input(context, node, TIMES);
    Described bias = Described::input(context, node, BIAS);
    Described state = Described::input(context, node, STATE);
    Described output = Described::output(context, node);
    double bias_scale = (double)(state->params.scale * times->params.scale);
    double apart = (double)bias->params.scale - bias_scale;
    TF_LITE_ENSURE(context, apart > -1e-5 && apart < 1e-5);
    *op = {
        factor_of((double)(input->params.scale * features->params.scale / state->params.scale)),
        factor_of((double)(state->params.scale * times->params.scale / output->params.scale)),
        (uint32_t)features.dim(1), (uint32_t)features.dim(0), (uint32_t)times.dim(1),
        (uint32_t)options_of(node).rank,
        (int16_t)state->params.zero_point, (int8_t)input->params.zero_point,
        (int8_t)output->params.zero_point,
        state->type == kTfLiteInt16,
    };
    return kTfLiteOk;
}

// TFLM's asks for scratch memory; the sums are made in the same order.
void of_floats(TfLiteContext *context, TfLiteNode *node) {
    const int *features = tflite::micro::GetEvalInput(context, node, FEATURES)->dims->data;
    size_t filters = (size_t)features[0], depth = (size_t)features[1];
    size_t steps = (size_t)tflite::micro::GetEvalInput(context, node, TIMES)->dims->data[1];
    size_t batches = batches_of(context, node), rank = (size_t)options_of(node).rank;
    const float *input = input_of<float>(context, node, INPUT);
    float *states = tflite::micro::GetMutableEvalInput(context, node, STATE)->data.f;
    float *output = output_of<float>(context, node);
    memmove(states, states + 1, (batches * filters * steps - 1) * sizeof(*states));
    for (size_t b = 0; b < batches; b++, input += depth) {
        const float *weights = input_of<float>(context, node, FEATURES);
        const float *times = input_of<float>(context, node, TIMES);
        const float *biases = input_of<float>(context, node, BIAS);
        for (size_t f = 0; f < filters; f++, states += steps, times += steps) {
            float product = 0, sum = 0;
            for (size_t i = 0; i < depth; i++) {
                product += *weights++ * input[i];
            }
            states[steps - 1] = product;
            for (size_t i = 0; i < steps; i++) {
                sum += times[i] * states[i];
            }
            size_t unit = f / rank;
            output[unit] = (f % rank == 0 ? biases[unit] : output[unit]) + sum;
        }
        for (size_t unit = 0; unit < filters / rank; unit++) {
            output[unit] = tflite::ops::micro::ActivationValFloat(options_of(node).activation, output[unit]);
        }
        output += filters / rank;
    }
}

TfLiteStatus eval(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        of_floats(context, node);
        return kTfLiteOk;
    }
    int8_svdf(static_cast<const int8_svdf_t *>(node->user_data), batches_of(context, node),
        input_of<int8_t>(context, node, INPUT), input_of<int8_t>(context, node, FEATURES),
        input_of<void>(context, node, TIMES), input_of<int32_t>(context, node, BIAS),
        tflite::micro::GetMutableEvalInput(context, node, STATE)->data.data,
        output_of<int8_t>(context, node));
    return kTfLiteOk;
}

} // namespace

OWN_KERNEL(SVDF, ParseSvdf, prepare, eval)
