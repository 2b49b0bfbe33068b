// Our kernels by themselves, one layer after the other, for alone.py to count.
//
// The clock is asked before and after each phase, which is a mark for callgrind, and the phase's
// name is printed. Values are drawn by a generator of its own, so they are the same everywhere.

#include <stdio.h>
#include <time.h>

#include "kernels.h"

#define DEPTH (128)

static int8_t input[16 * 1024], weights[64 * 1024], output[16 * 1024];
static int8_channel_t factors[DEPTH];
static int8_t shifts[DEPTH];
static int32_t scratch[4096];

static void mark(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
}

#define COUNT(name, ...) { \
        printf("%s\n", name); \
        mark(); \
        __VA_ARGS__; \
        mark(); \
}

static int32_t drawn(int32_t min, int32_t max) {
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return min + (int32_t)(((uint64_t)(state >> 8) * (uint32_t)(max - min + 1)) >> 24);
}

// The values of a layer. Weights are as many as people's networks have near zero.
static void draw(void) {
    for (size_t i = 0; i < sizeof input; i++) {
        input[i] = (int8_t)drawn(-128, 127);
    }
    for (size_t i = 0; i < sizeof weights; i++) {
        weights[i] = (int8_t)((drawn(-127, 127) + drawn(-127, 127) + drawn(-127, 127)) / 3);
    }
    for (size_t i = 0; i < DEPTH; i++) {
        factors[i] = (int8_channel_t) { drawn(-1000, 1000), drawn(1 << 30, INT32_MAX) };
        shifts[i] = (int8_t)drawn(-10, -7);
    }
}

static int8_window_t window_of(int side, int taps, int stride, bool same) {
    int out = same ? (side + stride - 1) / stride : (side - taps) / stride + 1;
    int pad = same ? ((out - 1) * stride + taps - side) / 2 : 0;
    return (int8_window_t) {
        (uint16_t)side, (uint16_t)side, (uint16_t)out, (uint16_t)out, (uint16_t)taps, (uint16_t)taps,
        (uint16_t)stride, (uint16_t)stride, 1, 1, (uint16_t)pad, (uint16_t)pad,
    };
}

static const int8_range_t relu = { -128, -128, 127 }, linear = { 3, -128, 127 };

static void conv(const char *load, const char *run, int8_window_t window, int in, int out,
    int8_range_t range) {
    int8_conv_2d_t op = {
        window, (uint16_t)in, (uint16_t)out, 1, -128, range, 0, { factors, shifts },
    };
    draw();
    COUNT(load, int8_conv_2d_prepare(&op, weights))
    COUNT(run, int8_conv_2d(&op, 1, input, weights, output, scratch))
}

static void depthwise(const char *load, const char *run, int8_window_t window, int in,
    int multiplier) {
    int8_depthwise_conv_2d_t op = {
        window, (uint16_t)in, (uint16_t)multiplier, -128, relu, 0, { factors, shifts },
    };
    draw();
    COUNT(load, int8_depthwise_conv_2d_prepare(&op, weights))
    COUNT(run, int8_depthwise_conv_2d(&op, 1, input, weights, output, scratch))
}

static void others(void) {
    static const int dims[] = { 1, 8, 8, 16 }, channels[] = { 16 };
    const int8_operand_t a = { input, dims, 4 }, b = { input + 1024, dims, 4 };
    const int8_operand_t each = { weights, channels, 1 };
    const int8_factor_t half = { 1 << 30, 0 }, third = { 1431655765, -1 };
    int8_fully_connected_t dense = { 72, 10, -128, linear, 0, &half.multiplier, shifts };
    int8_pool_2d_t pool = { window_of(8, 2, 2, false), 16, relu };
    int8_pool_2d_t all = { window_of(8, 8, 1, false), 16, relu };
    int8_add_t add = { third, { 1 << 30, -8 }, 1, 1, 3, -5, linear, false };
    int8_mul_t mul = { { 1 << 30, -6 }, 3, -5, linear };
    int8_scale_t scale = { third, third, -128, relu };
    int8_mean_t mean = { { 1 << 30, 0 }, 3, -5, 6 };
    int8_softmax_t softmax = { { 1 << 30, 20 }, -200 };
    int8_logistic_t logistic = { { 1 << 30, 20 }, 100, 0 };
    const int32_t paddings[] = { 0, 0, 1, 1, 1, 1, 0, 0 };
    draw();
    COUNT("fully_connected", int8_fully_connected(&dense, 1, input, weights, NULL, output))
    COUNT("max_pool_2d", int8_max_pool_2d(&pool, 1, input, output))
    COUNT("average_pool_2d", int8_average_pool_2d(&all, 1, input, output))
    COUNT("add", int8_add(&add, &a, &b, output))
    COUNT("mul", int8_mul(&mul, &a, &b, output))
    COUNT("mul by channel", int8_mul(&mul, &a, &each, output))
    COUNT("scale", int8_scale(&scale, 1024, input, output))
    COUNT("mean", int8_mean_prepare(&mean, 64); int8_mean(&mean, dims, 4, input, output))
    COUNT("softmax", int8_softmax(&softmax, 1, 10, input, output))
    COUNT("logistic", int8_logistic(&logistic, 64, input, output))
    COUNT("pad", int8_pad(dims, 4, paddings, 1, &relu.zero_point, input, output))
    COUNT("quotient", for (uint32_t i = 0; i < 64; i++) {
            output[i] = (int8_t)int8_quotient(0x3f800000 - (i << 17), 0x3c23d70a);
        })
    COUNT("real", for (int32_t i = 0; i < 64; i++) {
            scratch[i] = (int32_t)int8_real(input[i], 0x3c23d70a);
        })
}

int main(void) {
    conv("load 3x3 of one channel", "3x3 of one channel", window_of(8, 3, 1, false), 1, 8, relu);
    conv("load 3x3", "3x3", window_of(6, 3, 1, true), 13, 13, relu);
    conv("load 5x5, any activation", "5x5, any activation", window_of(12, 5, 1, true), 3, 16, linear);
    conv("load 1x1", "1x1", window_of(5, 1, 1, false), 64, 64, relu);
    conv("load 3x3 of one place", "3x3 of one place", window_of(3, 3, 1, false), 16, 16, linear);
    depthwise("load depthwise 3x3", "depthwise 3x3", window_of(12, 3, 1, true), 32, 1);
    depthwise("load depthwise 3x3 by two", "depthwise 3x3 by two", window_of(12, 3, 2, true), 32, 1);
    depthwise("load depthwise 5x5", "depthwise 5x5", window_of(8, 5, 1, true), 16, 1);
    depthwise("load depthwise of one channel", "depthwise of one channel", window_of(20, 8, 2, true), 1, 8);
    others();
    return 0;
}
