// CONV_2D and DEPTHWISE_CONV_2D.

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/kernels/internal/reference/conv.h"
#include "tensorflow/lite/kernels/internal/reference/depthwiseconv_float.h"
#include "tensorflow/lite/kernels/internal/reference/integer_ops/conv.h"
#include "tensorflow/lite/micro/kernels/conv.h"
#include "tensorflow/lite/micro/kernels/depthwise_conv.h"

#include "kernels_tflm_util.h"

namespace {

// The op of kernels.h, and which scratch buffer is its.
template<typename Op> struct kept_t {
    Op op;
    int scratch;
};

// As PopulateConvolutionQuantizationParams() of tensorflow/lite/kernels/kernel_util.cc.
int8_channels_t channels_of(TfLiteContext *context, const Described &input, const Described &weights,
    const Described &bias, const Described &output, size_t count) {
    int8_channels_t channels;
    channels.factors = keep<int8_channel_t>(context, count);
    channels.shifts = keep<int8_t>(context, count);
    const auto *quantization = static_cast<const TfLiteAffineQuantization *>(weights->quantization.params);
    const TfLiteFloatArray *scales = quantization->scale;
    for (size_t i = 0; i < count; i++) {
        double scale = (double)scales->data[scales->size > 1 ? i : 0];
        double factor = (double)input->params.scale * scale / (double)output->params.scale;
        int shift;
        tflite::QuantizeMultiplier(factor, &channels.factors[i].multiplier, &shift);
        channels.shifts[i] = (int8_t)shift;
        channels.factors[i].bias = bias.get() == nullptr ? 0 : bias->data.i32[i];
    }
    return channels;
}

// What the two ops do not share.

void set_depths(int8_conv_2d_t *op, const TfLiteConvParams &, int inputs, const Described &weights) {
    op->in_depth = (uint16_t)weights.dim(3);
    op->out_depth = (uint16_t)weights.dim(0);
    op->groups = (uint16_t)(inputs / weights.dim(3));
}

void set_depths(int8_depthwise_conv_2d_t *op, const TfLiteDepthwiseConvParams &params, int inputs,
    const Described &) {
    op->in_depth = (uint16_t)inputs;
    op->multiplier = (uint16_t)params.depth_multiplier;
}

size_t choose(int8_conv_2d_t *op, const int8_t *weights) {
    int8_conv_2d_prepare(op, weights);
    return int8_conv_2d_scratch(op);
}

size_t choose(int8_depthwise_conv_2d_t *op, const int8_t *weights) {
    int8_depthwise_conv_2d_prepare(op, weights);
    return int8_depthwise_conv_2d_scratch(op);
}

// What they do.

template<typename Op, typename P> TfLiteStatus prepare_int8(TfLiteContext *context,
    TfLiteNode *node) {
    const P params = *static_cast<const P *>(node->builtin_data);
    auto *kept = options_as<kept_t<Op>>(node);
    Described input = Described::input(context, node, 0);
    Described weights = Described::input(context, node, 1);
    Described bias = Described::input(context, node, 2);
    Described output = Described::output(context, node);
    Op *op = &kept->op;
    op->window = window_of(params, input, output, weights.dim(1), weights.dim(2),
        params.dilation_height_factor, params.dilation_width_factor);
    set_depths(op, params, input.dim(3), weights);
    op->input_zero_point = (int8_t)input->params.zero_point;
    TF_LITE_ENSURE_STATUS(find_range(context, params.activation, output, &op->range));
    op->channels = channels_of(context, input, weights, bias, output, (size_t)output.dim(3));
    size_t scratch = choose(op, weights.constant());
    kept->scratch = -1;
    return scratch == 0 ? kTfLiteOk
        : context->RequestScratchBufferInArena(context, scratch, &kept->scratch);
}

template<typename Op> void run_int8(TfLiteContext *context, TfLiteNode *node,
    void (*run)(const Op *, size_t, const int8_t *, const int8_t *, int8_t *, void *)) {
    const auto *kept = static_cast<const kept_t<Op> *>(node->user_data);
    void *scratch = kept->scratch < 0 ? nullptr : context->GetScratchBuffer(context, kept->scratch);
    run(&kept->op, batches_of(context, node), input_of<int8_t>(context, node, 0),
        input_of<int8_t>(context, node, 1), output_of<int8_t>(context, node), scratch);
}

// The same for int16, at the place of an int8 op.

template<typename P> TfLiteStatus prepare_int16(TfLiteContext *context, TfLiteNode *node,
    int16_conv_2d_t *op, bool depthwise) {
    static_assert(sizeof(*op) <= sizeof(kept_t<int8_conv_2d_t>), "options have no room for one");
    const P params = *static_cast<const P *>(node->builtin_data);
    Described input = Described::input(context, node, 0);
    Described weights = Described::input(context, node, 1);
    Described output = Described::output(context, node);
    op->window = window_of(params, input, output, weights.dim(1), weights.dim(2),
        params.dilation_height_factor, params.dilation_width_factor);
    op->in_depth = (uint16_t)(depthwise ? 1 : weights.dim(3));
    op->out_depth = (uint16_t)output.dim(3);
    op->groups = (uint16_t)(input.dim(3) / op->in_depth);
    op->depthwise = depthwise;
    op->factors = int16_factors(context, input, weights, output, op->out_depth);
    return find_range(context, params.activation, output, &op->range);
}

template<typename P> TfLiteStatus keep_int16(TfLiteContext *context, TfLiteNode *node, bool depthwise) {
    auto *op = keep<int16_conv_2d_t>(context);
    node->user_data = op;
    return prepare_int16<P>(context, node, op, depthwise);
}

TfLiteStatus run_int16(TfLiteContext *context, TfLiteNode *node) {
    int16_conv_2d(static_cast<const int16_conv_2d_t *>(node->user_data), batches_of(context, node),
        input_of<int16_t>(context, node, 0), input_of<int8_t>(context, node, 1),
        input_of<int16_bias_t>(context, node, 2), output_of<int16_t>(context, node));
    return kTfLiteOk;
}

// CONV_2D ---------------------------------------------------------------------------

TfLiteStatus conv_prepare(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        node->user_data = tflite::ConvInit(context, nullptr, 0);
        return tflite::ConvPrepare(context, node);
    }
    if (is_int16(context, node)) {
        return prepare_int16<TfLiteConvParams>(context, node, options_as<int16_conv_2d_t>(node), false);
    }
    return prepare_int8<int8_conv_2d_t, TfLiteConvParams>(context, node);
}

