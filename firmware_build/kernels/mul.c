// MUL and PRELU.

#include "rescale.h"

static void mul_row(const void *context, const void *a, size_t a_step, const void *b,
    size_t b_step, void *output, size_t count) {
    const int8_mul_t *op = context;
    const int8_t *x = a, *y = b;
    int8_t *to = output;
    int8_many_t factor = int8_many(&op->factor);
    int32_t x_zero = op->a_zero_point, y_zero = op->b_zero_point;
    int32_t zero = op->range.zero_point, min = op->range.min, max = op->range.max;
    for (const int8_t *end = to + count; to != end; x += a_step, y += b_step) {
        int32_t product = (*x - x_zero) * (*y - y_zero);
        *to++ = int8_clamp(int8_times(product, &factor) + zero, min, max);
    }
}

void int8_mul(const int8_mul_t *op, const int8_operand_t *a, const int8_operand_t *b,
    int8_t *output) {
    int8_broadcast(op, mul_row, 1, a, b, output);
}

static void prelu_row(const void *context, const void *a, size_t a_step, const void *b,
    size_t b_step, void *output, size_t count) {
    const int8_prelu_t *op = context;
    const int8_t *x = a, *y = b;
    int8_t *to = output;
    for (const int8_t *end = to + count; to != end; x += a_step, y += b_step) {
        int32_t value = *x - op->a_zero_point;
        const int8_factor_t *factor = &op->positive;
        if (value < 0) {
            value *= *y - op->b_zero_point;
            factor = &op->negative;
        }
        value = int8_rescale(value, factor->multiplier, factor->shift) + op->output_zero_point;
        *to++ = int8_clamp(value, INT8_MIN, INT8_MAX);
    }
}

void int8_prelu(const int8_prelu_t *op, const int8_operand_t *a, const int8_operand_t *b,
    int8_t *output) {
    int8_broadcast(op, prelu_row, 1, a, b, output);
}
