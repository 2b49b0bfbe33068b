// Layers that esp-nn 1.2.3's functions for the ESP32-S3 compute wrongly, or for which they
// write outside their scratch memory, or take as much stack as the layer has channels: its
// portable functions take these. The linker puts the functions here in the place of esp-nn's
// (--wrap). Found by reading, as no emulator knows the chip, and for convolutions by
// tests/firmware/test_esp_nn_s3.py, which has C in the place of the assembly.

#include <stdbool.h>
#include <stdint.h>

#include "esp_nn_ansi_headers.h"
#include "esp_nn_defs.h"

// What an array on the stack may take.
#define MAX_FRAME (1024)

// The largest images that esp-nn copies in one piece, as bytes and, with the filter, as words
// of 16 bits; of others, a few rows.
#define MAX_WHOLE_IMAGE (40 * 1024)
#define MAX_WHOLE_IMAGE_16 (48 * 1024)

#define DECLARE(name) \
    __typeof__(name##_ansi) __real_##name##_esp32s3, __wrap_##name##_esp32s3

DECLARE(esp_nn_conv_s8);
DECLARE(esp_nn_depthwise_conv_s8);
DECLARE(esp_nn_fully_connected_s8);
DECLARE(esp_nn_fully_connected_per_ch_s8);

// How far the last window reaches over the end.
static int32_t over_end(int32_t input, int32_t filter, int32_t output, int32_t stride,
    int32_t padding) {
    return (output - 1) * stride + filter - input - padding;
}

// esp-nn pads by as much at the end as at the start, if there is anything at a start. A
// window of 4 at stride 1, or of 5 at stride 2 over an even side, wants one more: it would
// get values of the next row, and in the last row of whatever lies behind. Pointwise, eight
// channels at a time are loaded from an address that is taken for a multiple of 8.
void __wrap_esp_nn_conv_s8_esp32s3(const data_dims_t *input_dims, const int8_t *input,
    const data_dims_t *filter_dims, const int8_t *filter, const int32_t *bias,
    const data_dims_t *output_dims, int8_t *output, const conv_params_t *params,
    const quant_data_t *quantization) {
    const data_2d_t *padding = &params->padding, *stride = &params->stride;
    bool lacks_padding = (padding->width != 0 || padding->height != 0)
        && (over_end(input_dims->width, filter_dims->width, output_dims->width,
                stride->width, padding->width) > padding->width
            || over_end(input_dims->height, filter_dims->height, output_dims->height,
                stride->height, padding->height) > padding->height);
    bool pointwise = filter_dims->width == 1 && filter_dims->height == 1;
    bool own = lacks_padding || (pointwise && (uintptr_t)filter % 8 != 0);
    (own ? esp_nn_conv_s8_ansi : __real_esp_nn_conv_s8_esp32s3)(
        input_dims, input, filter_dims, filter, bias, output_dims, output, params, quantization);
}

// Whether esp-nn's 3x3 windows over a multiple of 8 channels keep to their memory.
static bool fits_3x3(const data_dims_t *input, const data_dims_t *output,
    const dw_conv_params_t *params) {
    const data_2d_t *padding = &params->padding, *stride = &params->stride;
    if (input->channels % 16 != 0) {
        // Made a multiple of 16, with three words on the stack for each channel.
        return input->channels == 8 || 12 * (input->channels + 8) <= MAX_FRAME;
    }
    if (padding->width != padding->height) {
        return false; // a copy of the result is not in the scratch memory asked for
    }
    if (padding->width != 0) {
        return true;
    }
    // A larger image is copied whole to where a few rows of it have room.
    int32_t more_width = output->width * stride->width + 2 - input->width;
    int32_t more_height = output->height * stride->height + 2 - input->height;
    return (more_width == 0 && more_height == 0)
        || (input->width + more_width) * (input->height + more_height) * input->channels
            <= MAX_WHOLE_IMAGE;
}

// Whether esp-nn's other windows over a multiple of 8 channels give the right values: where
// it takes a few rows at a time, those above and below the image count as zero points twice.
static bool right_by_rows(const data_dims_t *input, const data_dims_t *filter,
    const data_dims_t *output, const dw_conv_params_t *params) {
    int32_t pixels = filter->width * filter->height + input->width * input->height;
    return 2 * pixels * input->channels <= MAX_WHOLE_IMAGE_16
        || (params->padding.height == 0
            && over_end(input->height, filter->height, output->height, params->stride.height, 0)
                <= 0);
}

// Images after the first of a batch may lie at any address, and esp-nn takes it for a
// multiple of 16.
void __wrap_esp_nn_depthwise_conv_s8_esp32s3(const data_dims_t *input_dims, const int8_t *input,
    const data_dims_t *filter_dims, const int8_t *filter, const int32_t *bias,
    const data_dims_t *output_dims, int8_t *output, const dw_conv_params_t *params,
    const quant_data_t *quantization) {
    bool own = (uintptr_t)input % 16 != 0;
    if (params->ch_mult == 1 && input_dims->channels % 8 == 0) {
        own |= filter_dims->width == 3 && filter_dims->height == 3
            ? !fits_3x3(input_dims, output_dims, params)
            : !right_by_rows(input_dims, filter_dims, output_dims, params);
    }
    (own ? esp_nn_depthwise_conv_s8_ansi : __real_esp_nn_depthwise_conv_s8_esp32s3)(
        input_dims, input, filter_dims, filter, bias, output_dims, output, params, quantization);
}

// A word on the stack for each output, and of the filter eight values at a time are loaded
// from an address that is taken for a multiple of 8: of rows of another length, most are not.
void __wrap_esp_nn_fully_connected_s8_esp32s3(const int8_t *input, const int32_t input_offset,
    const uint16_t inputs, const int8_t *filter, const int32_t filter_offset,
    const int32_t *bias, int8_t *output, const uint16_t outputs, const int32_t output_offset,
    const int32_t shift, const int32_t multiplier, const int32_t least, const int32_t most) {
    bool own = 4 * outputs > MAX_FRAME || inputs % 8 != 0 || (uintptr_t)filter % 8 != 0;
    (own ? esp_nn_fully_connected_s8_ansi : __real_esp_nn_fully_connected_s8_esp32s3)(
        input, input_offset, inputs, filter, filter_offset, bias, output, outputs,
        output_offset, shift, multiplier, least, most);
}

void __wrap_esp_nn_fully_connected_per_ch_s8_esp32s3(const int8_t *input,
    const int32_t input_offset, const uint16_t inputs, const int8_t *filter,
    const int32_t filter_offset, const int32_t *bias, int8_t *output, const uint16_t outputs,
    const int32_t output_offset, const int32_t *shift, const int32_t *multiplier,
    const int32_t least, const int32_t most) {
    bool own = 4 * outputs > MAX_FRAME || inputs % 8 != 0 || (uintptr_t)filter % 8 != 0;
    (own ? esp_nn_fully_connected_per_ch_s8_ansi
         : __real_esp_nn_fully_connected_per_ch_s8_esp32s3)(
        input, input_offset, inputs, filter, filter_offset, bias, output, outputs,
        output_offset, shift, multiplier, least, most);
}
