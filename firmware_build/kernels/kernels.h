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
// in fixed point, see int8_channel_t. No side of an image or a window is above 65535.

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

// CONV_2D. Weights are [out_depth, window.height, window.width, in_depth]. The image has that depth
// `groups` times: out_depth / groups outputs come from each group of its channels.
typedef struct _int8_conv_2d_t {
    int8_window_t window;
    uint16_t in_depth, out_depth;
    uint16_t groups;
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

// A factor by itself: round(round(x * multiplier / 2**31) / 2**-shift), as above. What comes out
// is below 2**30 in magnitude.
typedef struct _int8_factor_t {
    int32_t multiplier;
    int8_t shift;
} int8_factor_t;

// A tensor of at most six dimensions as one of two operands. Where its dimension is 1, or it has
// none, and the other's is not, its values are repeated.
typedef struct _int8_operand_t {
    const void *data;
    const int *dims;
    int rank;
} int8_operand_t;

// A row of outputs from a row of each operand, whose step is 1 value, or 0 if one serves them all.
typedef void (*int8_row_t)(const void *op, const void *a, size_t a_step, const void *b,
    size_t b_step, void *output, size_t count);

// Call `run` for all rows. A value of any of the three tensors takes `size` bytes.
void int8_broadcast(const void *op, int8_row_t run, size_t size, const int8_operand_t *a,
    const int8_operand_t *b, void *output);

// ADD and SUB. Of the two inputs one has the larger scale, or both have the same: that is the
// wide one, of which a step counts 2**19, and the other is the fine one, of which a step counts
// fine.multiplier * 2**(fine.shift - 11). Their sum is multiplied by `factor`. Neither of its
// shifts is above 0, the fine one's only if the scales are the same.
typedef struct _int8_add_t {
    int8_factor_t fine, factor;
    int8_t wide_sign, fine_sign; // 1, or -1 of what is subtracted
    int8_t wide_zero_point, fine_zero_point;
    int8_range_t range;
    bool second_is_wide;
} int8_add_t;

void int8_add(const int8_add_t *op, const int8_operand_t *a, const int8_operand_t *b,
    int8_t *output);

// ADD_N of at most 8 inputs that are quantized alike. The factor, whose shift is not above 0, is of a
// sum of which a step counts 2**19.
typedef struct _int8_add_n_t {
    int8_factor_t factor;
    int8_t input_zero_point, output_zero_point;
} int8_add_n_t;

void int8_add_n(const int8_add_n_t *op, const int8_t *const *inputs, size_t input_count, size_t count,
    int8_t *output);

// MUL, and DIV, for which the shift is not above 30: by half away from zero of the quotient itself,
// and by 0 as by the least number.
typedef struct _int8_mul_t {
    int8_factor_t factor;
    int8_t a_zero_point, b_zero_point;
    int8_range_t range;
} int8_mul_t;

void int8_mul(const int8_mul_t *op, const int8_operand_t *a, const int8_operand_t *b,
    int8_t *output);
void int8_div(const int8_mul_t *op, const int8_operand_t *a, const int8_operand_t *b,
    int8_t *output);

// PRELU: b is what a is multiplied by where it is negative.
typedef struct _int8_prelu_t {
    int8_factor_t positive, negative;
    int8_t a_zero_point, b_zero_point, output_zero_point;
} int8_prelu_t;

void int8_prelu(const int8_prelu_t *op, const int8_operand_t *a, const int8_operand_t *b,
    int8_t *output);

// QUANTIZE of an int8, RELU, RELU6 and LEAKY_RELU: a factor for what is negative and one for
// what is not.
typedef struct _int8_scale_t {
    int8_factor_t positive, negative;
    int8_t input_zero_point;
    int8_range_t range;
} int8_scale_t;

void int8_scale(const int8_scale_t *op, size_t count, const int8_t *input, int8_t *output);

// PAD and PADV2 of values of any type, `size` bytes each. `paddings` has for each of `rank`
// dimensions, at most six, how many of `value` are put before and after.
void int8_pad(const int *dims, int rank, const int32_t *paddings, size_t size, const void *value,
    const void *input, void *output);

// CONCATENATION of values of any type: copy `rows` rows of as many bytes, which lie one behind
// the other, to rows that begin `step` bytes apart.
void int8_copy_rows(const void *input, size_t bytes, size_t rows, void *output, size_t step);

// TILE of values of any type, `size` bytes each: along each of `rank` dimensions, 1 to 6, repeat
// what is there `multiples` times.
void int8_tile(const int *dims, int rank, const int32_t *multiples, size_t size, const void *input,
    void *output);

// SLICE and TRANSPOSE of values of any type, `size` bytes each, to an output of `rank` dimensions, at
// most six: `steps` bytes lie in the input from one value to the next along each.
void int8_rearrange(const int *dims, const size_t *steps, int rank, size_t size, const void *input,
    void *output);

// GATHER and EMBEDDING_LOOKUP: of each of `rows` rows of `axis` parts, `bytes` bytes each, copy
// the `count` parts that `indices` name. False if an index is none of a part; what was copied
// until then stays.
bool int8_gather(const int32_t *indices, size_t count, size_t rows, int32_t axis, size_t bytes,
    const void *input, void *output);

// GATHER_ND: `count` times `indexed` indices name a part of `bytes` bytes, along the first
// `indexed` dimensions. False as above.
bool int8_gather_nd(const int32_t *indices, size_t count, const int *dims, int indexed, size_t bytes,
    const void *input, void *output);

// SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: images of `large` pixels, and a batch of
// block[0] * block[1] times as many of `small` ones, each of every block[0]th row and
// block[1]th column, the first `before` pixels outside.
typedef struct _int8_blocks_t {
    int32_t images;
    int32_t block[2]; // height and width
    int32_t before[2];
    int32_t large[2];
    int32_t small[2];
    size_t bytes; // of a pixel
    size_t size; // of a value in it
} int8_blocks_t;

// From large to small, with `value` for pixels outside; from small to large if that is NULL.
void int8_blocks(const int8_blocks_t *op, const void *value, const void *input, void *output);

// Dimensions of a tensor, the last one first. Those that go on from one to the next are as one.
typedef struct _int8_axes_t {
    unsigned count;
    struct {
        uint32_t size, step; // step: from one value to the next along it
    } axes[3];
} int8_axes_t;

// Part the dimensions, at most six: those whose bit in `reduced` is set from the others.
void int8_part_axes(const int *dims, int rank, unsigned reduced, int8_axes_t *kept,
    int8_axes_t *gone);

size_t int8_axes_values(const int8_axes_t *axes);

// Where value i is, counted along these dimensions alone.
size_t int8_axes_offset(const int8_axes_t *axes, size_t i);

// MEAN over any dimensions, of at most 2**22 values.
typedef struct _int8_mean_t {
    int8_factor_t factor; // that of the scales, divided by int8_mean_prepare()
    int8_t input_zero_point, output_zero_point;
    uint8_t reduced; // as for int8_part_axes()
} int8_mean_t;

// Make the factor that of a sum of `count` values.
void int8_mean_prepare(int8_mean_t *op, uint32_t count);

void int8_mean(const int8_mean_t *op, const int *dims, int rank, const int8_t *input,
    int8_t *output);

// SOFTMAX of rows of at most 511 values. The factor makes of a difference of inputs one in
// 1/2**26, and its shift is not below 0. What is further below the largest than `least`, which is
// not above 0, counts as nothing. The output's scale is 1/256, its zero point -128.
typedef struct _int8_softmax_t {
    int8_factor_t factor;
    int32_t least;
} int8_softmax_t;

void int8_softmax(const int8_softmax_t *op, size_t rows, size_t depth, const int8_t *input,
    int8_t *output);

// LOGISTIC, alike but in 1/2**27. From `radius` on the output is 0 or 255/256.
typedef struct _int8_logistic_t {
    int8_factor_t factor;
    int32_t radius;
    int8_t input_zero_point;
} int8_logistic_t;

void int8_logistic(const int8_logistic_t *op, size_t count, const int8_t *input, int8_t *output);

// SVDF: of each of `filters` the products of the last `steps` inputs are kept, and weighted by how
// long ago they were; `rank` such sums make one output. States and these weights have 16 bits if
// `wide`, else 8. `feature` makes of a product of inputs a state, `time` of a sum an output: below
// 1/4, so that a sum may be as large as INT8_SVDF_MOST. A larger one counts as that.
typedef struct _int8_svdf_t {
    int8_factor_t feature, time;
    uint32_t depth, filters, steps, rank;
    int16_t state_zero_point;
    int8_t input_zero_point, output_zero_point;
    bool wide;
} int8_svdf_t;

#define INT8_SVDF_MOST (INT32_MAX - (1 << 17))

void int8_svdf(const int8_svdf_t *op, size_t batches, const int8_t *input, const int8_t *features,
    const void *times, const int32_t *biases, void *states, int8_t *output);

// QUANTIZE of a float32, both given by their bits: x / scale as a float32, rounded half away from
// zero. If that is 256 or more in magnitude, some value of which the same is true.
// INT8_UNDECIDED if x is NaN or subnormal, or if the scale is not positive and normal.
int32_t int8_quotient(uint32_t x, uint32_t scale);
#define INT8_QUOTIENT (512) // of what is too large
#define INT8_UNDECIDED INT32_MIN

// DEQUANTIZE: the bits of the float32 q * scale, for |q| up to 255 and a scale that is positive,
// normal and below 2**100.
uint32_t int8_real(int32_t q, uint32_t scale);

#ifdef __cplusplus
}
#endif

#endif // INT8_KERNELS_H
