// A layer by the functions for the ESP32-S3 and by the portable ones: the same values, and
// nothing written behind the scratch memory asked for.

#include <stdlib.h>
#include <string.h>

#include <esp_nn_ansi_headers.h>
#include <esp_nn_defs.h>
#include <esp_nn_esp32s3.h>

#define GUARD (64 * 1024)
#define WRONG (1)
#define OUTSIDE (2)

static void *room(size_t size, int fill) {
    char *got = aligned_alloc(16, (size + GUARD + 15) / 16 * 16);
    memset(got, fill, size + GUARD);
    return got;
}

static int8_t *noise(size_t size) {
    int8_t *got = room(size, 0);
    for (size_t i = 0; i < size; i++) {
        got[i] = rand();
    }
    return got;
}

static int intact(const char *from) {
    for (int i = 0; i < GUARD; i++) {
        if (from[i] != 0x5a) {
            return 0;
        }
    }
    return 1;
}

// `multiplier` 0 is for CONV_2D into `outputs` channels.
int compare(int height, int width, int channels, int filter_height, int filter_width,
    int stride_height, int stride_width, int padding_height, int padding_width, int out_height,
    int out_width, int outputs, int multiplier) {
    data_dims_t input_dims = {width, height, channels, 1};
    data_dims_t filter_dims = {filter_width, filter_height, channels, 0};
    data_dims_t output_dims = {out_width, out_height, outputs, 1};
    conv_params_t conv = {5, -7, {stride_width, stride_height}, {padding_width, padding_height},
        {0, 0}, {-128, 127}};
    dw_conv_params_t depthwise = {5, -7, multiplier, {stride_width, stride_height},
        {padding_width, padding_height}, {0, 0}, {-128, 127}};
    size_t size = (size_t)out_height * out_width * outputs;
    size_t taps = (size_t)filter_height * filter_width * (multiplier ? 1 : channels) * outputs;
    int8_t *input = noise((size_t)height * width * channels), *filter = noise(taps);
    int8_t *expected = room(size, 0x5a), *got = room(size, 0x5a);
    int32_t *bias = room(4 * outputs, 0), *shift = room(4 * outputs, 0);
    int32_t *factor = room(4 * outputs, 0);
    for (int i = 0; i < outputs; i++) {
        bias[i] = rand() % 4000 - 2000;
        shift[i] = -8;
        factor[i] = 1 << 30;
    }
    quant_data_t quantization = {shift, factor};
    int asked = multiplier
        ? esp_nn_get_depthwise_conv_scratch_size_esp32s3(
              &input_dims, &filter_dims, &output_dims, &depthwise)
        : esp_nn_get_conv_scratch_size_esp32s3(&input_dims, &filter_dims, &output_dims, &conv);
    char *scratch = room(asked, 0x5a);
    if (multiplier) {
        esp_nn_set_depthwise_conv_scratch_buf_esp32s3(scratch);
        esp_nn_depthwise_conv_s8_esp32s3(&input_dims, input, &filter_dims, filter, bias,
            &output_dims, got, &depthwise, &quantization);
        esp_nn_depthwise_conv_s8_ansi(&input_dims, input, &filter_dims, filter, bias,
            &output_dims, expected, &depthwise, &quantization);
    } else {
        esp_nn_set_conv_scratch_buf_esp32s3(scratch);
        esp_nn_conv_s8_esp32s3(&input_dims, input, &filter_dims, filter, bias, &output_dims, got,
            &conv, &quantization);
        esp_nn_conv_s8_ansi(&input_dims, input, &filter_dims, filter, bias, &output_dims,
            expected, &conv, &quantization);
    }
    int result = (memcmp(got, expected, size) ? WRONG : 0)
        | (intact(scratch + asked) && intact((char *)got + size) ? 0 : OUTSIDE);
    void *all[] = {input, filter, expected, got, bias, shift, factor, scratch};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        free(all[i]);
    }
    return result;
}
