// QUANTIZE and DEQUANTIZE, of all types that their rules let pass.

#include <algorithm>
#include <cstring>
#include <limits>

#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/kernels/internal/reference/quantize.h"

#include "kernels_tflm_util.h"

namespace {

uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

struct quantize_t {
    int8_factor_t factor;
    int32_t input_zero_point, zero_point;
    float scale; // of the output, or of what is dequantized
};

int32_t integer_at(const TfLiteEvalTensor *tensor, size_t i) {
    switch (tensor->type) {
        case kTfLiteInt8:
            return tensor->data.int8[i];
        case kTfLiteUInt8:
            return tensor->data.uint8[i];
        case kTfLiteInt16:
            return tensor->data.i16[i];
        default:
            return tensor->data.i32[i];
    }
}

template<typename T> int32_t within(int32_t x) {
    return std::max<int32_t>(std::min<int32_t>(x, std::numeric_limits<T>::max()),
        std::numeric_limits<T>::min());
}

// As much of x as the type holds.
void store(const TfLiteEvalTensor *tensor, size_t i, int32_t x) {
    switch (tensor->type) {
        case kTfLiteInt8:
            tensor->data.int8[i] = (int8_t)within<int8_t>(x);
            break;
        case kTfLiteUInt8:
            tensor->data.uint8[i] = (uint8_t)within<uint8_t>(x);
            break;
        case kTfLiteInt16:
            tensor->data.i16[i] = (int16_t)within<int16_t>(x);
            break;
        default:
            tensor->data.i32[i] = x;
            break;
    }
}

// QUANTIZE --------------------------------------------------------------------------

TfLiteStatus quantize_prepare(TfLiteContext *context, TfLiteNode *node) {
    auto *op = keep<quantize_t>(context);
    node->user_data = op;
    Described input = Described::input(context, node, 0);
    Described output = Described::output(context, node);
    op->input_zero_point = input->params.zero_point;
    op->zero_point = output->params.zero_point;
    op->scale = output->params.scale;
    if (!takes_floats(context, node)) {
        op->factor = factor_of((double)input->params.scale / (double)output->params.scale);
    }
    return kTfLiteOk;
}

void quantize_floats(const quantize_t *op, size_t count, const float *from, int8_t *to) {
    uint32_t scale = bits_of(op->scale);
    for (const float *end = from + count; from != end; from++) {
        // Undecided are NaN, of which anything may be made, and what is too small to count.
        int32_t q = int8_quotient(bits_of(*from), scale);
        *to++ = (int8_t)within<int8_t>((q == INT8_UNDECIDED ? 0 : q) + op->zero_point);
    }
}

void quantize_int8(const quantize_t *op, size_t count, const int8_t *from, int8_t *to) {
    int8_scale_t scale = { op->factor, op->factor, (int8_t)op->input_zero_point,
                           { (int8_t)op->zero_point, INT8_MIN, INT8_MAX } };
    int8_scale(&scale, count, from, to);
}

TfLiteStatus quantize_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *op = static_cast<const quantize_t *>(node->user_data);
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, 0);
    const TfLiteEvalTensor *output = tflite::micro::GetEvalOutput(context, node, 0);
    size_t count = elements_of(context, node);
    if (input->type == kTfLiteFloat32 && output->type == kTfLiteInt8) {
        quantize_floats(op, count, input->data.f, output->data.int8);
    } else if (input->type == kTfLiteFloat32) {
        tflite::QuantizationParams params = { op->zero_point, (double)op->scale };
        tflite::reference_ops::AffineQuantize(params, tflite::micro::GetTensorShape(input),
            input->data.f, tflite::micro::GetTensorShape(output), output->data.i16);
    } else if (input->type == kTfLiteInt8 && output->type == kTfLiteInt8) {
        quantize_int8(op, count, input->data.int8, output->data.int8);
    } else {
        for (size_t i = 0; i < count; i++) {
            // An int32 may be any number, of which the rule bounds no more than what comes out.
            auto x = (int32_t)((uint32_t)integer_at(input, i) - (uint32_t)op->input_zero_point);
            store(output, i, tflite::MultiplyByQuantizedMultiplier(x, op->factor.multiplier,
                op->factor.shift) + op->zero_point);
        }
    }
    return kTfLiteOk;
}

// DEQUANTIZE ------------------------------------------------------------------------

TfLiteStatus dequantize_prepare(TfLiteContext *context, TfLiteNode *node) {
    auto *op = keep<quantize_t>(context);
    node->user_data = op;
    Described input = Described::input(context, node, 0);
    op->input_zero_point = input->params.zero_point;
    op->scale = input->params.scale;
    return kTfLiteOk;
}

TfLiteStatus dequantize_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *op = static_cast<const quantize_t *>(node->user_data);
    const TfLiteEvalTensor *input = tflite::micro::GetEvalInput(context, node, 0);
    float *to = output_of<float>(context, node);
    uint32_t scale = bits_of(op->scale);
    size_t count = elements_of(context, node);
    for (size_t i = 0; i < count; i++) {
        int32_t q = integer_at(input, i) - op->input_zero_point;
        if (input->type == kTfLiteInt8) {
            uint32_t bits = int8_real(q, scale);
            memcpy(&to[i], &bits, sizeof(bits));
        } else {
            // TFLM multiplies in double precision, where the product is exact; here it is rounded
            // once too.
            to[i] = op->scale * (float)q;
        }
    }
    return kTfLiteOk;
}

} // namespace

OWN_KERNEL(QUANTIZE, ParseQuantize, quantize_prepare, quantize_eval)
OWN_KERNEL(DEQUANTIZE, ParseDequantize, dequantize_prepare, dequantize_eval)
