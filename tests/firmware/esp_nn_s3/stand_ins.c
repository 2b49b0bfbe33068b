// esp-nn's functions for the ESP32-S3 that are assembly, in C: what their callers expect of
// them, by the comments there and their names.

#include <esp_nn_defs.h>

#include <common_functions.h>

// A window over an image, with bounds checked, or an image that is padded already.
static int8_t taps(const int8_t *image8, const int16_t *image16, int32_t offset, int width,
    int height, int channels, int x0, int y0, const int8_t *filter8, const int16_t *filter16,
    int filter_width, int filter_height, int channel, int multiplier, int which,
    const int32_t *bias, int32_t out_offset, const int32_t *shift, const int32_t *mult,
    int32_t least, int32_t most) {
    int outputs = channels * multiplier, out = channel * multiplier + which;
    int32_t sum = bias ? bias[out] : 0;
    for (int y = 0; y < filter_height; y++) {
        for (int x = 0; x < filter_width; x++) {
            if (y0 + y < 0 || y0 + y >= height || x0 + x < 0 || x0 + x >= width) {
                continue;
            }
            int at = ((y0 + y) * width + x0 + x) * channels + channel;
            int tap = (y * filter_width + x) * outputs + out;
            sum += (image8 ? image8[at] + offset : image16[at])
                * (filter8 ? filter8[tap] : filter16[tap]);
        }
    }
    sum = esp_nn_requantize(sum, mult[out], shift[out]) + out_offset;
    return sum < least ? least : sum > most ? most : sum;
}

#define FOR_OUTPUTS(multiplier) \
    for (int y = 0; y < out_ht; y++) \
        for (int x = 0; x < out_wd; x++) \
            for (int channel = 0; channel < channels; channel++) \
                for (int which = 0; which < (multiplier); which++)

void esp_nn_depthwise_conv_s8_mult1_3x3_padded_esp32s3(const int8_t *input, const uint16_t wd,
    const uint16_t ht, const uint16_t channels, const int32_t offset, const uint16_t stride_wd,
    const uint16_t stride_ht, const int8_t *filter, const int32_t *bias, int8_t *out,
    const uint16_t out_wd, const uint16_t out_ht, const int32_t out_offset,
    const int32_t *shift, const int32_t *mult, const int32_t least, const int32_t most) {
    FOR_OUTPUTS(1) {
        *out++ = taps(input, NULL, offset, wd, 1 << 30, channels, x * stride_wd, y * stride_ht,
            filter, NULL, 3, 3, channel, 1, which, bias, out_offset, shift, mult, least, most);
    }
}

#define S16_PARAMETERS \
    const int16_t *input, const uint16_t wd, const uint16_t ht, const uint16_t channels, \
    const uint16_t pad_wd, const uint16_t pad_ht, const uint16_t stride_wd, \
    const uint16_t stride_ht

#define S16_OUTPUT \
    const int32_t *bias, int8_t *out, const uint16_t out_wd, const uint16_t out_ht, \
    const int32_t out_offset, const int32_t *shift, const int32_t *mult, const int32_t least, \
    const int32_t most

#define S16_BODY(filter_wd, filter_ht, multiplier) \
    FOR_OUTPUTS(multiplier) { \
        *out++ = taps(NULL, input, 0, wd, ht, channels, x * stride_wd - pad_wd, \
            y * stride_ht - pad_ht, NULL, filter, filter_wd, filter_ht, channel, multiplier, \
            which, bias, out_offset, shift, mult, least, most); \
    }

void esp_nn_depthwise_conv_s16_mult1_3x3_esp32s3(S16_PARAMETERS, const int16_t *filter,
    S16_OUTPUT) {
    S16_BODY(3, 3, 1)
}

void esp_nn_depthwise_conv_s16_mult1_esp32s3(S16_PARAMETERS, const int16_t *filter,
    const uint16_t filter_wd, const uint16_t filter_ht, S16_OUTPUT) {
    S16_BODY(filter_wd, filter_ht, 1)
}

void esp_nn_depthwise_conv_s16_mult8_3x3_esp32s3(S16_PARAMETERS, const uint16_t multiplier,
    const int16_t *filter, S16_OUTPUT) {
    S16_BODY(3, 3, multiplier)
}

void esp_nn_depthwise_conv_s16_mult8_esp32s3(S16_PARAMETERS, const uint16_t multiplier,
    const int16_t *filter, const uint16_t filter_wd, const uint16_t filter_ht, S16_OUTPUT) {
    S16_BODY(filter_wd, filter_ht, multiplier)
}

void esp_nn_depthwise_conv_s16_mult4_esp32s3(S16_PARAMETERS, const uint16_t multiplier,
    const int16_t *filter, const uint16_t filter_wd, const uint16_t filter_ht, S16_OUTPUT) {
    S16_BODY(filter_wd, filter_ht, multiplier)
}

void esp_nn_s8_to_s16_esp32s3(const int8_t *from, int16_t *to, const int size) {
    for (int i = 0; i < size; i++) {
        to[i] = from[i];
    }
}

void esp_nn_aligned_s8_to_s16_with_offset_esp32s3(const int8_t *from, int16_t *to,
    const int size, const int32_t offset) {
    for (int i = 0; i < size; i++) {
        to[i] = from[i] + offset;
    }
}

int32_t esp_nn_dot_s8_aligned_esp32s3(const int8_t *a, const int8_t *b, int32_t length) {
    int32_t sum = 0;
    for (int i = 0; i < length; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

void esp_nn_conv_s8_filter_aligned_input_padded_esp32s3(const int8_t *input, const uint16_t wd,
    const uint16_t ht, const uint16_t channels, const int32_t offset, const uint16_t stride_wd,
    const uint16_t stride_ht, const int8_t *filter, const uint16_t filter_wd,
    const uint16_t filter_ht, const int32_t *bias, int8_t *out, const uint16_t out_wd,
    const uint16_t out_ht, const uint16_t outputs, const int32_t out_offset,
    const int32_t *shift, const int32_t *mult, const int32_t least, const int32_t most,
    void *scratch) {
    int row = (filter_wd * channels + 15) & ~15;
    for (int y = 0; y < out_ht; y++) {
        for (int x = 0; x < out_wd; x++) {
            for (int output = 0; output < outputs; output++) {
                int32_t sum = bias ? bias[output] : 0;
                for (int line = 0; line < filter_ht; line++) {
                    const int8_t *at =
                        input + ((y * stride_ht + line) * wd + x * stride_wd) * channels;
                    const int8_t *tap = filter + (output * filter_ht + line) * row;
                    for (int i = 0; i < filter_wd * channels; i++) {
                        sum += (at[i] + offset) * tap[i];
                    }
                }
                sum = esp_nn_requantize(sum, mult[output], shift[output]) + out_offset;
                *out++ = sum < least ? least : sum > most ? most : sum;
            }
        }
    }
}
