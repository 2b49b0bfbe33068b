// DIV.

#include "rescale.h"

// a * factor / b, half away from zero. What is divided by 0 is divided by the least there is.
static int32_t quotient(const int8_mul_t *op, int32_t a, int32_t b) {
    if (b < 0) {
        a = -a;
        b = -b;
    }
    int shift = 31 - op->factor.shift;
    int64_t whole = (int64_t)(a < 0 ? -a : a) * op->factor.multiplier / (b == 0 ? 1 : b);
    int64_t rounded = (whole + (INT64_C(1) << (shift - 1))) >> shift;
    return a < 0 ? -(int32_t)rounded : (int32_t)rounded;
}

static void div_row(const void *context, const void *a, size_t a_step, const void *b,
    size_t b_step, void *output, size_t count) {
    const int8_mul_t *op = context;
    const int8_t *x = a, *y = b;
    int8_t *to = output;
    for (const int8_t *end = to + count; to != end; x += a_step, y += b_step) {
        int32_t value = quotient(op, *x - op->a_zero_point, *y - op->b_zero_point);
        *to++ = int8_clamp(value + op->range.zero_point, op->range.min, op->range.max);
    }
}

void int8_div(const int8_mul_t *op, const int8_operand_t *a, const int8_operand_t *b,
    int8_t *output) {
    int8_broadcast(op, div_row, 1, a, b, output);
}
