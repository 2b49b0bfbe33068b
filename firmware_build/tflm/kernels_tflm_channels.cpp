// The audio front end's ops on channels of a spectrum: SignalFilterBank and what is made of its
// output.

#include <cstring>

#include "signal/src/filter_bank_log.h"
#include "signal/src/filter_bank_spectral_subtraction.h"
#include "signal/src/pcan_argc_fixed.h"
#include "signal/src/square_root.h"

#include "kernels_tflm_util.h"

namespace {

size_t channels_of(TfLiteContext *context, TfLiteNode *node) {
    return (size_t)tflite::micro::GetEvalOutput(context, node, 0)->dims->data[0];
}

// SignalFilterBank ------------------------------------------------------------------

// A channel is the falling part of one band and the rising part of the next. TFLM keeps memory
// for all of them, since it makes one more than there are.
TfLiteStatus filter_bank_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *input = input_of<uint32_t>(context, node, 0);
    const auto *weights = input_of<int16_t>(context, node, 1), *unweights = input_of<int16_t>(context, node, 2);
    const auto *frequencies = input_of<int16_t>(context, node, 3), *starts = input_of<int16_t>(context, node, 4);
    const auto *widths = input_of<int16_t>(context, node, 5);
    uint64_t *output = output_of<uint64_t>(context, node);
    size_t bands = channels_of(context, node) + 1;
    uint64_t falling = 0;
    for (size_t band = 0; band < bands; band++) {
        uint64_t channel = falling;
        falling = 0;
        for (int i = 0; i < widths[band]; i++) {
            uint64_t value = input[frequencies[band] + i];
            channel += (uint64_t)weights[starts[band] + i] * value;
            falling += (uint64_t)unweights[starts[band] + i] * value;
        }
        if (band > 0) {
            output[band - 1] = channel;
        }
    }
    return kTfLiteOk;
}

// SignalFilterBankSquareRoot --------------------------------------------------------

TfLiteStatus square_root_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *input = input_of<uint64_t>(context, node, 0);
    int32_t shift = *input_of<int32_t>(context, node, 1);
    uint32_t *output = output_of<uint32_t>(context, node);
    // Computed in the run.
    TF_LITE_ENSURE_MSG(context, shift >= 0 && shift < 32, "shift out of range");
    for (size_t i = 0, channels = channels_of(context, node); i < channels; i++) {
        output[i] = tflite::tflm_signal::Sqrt64(input[i]) >> shift;
    }
    return kTfLiteOk;
}

// SignalFilterBankSpectralSubtraction -----------------------------------------------

struct subtraction_t {
    tflite::tflm_signal::SpectralSubtractionConfig config;
    uint32_t *noise;
};

void subtraction_reset(TfLiteContext *, void *data) {
    auto *op = static_cast<subtraction_t *>(data);
    memset(op->noise, 0, (size_t)op->config.num_channels * sizeof(*op->noise));
}

void *subtraction_init(TfLiteContext *context, const char *options, size_t size) {
    auto *op = keep<subtraction_t>(context);
    auto option = [&](const char *name) {
        return (uint32_t)option_of(options, size, name);
    };
    op->config.num_channels = (int32_t)option("num_channels");
    op->config.smoothing = option("smoothing");
    op->config.one_minus_smoothing = option("one_minus_smoothing");
    op->config.min_signal_remaining = option("min_signal_remaining");
    op->config.alternate_smoothing = option("alternate_smoothing");
    op->config.alternate_one_minus_smoothing = option("alternate_one_minus_smoothing");
    op->config.smoothing_bits = option("smoothing_bits");
    op->config.spectral_subtraction_bits = option("spectral_subtraction_bits");
    op->config.clamping = option("clamping") != 0;
    op->noise = keep<uint32_t>(context, (size_t)op->config.num_channels);
    subtraction_reset(context, op);
    return op;
}

TfLiteStatus subtraction_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *op = static_cast<const subtraction_t *>(node->user_data);
    tflite::tflm_signal::FilterbankSpectralSubtraction(&op->config, input_of<uint32_t>(context, node, 0),
        output_of<uint32_t>(context, node), op->noise);
    TfLiteEvalTensor *noise = tflite::micro::GetEvalOutput(context, node, 1);
    memcpy(noise->data.data, op->noise, (size_t)op->config.num_channels * sizeof(*op->noise));
    return kTfLiteOk;
}

// SignalPCAN ------------------------------------------------------------------------

void *pcan_init(TfLiteContext *context, const char *options, size_t size) {
    auto *shift = keep<int32_t>(context);
    *shift = option_of(options, size, "snr_shift");
    return shift;
}

TfLiteStatus pcan_eval(TfLiteContext *context, TfLiteNode *node) {
    size_t channels = channels_of(context, node);
    uint32_t *output = output_of<uint32_t>(context, node);
    memcpy(output, input_of<uint32_t>(context, node, 0), channels * sizeof(*output));
    tflite::tflm_signal::ApplyPcanAutoGainControlFixed(input_of<int16_t>(context, node, 2),
        *static_cast<const int32_t *>(node->user_data), input_of<uint32_t>(context, node, 1), output, (int)channels);
    return kTfLiteOk;
}

// SignalFilterBankLog ---------------------------------------------------------------

struct log_t {
    int32_t bits, scale;
};

void *log_init(TfLiteContext *context, const char *options, size_t size) {
    auto *op = keep<log_t>(context);
    op->bits = option_of(options, size, "input_correction_bits");
    op->scale = option_of(options, size, "output_scale");
    return op;
}

TfLiteStatus log_eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *op = static_cast<const log_t *>(node->user_data);
    tflite::tflm_signal::FilterbankLog(input_of<uint32_t>(context, node, 0), (int)channels_of(context, node),
        op->scale, (uint32_t)op->bits, output_of<int16_t>(context, node));
    return kTfLiteOk;
}

} // namespace

CUSTOM_KERNEL(SignalFilterBank, nullptr, nullptr, filter_bank_eval, nullptr)
CUSTOM_KERNEL(SignalFilterBankSquareRoot, nullptr, nullptr, square_root_eval, nullptr)
CUSTOM_KERNEL(SignalFilterBankSpectralSubtraction, subtraction_init, nullptr, subtraction_eval, subtraction_reset)
CUSTOM_KERNEL(SignalPCAN, pcan_init, nullptr, pcan_eval, nullptr)
CUSTOM_KERNEL(SignalFilterBankLog, log_init, nullptr, log_eval, nullptr)