TfLiteStatus conv_eval(TfLiteContext *context, TfLiteNode *node) {
    if (is_int16(context, node)) {
        return run_int16(context, node);
    }
    if (!is_float(context, node)) {
        run_int8<int8_conv_2d_t>(context, node, int8_conv_2d);
        return kTfLiteOk;
    }
    const auto &params = *static_cast<const TfLiteConvParams *>(node->builtin_data);
    const auto &data = *static_cast<const tflite::OpDataConv *>(node->user_data);
    const TfLiteEvalTensor *bias = tflite::micro::GetEvalInput(context, node, 2);
    tflite::reference_ops::Conv(tflite::ConvParamsFloat(params, data),
        tflite::micro::GetTensorShape(tflite::micro::GetEvalInput(context, node, 0)),
        input_of<float>(context, node, 0),
        tflite::micro::GetTensorShape(tflite::micro::GetEvalInput(context, node, 1)),
        input_of<float>(context, node, 1), tflite::micro::GetTensorShape(bias),
        input_of<float>(context, node, 2),
        tflite::micro::GetTensorShape(tflite::micro::GetEvalOutput(context, node, 0)),
        output_of<float>(context, node), tflite::RuntimeShape(), nullptr);
    return kTfLiteOk;
}

// Those of int16 are ours everywhere, since TFLM's wants biases aligned to 8.
TfLiteStatus other_conv_prepare(TfLiteContext *context, TfLiteNode *node) {
    return is_int16(context, node) ? keep_int16<TfLiteConvParams>(context, node, false)
        : tflite::Register_CONV_2D().prepare(context, node);
}

TfLiteStatus other_depthwise_prepare(TfLiteContext *context, TfLiteNode *node) {
    return is_int16(context, node) ? keep_int16<TfLiteDepthwiseConvParams>(context, node, true)
        : tflite::Register_DEPTHWISE_CONV_2D().prepare(context, node);
}

