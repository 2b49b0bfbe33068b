// QUANTIZE from int8 to int8, and the activations that are a straight line on either side of zero.

#include "rescale.h"

// Is it 1?
static bool keeps(const int8_factor_t *factor) {
    return factor->multiplier == INT32_C(1) << 30 && factor->shift == 1;
}

void int8_scale(const int8_scale_t *op, size_t count, const int8_t *input, int8_t *output) {
    int8_many_t positive = int8_many(&op->positive), negative = int8_many(&op->negative);
    int32_t input_zero = op->input_zero_point;
    int32_t zero = op->range.zero_point, min = op->range.min, max = op->range.max;
    const int8_t *end = input + count;
    if (keeps(&op->positive) && keeps(&op->negative)) {
        zero -= input_zero;
        while (input != end) {
            *output++ = int8_clamp(*input++ + zero, min, max);
        }
        return;
    }
    while (input != end) {
        int32_t x = *input++ - input_zero;
        x = x < 0 ? int8_times(x, &negative) : int8_times(x, &positive);
        *output++ = int8_clamp(x + zero, min, max);
    }
}
