// CONV_2D, DEPTHWISE_CONV_2D, MAX_POOL_2D and AVERAGE_POOL_2D.

#include <string.h>

#include "native.h"

// Options of all begin with these.
enum { PADDING, STRIDE_WIDTH, STRIDE_HEIGHT };
enum { PADDING_SAME };

// What a kernel's struct has before its pointers, as long on every machine.
#define HEAD(op) (offsetof(op, way) + 1)

typedef struct _conv_t {
    native_op_t op;
    uint32_t batches;
    uint32_t channels;
    uint8_t head[36]; // of the kernel's struct
    // int8_channel_t[channels] and int8_t[channels], its pointers' targets
} conv_t;

_Static_assert(HEAD(int8_conv_2d_t) <= 36 && HEAD(int8_depthwise_conv_2d_t) <= 36, "no room");

typedef struct _pool_t {
    native_op_t op;
    uint32_t batches;
    int8_pool_2d_t pool;
} pool_t;

static uint16_t side(const model_tensor_t *tensor, size_t i) {
    return (uint16_t)model_tensor_dim(tensor, i);
}

// How much of what a window lacks lies before the image: ComputePaddingWithOffset() of
// tensorflow/lite/kernels/padding.h.
static uint16_t before(int32_t in, int32_t out, int32_t size, int32_t stride, int32_t dilation) {
    int32_t total = (out - 1) * stride + (size - 1) * dilation + 1 - in;
    return (uint16_t)(total > 0 ? total / 2 : 0);
}

static void make_window(const native_maker_t *maker, int8_window_t *window, int32_t height, int32_t width,
    int32_t dilation_height, int32_t dilation_width) {
    window->in_height = side(&maker->in[0], 1);
    window->in_width = side(&maker->in[0], 2);
    window->out_height = side(&maker->out, 1);
    window->out_width = side(&maker->out, 2);
    window->height = (uint16_t)height;
    window->width = (uint16_t)width;
    window->stride_height = (uint16_t)native_option(maker, STRIDE_HEIGHT, 0);
    window->stride_width = (uint16_t)native_option(maker, STRIDE_WIDTH, 0);
    window->dilation_height = (uint16_t)dilation_height;
    window->dilation_width = (uint16_t)dilation_width;
    window->pad_top = before(window->in_height, window->out_height, height, window->stride_height, dilation_height);
    window->pad_left = before(window->in_width, window->out_width, width, window->stride_width, dilation_width);
}

static int8_channels_t channels_of(const conv_t *conv) {
    int8_channel_t *factors = (int8_channel_t *)(conv + 1);
    return (int8_channels_t) { factors, (int8_t *)(factors + conv->channels) };
}

// As PopulateConvolutionQuantizationParams() of tensorflow/lite/kernels/kernel_util.cc.
static int8_channels_t make_channels(const native_maker_t *maker, conv_t *conv) {
    int8_channels_t channels = channels_of(conv);
    model_real_t input = native_scale(&maker->in[0]), output = native_scale(&maker->out);
    for (size_t i = 0; i < conv->channels; i++) {
        model_real_t weights = model_real(native_scale_bits(&maker->in[1], i));
        int8_channel_t *channel = &channels.factors[i];
        model_real_factor(model_real_over(model_real_times(input, weights), output), &channel->multiplier,
            &channels.shifts[i]);
        memcpy(&channel->bias, maker->in[2].constant + 4 * i, sizeof(channel->bias));
    }
    return channels;
}

static void begin_conv(const native_maker_t *maker, conv_t *conv) {
    conv->batches = (uint32_t)model_tensor_dim(&maker->in[0], 0);
    conv->channels = (uint32_t)model_tensor_dim(&maker->out, 3);
}

static const char *make_conv_2d(const native_maker_t *maker, void *record) {
    enum { ACTIVATION = 3, DILATION_WIDTH, DILATION_HEIGHT };
    conv_t *conv = record;
    const model_tensor_t *weights = &maker->in[1];
    begin_conv(maker, conv);
    int8_conv_2d_t op;
    make_window(maker, &op.window, model_tensor_dim(weights, 1), model_tensor_dim(weights, 2),
        native_option(maker, DILATION_HEIGHT, 1), native_option(maker, DILATION_WIDTH, 1));
    op.in_depth = side(weights, 3);
    op.out_depth = side(weights, 0);
    op.groups = (uint16_t)(model_tensor_dim(&maker->in[0], 3) / op.in_depth);
    op.input_zero_point = (int8_t)model_tensor_zero_point(&maker->in[0], 0);
    op.range = native_range(maker, native_small_option(maker, ACTIVATION));
    op.channels = make_channels(maker, conv);
    int8_conv_2d_prepare(&op, (const int8_t *)weights->constant);
    conv->op.scratch = (uint32_t)int8_conv_2d_scratch(&op);
    memcpy(conv->head, &op, HEAD(int8_conv_2d_t));
    return NULL;
}