TfLiteStatus other_depthwise_eval(TfLiteContext *context, TfLiteNode *node) {
    return is_int16(context, node) ? run_int16(context, node)
        : tflite::Register_DEPTHWISE_CONV_2D().invoke(context, node);
}

// Espressif's kernel takes a grouped convolution for a plain one. What it keeps begins with what
// TFLM's does.
TfLiteStatus other_conv_eval(TfLiteContext *context, TfLiteNode *node) {
    if (is_int16(context, node)) {
        return run_int16(context, node);
    }
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, 0);
    const TfLiteEvalTensor *weights = tflite::micro::GetEvalInput(context, node, 1);
    if (input->type != kTfLiteInt8 || input->dims->data[3] == weights->dims->data[3]) {
        return tflite::Register_CONV_2D().invoke(context, node);
    }
    const auto &params = *static_cast<const TfLiteConvParams *>(node->builtin_data);
    const auto &data = *static_cast<const tflite::OpDataConv *>(node->user_data);
    tflite::reference_integer_ops::ConvPerChannel(tflite::ConvParamsQuantized(params, data),
        data.per_channel_output_multiplier, data.per_channel_output_shift,
        tflite::micro::GetTensorShape(input), input_of<int8_t>(context, node, 0),
        tflite::micro::GetTensorShape(weights), input_of<int8_t>(context, node, 1),
        tflite::micro::GetTensorShape(tflite::micro::GetEvalInput(context, node, 2)),
        input_of<int32_t>(context, node, 2),
        tflite::micro::GetTensorShape(tflite::micro::GetEvalOutput(context, node, 0)),
        output_of<int8_t>(context, node));
    return kTfLiteOk;
}

// DEPTHWISE_CONV_2D -----------------------------------------------------------------

TfLiteStatus depthwise_prepare(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        node->user_data = tflite::ConvInit(context, nullptr, 0);
        return tflite::DepthwiseConvPrepare(context, node);
    }
    if (is_int16(context, node)) {
        return prepare_int16<TfLiteDepthwiseConvParams>(context, node, options_as<int16_conv_2d_t>(node), true);
    }
    return prepare_int8<int8_depthwise_conv_2d_t, TfLiteDepthwiseConvParams>(context, node);
}

TfLiteStatus depthwise_eval(TfLiteContext *context, TfLiteNode *node) {
    if (is_int16(context, node)) {
        return run_int16(context, node);
    }
    if (!is_float(context, node)) {
        run_int8<int8_depthwise_conv_2d_t>(context, node, int8_depthwise_conv_2d);
        return kTfLiteOk;
    }
    const auto &params = *static_cast<const TfLiteDepthwiseConvParams *>(node->builtin_data);
    const auto &data = *static_cast<const tflite::OpDataConv *>(node->user_data);
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, 0);
    const TfLiteEvalTensor *weights = tflite::micro::GetEvalInput(context, node, 1);
    const TfLiteEvalTensor *bias = tflite::micro::GetEvalInput(context, node, 2);
    const TfLiteEvalTensor *output = tflite::micro::GetEvalOutput(context, node, 0);
    tflite::reference_ops::DepthwiseConv(tflite::DepthwiseConvParamsFloat(params, data),
        tflite::micro::GetTensorShape(input), input->data.f, tflite::micro::GetTensorShape(weights),
        weights->data.f, tflite::micro::GetTensorShape(bias), bias->data.f,
        tflite::micro::GetTensorShape(output), output->data.f);
    return kTfLiteOk;
}

} // namespace

TFLMRegistration other_CONV_2D() {
    TFLMRegistration registration = tflite::Register_CONV_2D();
    registration.prepare = other_conv_prepare;
    registration.invoke = other_conv_eval;
    return registration;
}

TFLMRegistration other_DEPTHWISE_CONV_2D() {
    TFLMRegistration registration = tflite::Register_DEPTHWISE_CONV_2D();
    registration.prepare = other_depthwise_prepare;
    registration.invoke = other_depthwise_eval;
    return registration;
}

OWN_KERNEL_AS(kept_t<int8_conv_2d_t>, CONV_2D, ParseConv2D, conv_prepare, conv_eval)
OWN_KERNEL_AS(kept_t<int8_depthwise_conv_2d_t>, DEPTHWISE_CONV_2D, ParseDepthwiseConv2D, depthwise_prepare, depthwise_eval)
