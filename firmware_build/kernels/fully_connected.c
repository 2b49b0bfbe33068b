// FULLY_CONNECTED: four outputs at a time.

#include "dot.h"
#include "rescale.h"

static int8_t output_of(const int8_fully_connected_t *op, size_t i, int32_t sum) {
    int32_t scaled = int8_rescale(sum, op->multipliers[i * op->step], op->shifts[i * op->step]);
    return int8_clamp(scaled + op->range.zero_point, op->range.min, op->range.max);
}

void int8_fully_connected(const int8_fully_connected_t *op, size_t batches, const int8_t *input,
    const int8_t *weights, const int32_t *biases, int8_t *output) {
    for (; batches > 0; batches--, input += op->in_depth) {
        const int8_t *w = weights;
        for (size_t i = 0, some; i < op->out_depth; i += some, w += some * op->in_depth) {
            some = i + 4 <= op->out_depth ? 4 : 1;
            int32_t sums[4] = { 0 };
            if (some == 4) {
                int8_dot_4(input, op->input_zero_point, w, op->in_depth, op->in_depth, sums);
            } else {
                sums[0] = int8_dot(input, op->input_zero_point, w, op->in_depth);
            }
            for (size_t n = 0; n < some; n++) {
                int32_t bias = biases != NULL ? biases[i + n] : 0;
                *output++ = output_of(op, i + n, sums[n] + bias);
            }
        }
    }
}
