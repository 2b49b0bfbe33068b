// Kernels of TFLite's int8 ops: integers only, plain C99.
//
// They need no C library and no TensorFlow, keep nothing between calls, and allocate
// nothing: what a kernel needs besides its tensors is in its struct, which the caller fills
// once, and in scratch memory of the size that the struct tells. Each gives, value for
// value, what TFLite's reference kernel gives
// (tensorflow/lite/kernels/internal/reference/integer_ops).
//
// Images have their channels last: a tensor is [batches, height, width, depth]. A real value
// is scale * (q - zero_point). The factor between a sum of products and an output is given
// in fixed point, see int8_factor_t. No side of an image or a window is above 65535.

#ifndef INT8_KERNELS_H
#define INT8_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Output values: where zero is, and the range that the fused activation leaves of -128 to 127.
typedef struct _int8_range_t {
    int8_t zero_point;
    int8_t min;
    int8_t max;
} int8_range_t;

// Where windows lie in an image. What is outside of it counts as zero.
typedef struct _int8_window_t {
    uint16_t in_height, in_width;
    uint16_t out_height, out_width;
    uint16_t height, width; // taps of a window
    uint16_t stride_height, stride_width;
    uint16_t dilation_height, dilation_width; // from one tap to the next
    uint16_t pad_top, pad_left;
} int8_window_t;

// What turns the sum of products of each output channel c into an output:
//
//   output = zero_point + round(round((sum + bias) * multiplier / 2**31) / 2**-shift)
//
// as TFLite's MultiplyByQuantizedMultiplier() has it: a multiplier is 0 or from 2**30 on, a
// shift is -31 to 30, and the inner rounding is half up, the outer half away from zero.
typedef struct _int8_channel_t {
    int32_t bias;
    int32_t multiplier;
} int8_channel_t;

typedef struct _int8_channels_t {
    int8_channel_t *factors;
    int8_t *shifts;
} int8_channels_t;

// CONV_2D. Weights are [out_depth, window.height, window.width, in_depth].
typedef struct _int8_conv_2d_t {
    int8_window_t window;
    uint16_t in_depth, out_depth;
    int8_t input_zero_point;
    int8_range_t range;
    uint8_t way; // set by int8_conv_2d_prepare()
    int8_channels_t channels; // of the caller, changed by int8_conv_2d_prepare()
} int8_conv_2d_t;

// Choose how to compute. All but `way` is filled in. With weights, which must then stay as
// they are, the input's zero point is folded into the bias where that is worth while; NULL
// for weights that are not constant.
void int8_conv_2d_prepare(int8_conv_2d_t *op, const int8_t *weights);

// Bytes of scratch, aligned to 4, that a run takes. They depend on shapes alone, and may be
// asked for before the op is prepared.
size_t int8_conv_2d_scratch(const int8_conv_2d_t *op);

void int8_conv_2d(const int8_conv_2d_t *op, size_t batches, const int8_t *input,
    const int8_t *weights, int8_t *output, void *scratch);

// DEPTHWISE_CONV_2D. Weights are [window.height, window.width, in_depth * multiplier].
typedef struct _int8_depthwise_conv_2d_t {
    int8_window_t window;
    uint16_t in_depth, multiplier;
    int8_t input_zero_point;
    int8_range_t range;
    uint8_t way; // set by int8_depthwise_conv_2d_prepare()
    int8_channels_t channels; // of the caller, changed by int8_depthwise_conv_2d_prepare()
} int8_depthwise_conv_2d_t;

// As for int8_conv_2d.
void int8_depthwise_conv_2d_prepare(int8_depthwise_conv_2d_t *op, const int8_t *weights);
size_t int8_depthwise_conv_2d_scratch(const int8_depthwise_conv_2d_t *op);
void int8_depthwise_conv_2d(const int8_depthwise_conv_2d_t *op, size_t batches,
    const int8_t *input, const int8_t *weights, int8_t *output, void *scratch);

// FULLY_CONNECTED. Weights are [out_depth, in_depth], biases [out_depth] or NULL. A factor
// for each output, or, with a step of 0, one for all.
typedef struct _int8_fully_connected_t {
    uint32_t in_depth, out_depth;
    int8_t input_zero_point;
    int8_range_t range;
    uint8_t step;
    const int32_t *multipliers;
    const int8_t *shifts;
} int8_fully_connected_t;

void int8_fully_connected(const int8_fully_connected_t *op, size_t batches, const int8_t *input,
    const int8_t *weights, const int32_t *biases, int8_t *output);

// MAX_POOL_2D and AVERAGE_POOL_2D, of the values inside the image. Input and output are
// quantized alike.
typedef struct _int8_pool_2d_t {
    int8_window_t window;
    uint16_t depth;
    int8_range_t range;
} int8_pool_2d_t;

void int8_max_pool_2d(const int8_pool_2d_t *op, size_t batches, const int8_t *input,
    int8_t *output);
void int8_average_pool_2d(const int8_pool_2d_t *op, size_t batches, const int8_t *input,
    int8_t *output);

// QUANTIZE of a float32, both given by their bits: x / scale as a float32, rounded half away from
// zero. If that is 256 or more in magnitude, some value of which the same is true.
// INT8_UNDECIDED if x is NaN or subnormal, or if the scale is not positive and normal.
int32_t int8_quotient(uint32_t x, uint32_t scale);
#define INT8_QUOTIENT (512) // of what is too large
#define INT8_UNDECIDED INT32_MIN

#ifdef __cplusplus
}
#endif

#endif // INT8_KERNELS_H
