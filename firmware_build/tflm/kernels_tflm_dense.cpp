// FULLY_CONNECTED.

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/kernels/internal/reference/fully_connected.h"
#include "tensorflow/lite/micro/kernels/fully_connected.h"

#include "kernels_tflm_util.h"

namespace {

// The op, and the factor where there is one for all outputs.
struct dense_t {
    int8_fully_connected_t op;
    int32_t multiplier;
    int8_t shift;
};

// As CalculateOpDataFullyConnected() of tensorflow/lite/micro/kernels/fully_connected_common.cc.
TfLiteStatus find_factors(TfLiteContext *context, dense_t *kept, const Described &input,
    const Described &weights, const Described &bias, const Described &output) {
    int32_t *multipliers = &kept->multiplier;
    int8_t *shifts = &kept->shift;
    int shift;
    const auto *quantization = static_cast<const TfLiteAffineQuantization *>(weights->quantization.params);
    const TfLiteFloatArray *scales = quantization->scale;
    if (scales->size > 1) {
        size_t count = (size_t)scales->size;
        kept->op.step = 1;
        multipliers = keep<int32_t>(context, count);
        shifts = keep<int8_t>(context, count);
        for (size_t i = 0; i < count; i++) {
            double factor = (double)input->params.scale * (double)scales->data[i]
                / (double)output->params.scale;
            tflite::QuantizeMultiplier(factor, &multipliers[i], &shift);
            shifts[i] = (int8_t)shift;
        }
    } else {
        double factor;
        kept->op.step = 0;
        TF_LITE_ENSURE_STATUS(tflite::GetQuantizedConvolutionMultipler(
            context, input.get(), weights.get(), bias.get(), output.get(), &factor));
        tflite::QuantizeMultiplier(factor, multipliers, &shift);
        *shifts = (int8_t)shift;
    }
    kept->op.multipliers = multipliers;
    kept->op.shifts = shifts;
    return kTfLiteOk;
}

// The same for int16, at the place of an int8 op.

TfLiteStatus prepare_int16(TfLiteContext *context, TfLiteNode *node, int16_fully_connected_t *op) {
    static_assert(sizeof(*op) <= sizeof(dense_t), "options have no room for one");
    auto activation = static_cast<const TfLiteFullyConnectedParams *>(node->builtin_data)->activation;
    Described input = Described::input(context, node, 0);
    Described weights = Described::input(context, node, 1);
    Described bias = Described::input(context, node, 2);
    Described output = Described::output(context, node);
    const auto *quantization = static_cast<const TfLiteAffineQuantization *>(weights->quantization.params);
    size_t factors = (size_t)quantization->scale->size;
    double factor;
    if (factors == 1) { // which TFLM wants to fit to the bias
        TF_LITE_ENSURE_STATUS(tflite::GetQuantizedConvolutionMultipler(
            context, input.get(), weights.get(), bias.get(), output.get(), &factor));
    }
    op->out_depth = (uint32_t)weights.dim(0);
    op->in_depth = (uint32_t)weights.dim(1);
    op->step = factors > 1;
    op->factors = int16_factors(context, input, weights, output, factors);
    return find_range(context, activation, output, &op->range);
}

TfLiteStatus run_int16(TfLiteContext *context, TfLiteNode *node) {
    const auto *op = static_cast<const int16_fully_connected_t *>(node->user_data);
    const TfLiteEvalTensor *output = tflite::micro::GetEvalOutput(context, node, 0);
    int16_fully_connected(op, (size_t)tflite::ElementCount(*output->dims) / op->out_depth,
        input_of<int16_t>(context, node, 0), input_of<int8_t>(context, node, 1),
        input_of<int16_bias_t>(context, node, 2), output_of<int16_t>(context, node));
    return kTfLiteOk;
}

TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node) {
    if (is_float(context, node)) {
        return kTfLiteOk;
    }
    if (is_int16(context, node)) {
        return prepare_int16(context, node, options_as<int16_fully_connected_t>(node));
    }
    const auto params = *static_cast<const TfLiteFullyConnectedParams *>(node->builtin_data);
    auto *kept = options_as<dense_t>(node);
    Described input = Described::input(context, node, 0);
    Described weights = Described::input(context, node, 1);
    Described bias = Described::input(context, node, 2);
    Described output = Described::output(context, node);
    kept->op.out_depth = (uint32_t)weights.dim(0);
    kept->op.in_depth = (uint32_t)weights.dim(1);
    kept->op.input_zero_point = (int8_t)input->params.zero_point;
    TF_LITE_ENSURE_STATUS(find_range(context, params.activation, output, &kept->op.range));
    return find_factors(context, kept, input, weights, bias, output);
}

TfLiteStatus eval(TfLiteContext *context, TfLiteNode *node) {
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, 0);
    const TfLiteEvalTensor *weights = tflite::micro::GetEvalInput(context, node, 1);
    const TfLiteEvalTensor *bias = tflite::micro::GetEvalInput(context, node, 2);
    TfLiteEvalTensor *output = tflite::micro::GetEvalOutput(context, node, 0);
    if (is_int16(context, node)) {
        return run_int16(context, node);
    }
    if (!is_float(context, node)) {
        const auto *kept = static_cast<const dense_t *>(node->user_data);
        size_t batches = (size_t)tflite::micro::GetTensorShape(output).FlatSize() / kept->op.out_depth;
        int8_fully_connected(&kept->op, batches, input_of<int8_t>(context, node, 0),
            input_of<int8_t>(context, node, 1), input_of<int32_t>(context, node, 2),
            output_of<int8_t>(context, node));
        return kTfLiteOk;
    }
    const auto &params = *static_cast<const TfLiteFullyConnectedParams *>(node->builtin_data);
    tflite::reference_ops::FullyConnected(tflite::FullyConnectedParamsFloat(params.activation),
        tflite::micro::GetTensorShape(input), input_of<float>(context, node, 0),
        tflite::micro::GetTensorShape(weights), input_of<float>(context, node, 1),
        tflite::micro::GetTensorShape(bias), input_of<float>(context, node, 2),
        tflite::micro::GetTensorShape(output), output_of<float>(context, node));
    return kTfLiteOk;
}

// Those of int16 are ours everywhere: TFLM's wants biases aligned to 8, and Espressif's has one factor
// for all outputs.
TfLiteStatus other_prepare(TfLiteContext *context, TfLiteNode *node) {
    if (!is_int16(context, node)) {
        return tflite::Register_FULLY_CONNECTED().prepare(context, node);
    }
    auto *op = keep<int16_fully_connected_t>(context);
    node->user_data = op;
    return prepare_int16(context, node, op);
}

TfLiteStatus other_eval(TfLiteContext *context, TfLiteNode *node) {
    return is_int16(context, node) ? run_int16(context, node)
        : tflite::Register_FULLY_CONNECTED().invoke(context, node);
}

} // namespace

TFLMRegistration other_FULLY_CONNECTED() {
    TFLMRegistration registration = tflite::Register_FULLY_CONNECTED();
    registration.prepare = other_prepare;
    registration.invoke = other_eval;
    return registration;
}

OWN_KERNEL_AS(dense_t, FULLY_CONNECTED, ParseFullyConnected, prepare, eval)
