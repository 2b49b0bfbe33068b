// Kernels of ops whose values have 16 bits and whose weights have 8 (16x8): integers only, plain C99,
// as those of kernels.h, with the values of TFLite's reference kernels.
//
// Zero points are 0. They are as small as they can be, not as fast: a model takes int16 where int8 is
// not exact enough.

#ifndef INT16_KERNELS_H
#define INT16_KERNELS_H

#include "kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

// The range that the fused activation leaves of -32768 to 32767.
typedef struct _int16_range_t {
    int16_t min, max;
} int16_range_t;

// What turns a sum of 64 bits into an output: (sum * multiplier + half) / 2**shift, which is
// TFLite's MultiplyByQuantizedMultiplier() of an int64_t, with a multiplier of 15 bits.
typedef struct _int16_factor_t {
    int16_t multiplier;
    uint8_t shift; // 8 to 46
} int16_factor_t;

// Of TFLite's factor, whose shift is -31 to 7.
int16_factor_t int16_factor(int32_t multiplier, int shift);

// A bias. The converter aligns it to 4 bytes.
typedef int64_t int16_bias_t __attribute__((aligned(4)));

// CONV_2D and DEPTHWISE_CONV_2D, whose weights are as for int8. An output is a sum over `in_depth`
// channels of one of `groups`; of a depthwise one that is one channel.
typedef struct _int16_conv_2d_t {
    int8_window_t window;
    uint16_t in_depth, out_depth, groups;
    int16_range_t range;
    bool depthwise;
    const int16_factor_t *factors; // of each output channel
} int16_conv_2d_t;

void int16_conv_2d(const int16_conv_2d_t *op, size_t batches, const int16_t *input,
    const int8_t *weights, const int16_bias_t *biases, int16_t *output);

// FULLY_CONNECTED. Biases may be NULL. A factor for each output, or, with a step of 0, one for all.
typedef struct _int16_fully_connected_t {
    uint32_t in_depth, out_depth;
    int16_range_t range;
    uint8_t step;
    const int16_factor_t *factors;
} int16_fully_connected_t;

void int16_fully_connected(const int16_fully_connected_t *op, size_t batches, const int16_t *input,
    const int8_t *weights, const int16_bias_t *biases, int16_t *output);

// ADD and SUB. A step of an input counts 2**15 times its factor, which is not above 1/2; their sum is
// multiplied by `factor`, which is not above 1/2 either.
typedef struct _int16_add_t {
    int8_factor_t a, b, factor;
    int16_range_t range;
    bool subtract;
} int16_add_t;

void int16_add(const int16_add_t *op, const int8_operand_t *a, const int8_operand_t *b, int16_t *output);

// MUL, by a factor that is not above 1/2
typedef struct _int16_mul_t {
    int8_factor_t factor;
    int16_range_t range;
} int16_mul_t;

void int16_mul(const int16_mul_t *op, const int8_operand_t *a, const int8_operand_t *b, int16_t *output);

// RELU, RELU6 and LEAKY_RELU
typedef struct _int16_scale_t {
    int8_factor_t positive, negative;
    int16_range_t range;
} int16_scale_t;

void int16_scale(const int16_scale_t *op, size_t count, const int16_t *input, int16_t *output);

// MEAN of at most 2**15 values, prepared by int8_mean_prepare()
void int16_mean(const int8_mean_t *op, const int *dims, int rank, const int16_t *input, int16_t *output);

#ifdef __cplusplus
}
#endif

#endif // INT16_KERNELS_H
