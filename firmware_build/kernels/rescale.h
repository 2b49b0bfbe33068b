// Fixed-point arithmetic that the kernels share, as gemmlowp and TFLite define it.

#ifndef INT8_RESCALE_H
#define INT8_RESCALE_H

#include "kernels.h"

// x * multiplier / 2**31, half up: gemmlowp's SaturatingRoundingDoublingHighMul(), but for
// two factors of -2**31. The multiplier, which is not negative, is given times two: that
// makes four instructions of it on RV32.
static inline int32_t int8_multiply(int32_t x, uint32_t twice) {
    uint64_t product = (uint64_t)((int64_t)x * (int64_t)twice);
    return (int32_t)((uint32_t)(product >> 32) + ((uint32_t)product >> 31));
}

// x / 2**(exponent + 1), half away from zero, for |x| below 2**30: gemmlowp's
// RoundingDivideByPOT(). The exponent is 0 to 30; of a larger number its lowest five bits.
static inline int32_t int8_halve(int32_t x, int exponent) {
    uint32_t half = UINT32_C(1) << (exponent & 31);
    return (int32_t)((uint32_t)(x + (x >> 31)) + half) >> ((exponent + 1) & 31);
}

// A zero point and one half, to be added before a division by 2**(exponent + 1). Divided itself it is
// the zero point; which GCC keeps in a register as it is, where one that was read as an int8_t is
// made of 8 bits once more at each output.
static inline int32_t int8_rounding(int32_t zero_point, int exponent) {
    return (int32_t)((uint32_t)(2 * zero_point + 1) << (exponent & 31));
}

// x / 2**shift, half away from zero, for |x| below 2**30: the same for a shift of 0 to 31. Three
// numbers are made of it before the loop, so that nothing is asked there.
typedef struct _int8_right_t {
    int32_t half, negative;
    int shift;
} int8_right_t;

static inline int8_right_t int8_right(int shift) {
    return (int8_right_t) { shift > 0 ? INT32_C(1) << (shift - 1) : 0, shift > 0 ? -1 : 0, shift };
}

static inline int32_t int8_divide(int32_t x, int8_right_t by) {
    return (x + (x >> 31 & by.negative) + by.half) >> by.shift;
}

// The same factor for many numbers: TFLite's MultiplyByQuantizedMultiplier(), where neither x shifted
// nor the result is 2**30 or more in magnitude.
typedef struct _int8_many_t {
    int left;
    uint32_t twice;
    int8_right_t right;
} int8_many_t;

static inline int8_many_t int8_many(const int8_factor_t *factor) {
    int shift = factor->shift;
    return (int8_many_t) { shift > 0 ? shift : 0, (uint32_t)factor->multiplier * 2,
                           int8_right(shift > 0 ? 0 : -shift) };
}

static inline int32_t int8_times(int32_t x, const int8_many_t *by) {
    x = int8_multiply((int32_t)((uint32_t)x << by->left), by->twice);
    return int8_divide(x, by->right);
}

static inline int8_t int8_clamp(int32_t x, int32_t min, int32_t max) {
    x = x < min ? min : x;
    return (int8_t)(x > max ? max : x);
}

// An output whose least value is that of zero, so that a negative sum need not be multiplied and
// all others are halved alike.
static inline int32_t int8_relu(int32_t sum, uint32_t twice, int exponent, int32_t zero, int32_t max) {
    if (sum <= 0) {
        return zero;
    }
    sum = (int8_multiply(sum, twice) + (INT32_C(1) << (exponent & 31))) >> ((exponent + 1) & 31);
    return sum + zero > max ? max : sum + zero;
}

// Are these channels as usual, so that nothing overflows on the way to an output by the functions
// above?
bool int8_can_fold(const int8_channels_t *channels, size_t count);

// Make of a channel what they take: the multiplier twice, the exponent -shift - 1, and the bias less
// what the input's zero point makes of all weights.
void int8_fold(const int8_channels_t *channels, size_t channel, int32_t zero_sum);

// TFLite's MultiplyByQuantizedMultiplier(), for any shift that it allows.
int32_t int8_rescale(int32_t x, int32_t multiplier, int shift);

#endif // INT8_RESCALE_H
