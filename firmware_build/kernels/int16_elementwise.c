// ADD, SUB, MUL, MEAN and the activations that are a straight line on either side of zero, of values
// with 16 bits.

#include "int16.h"
#include "rescale.h"

// To the left, so that the sum of two fits into 32 bits.
#define ADD_SHIFT (15)

static int16_t within(int32_t x, const int16_range_t *range) {
    x = x < range->min ? range->min : x;
    return (int16_t)(x > range->max ? range->max : x);
}

static int32_t times(int32_t x, const int8_factor_t *factor) {
    return int8_rescale(x, factor->multiplier, factor->shift);
}

static void add_row(const void *context, const void *a, size_t a_step, const void *b, size_t b_step,
    void *output, size_t count) {
    const int16_add_t *op = context;
    const int16_t *x = a, *y = b;
    int16_t *to = output;
    for (const int16_t *end = to + count; to != end; x += a_step, y += b_step) {
        int32_t first = times(*x * (1 << ADD_SHIFT), &op->a);
        int32_t second = times(*y * (1 << ADD_SHIFT), &op->b);
        *to++ = within(times(op->subtract ? first - second : first + second, &op->factor), &op->range);
    }
}

void int16_add(const int16_add_t *op, const int8_operand_t *a, const int8_operand_t *b, int16_t *output) {
    int8_broadcast(op, add_row, sizeof(int16_t), a, b, output);
}

static void mul_row(const void *context, const void *a, size_t a_step, const void *b, size_t b_step,
    void *output, size_t count) {
    const int16_mul_t *op = context;
    const int16_t *x = a, *y = b;
    int16_t *to = output;
    for (const int16_t *end = to + count; to != end; x += a_step, y += b_step) {
        *to++ = within(times(*x * *y, &op->factor), &op->range);
    }
}

void int16_mul(const int16_mul_t *op, const int8_operand_t *a, const int8_operand_t *b, int16_t *output) {
    int8_broadcast(op, mul_row, sizeof(int16_t), a, b, output);
}

void int16_scale(const int16_scale_t *op, size_t count, const int16_t *input, int16_t *output) {
    for (const int16_t *end = input + count; input != end; input++) {
        *output++ = within(times(*input, *input < 0 ? &op->negative : &op->positive), &op->range);
    }
}

void int16_mean(const int8_mean_t *op, const int *dims, int rank, const int16_t *input, int16_t *output) {
    static const int16_range_t all = { INT16_MIN, INT16_MAX };
    int8_axes_t kept, gone;
    int8_part_axes(dims, rank, op->reduced, &kept, &gone);
    size_t outputs = int8_axes_values(&kept), values = int8_axes_values(&gone);
    for (size_t i = 0; i < outputs; i++) {
        const int16_t *at = input + int8_axes_offset(&kept, i);
        int32_t sum = 0;
        for (size_t n = 0; n < values; n++) {
            sum += at[int8_axes_offset(&gone, n)];
        }
        output[i] = within(times(sum, &op->factor), &all);
    }
}