static void run_conv_2d(const tflm_engine_t *engine, const void *record) {
    const conv_t *conv = record;
    int8_conv_2d_t op;
    memcpy(&op, conv->head, HEAD(int8_conv_2d_t));
    op.channels = channels_of(conv);
    int8_conv_2d(&op, conv->batches, native_input(engine, &conv->op, 0), native_input(engine, &conv->op, 1),
        native_output(engine, &conv->op), engine->arena + conv->op.scratch);
}

static const char *make_depthwise_conv_2d(const native_maker_t *maker, void *record) {
    enum { MULTIPLIER = 3, ACTIVATION, DILATION_WIDTH, DILATION_HEIGHT };
    conv_t *conv = record;
    const model_tensor_t *weights = &maker->in[1];
    begin_conv(maker, conv);
    int8_depthwise_conv_2d_t op;
    make_window(maker, &op.window, model_tensor_dim(weights, 1), model_tensor_dim(weights, 2),
        native_option(maker, DILATION_HEIGHT, 1), native_option(maker, DILATION_WIDTH, 1));
    op.in_depth = side(&maker->in[0], 3);
    op.multiplier = (uint16_t)native_option(maker, MULTIPLIER, 0);
    op.input_zero_point = (int8_t)model_tensor_zero_point(&maker->in[0], 0);
    op.range = native_range(maker, native_small_option(maker, ACTIVATION));
    op.channels = make_channels(maker, conv);
    int8_depthwise_conv_2d_prepare(&op, (const int8_t *)weights->constant);
    conv->op.scratch = (uint32_t)int8_depthwise_conv_2d_scratch(&op);
    memcpy(conv->head, &op, HEAD(int8_depthwise_conv_2d_t));
    return NULL;
}

static void run_depthwise_conv_2d(const tflm_engine_t *engine, const void *record) {
    const conv_t *conv = record;
    int8_depthwise_conv_2d_t op;
    memcpy(&op, conv->head, HEAD(int8_depthwise_conv_2d_t));
    op.channels = channels_of(conv);
    int8_depthwise_conv_2d(&op, conv->batches, native_input(engine, &conv->op, 0),
        native_input(engine, &conv->op, 1), native_output(engine, &conv->op), engine->arena + conv->op.scratch);
}

static const char *make_pool(const native_maker_t *maker, void *record) {
    enum { WIDTH = 3, HEIGHT, ACTIVATION };
    pool_t *pool = record;
    pool->batches = (uint32_t)model_tensor_dim(&maker->in[0], 0);
    make_window(maker, &pool->pool.window, native_option(maker, HEIGHT, 0), native_option(maker, WIDTH, 0), 1, 1);
    pool->pool.depth = side(&maker->in[0], 3);
    pool->pool.range = native_range(maker, native_small_option(maker, ACTIVATION));
    return NULL;
}

static void run_max_pool_2d(const tflm_engine_t *engine, const void *record) {
    const pool_t *pool = record;
    int8_max_pool_2d(&pool->pool, pool->batches, native_input(engine, &pool->op, 0),
        native_output(engine, &pool->op));
}

static void run_average_pool_2d(const tflm_engine_t *engine, const void *record) {
    const pool_t *pool = record;
    int8_average_pool_2d(&pool->pool, pool->batches, native_input(engine, &pool->op, 0),
        native_output(engine, &pool->op));
}

#define CHANNEL_SIZE (sizeof(int8_channel_t) + sizeof(int8_t))

const native_kind_t native_CONV_2D = { sizeof(conv_t), 0, CHANNEL_SIZE, 0, make_conv_2d, run_conv_2d };
const native_kind_t native_DEPTHWISE_CONV_2D = {
    sizeof(conv_t), 0, CHANNEL_SIZE, 0, make_depthwise_conv_2d, run_depthwise_conv_2d
};
const native_kind_t native_MAX_POOL_2D = { sizeof(pool_t), 0, 0, 0, make_pool, run_max_pool_2d };
const native_kind_t native_AVERAGE_POOL_2D = { sizeof(pool_t), 0, 0, 0, make_pool, run_average_pool_2d };
