// ADD, SUB and ADD_N.

#include "rescale.h"

static void add_row(const void *context, const void *wide, size_t wide_step, const void *fine,
    size_t fine_step, void *output, size_t count) {
    const int8_add_t *op = context;
    const int8_t *w = wide, *f = fine;
    int8_t *to = output;
    // Of the wide input the factor is exactly 1/2: there nothing is rounded.
    int32_t wide_factor = op->wide_sign * (INT32_C(1) << 19);
    int32_t wide_zero = op->wide_zero_point * wide_factor;
    int32_t fine_zero = op->fine_zero_point, fine_sign = op->fine_sign;
    uint32_t fine_twice = (uint32_t)op->fine.multiplier * 2;
    // No shift is halved with one bit more. That is exact: without one the factor is 1/2 again, or 0.
    int32_t fine_left = INT32_C(1) << (op->fine.shift == 0 ? 21 : 20);
    int exponent = op->fine.shift == 0 ? 0 : -op->fine.shift - 1;
    uint32_t twice = (uint32_t)op->factor.multiplier * 2;
    int8_right_t right = int8_right(-op->factor.shift);
    int32_t zero = op->range.zero_point, min = op->range.min, max = op->range.max;
    for (const int8_t *end = to + count; to != end; w += wide_step, f += fine_step) {
        int32_t part = int8_halve(int8_multiply((*f - fine_zero) * fine_left, fine_twice), exponent);
        int32_t sum = *w * wide_factor - wide_zero + part * fine_sign;
        *to++ = int8_clamp(int8_divide(int8_multiply(sum, twice), right) + zero, min, max);
    }
}

void int8_add(const int8_add_t *op, const int8_operand_t *a, const int8_operand_t *b,
    int8_t *output) {
    int8_broadcast(op, add_row, 1, op->second_is_wide ? b : a, op->second_is_wide ? a : b, output);
}

void int8_add_n(const int8_add_n_t *op, const int8_t *const *inputs, size_t input_count, size_t count,
    int8_t *output) {
    int8_many_t factor = int8_many(&op->factor);
    for (size_t i = 0; i < count; i++) {
        int32_t sum = -(int32_t)input_count * op->input_zero_point;
        for (size_t n = 0; n < input_count; n++) {
            sum += inputs[n][i];
        }
        int32_t value = int8_times(sum * (INT32_C(1) << 19), &factor) + op->output_zero_point;
        output[i] = int8_clamp(value, INT8_MIN, INT8_MAX);
    }
}
