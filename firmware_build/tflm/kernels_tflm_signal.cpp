// The audio front end's ops on sound and its spectrum: SignalWindow, SignalFftAutoScale,
// SignalRfft, SignalEnergy.

#include <cstring>

#include "signal/src/rfft.h"
#include "signal/src/window.h"

#include "kernels_tflm_util.h"

namespace {

int last_dim(const TfLiteEvalTensor *tensor) {
    return tensor->dims->data[tensor->dims->size - 1];
}

// SignalWindow ----------------------------------------------------------------------

void *window_init(TfLiteContext *context, const char *options, size_t size) {
    auto *shift = keep<int32_t>(context);
    *shift = option_of(options, size, "shift");
    return shift;
}

TfLiteStatus window_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *weights = input_of<int16_t>(context, node, 1);
    const auto *input = input_of<int16_t>(context, node, 0);
    int length = last_dim(tflite::micro::GetEvalInput(context, node, 0));
    int16_t *output = output_of<int16_t>(context, node);
    int shift = *static_cast<const int32_t *>(node->user_data);
    for (size_t rows = elements_of(context, node) / (size_t)length; rows > 0; rows--) {
        tflm_signal::ApplyWindow(input, weights, length, shift, output);
        input += length;
        output += length;
    }
    return kTfLiteOk;
}

// SignalFftAutoScale ----------------------------------------------------------------

// TFLM's has the magnitude of -32768 as one below all others.
TfLiteStatus auto_scale_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *input = input_of<int16_t>(context, node, 0);
    int16_t *output = output_of<int16_t>(context, node);
    size_t count = elements_of(context, node);
    int32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t magnitude = input[i] < 0 ? -input[i] : input[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    int shift = 15;
    for (; largest > 0 && shift > 0; largest >>= 1) {
        shift--;
    }
    for (size_t i = 0; i < count; i++) {
        output[i] = (int16_t)(input[i] * (1 << shift));
    }
    TfLiteEvalTensor *second = tflite::micro::GetEvalOutput(context, node, 1);
    *tflite::micro::GetTensorData<int32_t>(second) = shift;
    return kTfLiteOk;
}

// SignalRfft ------------------------------------------------------------------------

struct rfft_t {
    int32_t length;
    void *table; // of TFLM's, with pointers into itself
};

void *rfft_init(TfLiteContext *context, const char *options, size_t size) {
    auto *op = keep<rfft_t>(context);
    op->length = option_of(options, size, "fft_length");
    size_t bytes = tflm_signal::RfftInt16GetNeededMemory(op->length);
    op->table = tflm_signal::RfftInt16Init(op->length, keep<uint8_t>(context, bytes), bytes);
    return op;
}

// All of the input is read before the first of the output is written, so that the input, with
// zeros behind it, may lie there, and no other memory is needed for that.
TfLiteStatus rfft_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *op = static_cast<const rfft_t *>(node->user_data);
    const auto *input = input_of<int16_t>(context, node, 0);
    size_t given = (size_t)last_dim(tflite::micro::GetEvalInput(context, node, 0));
    size_t length = (size_t)op->length;
    int16_t *output = output_of<int16_t>(context, node);
    for (size_t rows = elements_of(context, node) / given; rows > 0; rows--) {
        memcpy(output, input, given * sizeof(*input));
        memset(output + given, 0, (length - given) * sizeof(*output));
        tflm_signal::RfftInt16Apply(op->table, output, reinterpret_cast<Complex<int16_t> *>(output));
        input += given;
        output += length + 2;
    }
    return kTfLiteOk;
}

// SignalEnergy ----------------------------------------------------------------------

struct energy_t {
    int32_t start, end;
};

void *energy_init(TfLiteContext *context, const char *options, size_t size) {
    auto *op = keep<energy_t>(context);
    op->start = option_of(options, size, "start_index");
    op->end = option_of(options, size, "end_index");
    return op;
}

// TFLM's sum of two squares overflows, and the rest of its output is what lay there.
TfLiteStatus energy_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *op = static_cast<const energy_t *>(node->user_data);
    const auto *input = input_of<int16_t>(context, node, 0);
    uint32_t *output = output_of<uint32_t>(context, node);
    int32_t length = last_dim(tflite::micro::GetEvalOutput(context, node, 0));
    for (int32_t i = 0; i < length; i++) {
        output[i] = 0;
        if (i >= op->start && i < op->end) {
            int32_t real = input[2 * i], imaginary = input[2 * i + 1];
            output[i] = (uint32_t)(real * real) + (uint32_t)(imaginary * imaginary);
        }
    }
    return kTfLiteOk;
}

} // namespace

CUSTOM_KERNEL(SignalWindow, window_init, nullptr, window_eval, nullptr)
CUSTOM_KERNEL(SignalFftAutoScale, nullptr, nullptr, auto_scale_eval, nullptr)
CUSTOM_KERNEL(SignalRfft, rfft_init, nullptr, rfft_eval, nullptr)
CUSTOM_KERNEL(SignalEnergy, energy_init, nullptr, energy_eval, nullptr)
