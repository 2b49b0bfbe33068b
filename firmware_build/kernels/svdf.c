// SVDF.

#include "rescale.h"

// States and the weights in time are both of 16 bits, or both of 8.
static inline int32_t value_at(const void *values, size_t i, bool wide) {
    return wide ? ((const int16_t *)values)[i] : ((const int8_t *)values)[i];
}

static inline void put(void *values, size_t i, bool wide, int32_t value) {
    if (wide) {
        ((int16_t *)values)[i] = (int16_t)value;
    } else {
        ((int8_t *)values)[i] = (int8_t)value;
    }
}

// Every step moves to the one before it; the last of each filter is computed.
static void new_step(const int8_svdf_t *op, size_t batches, const int8_t *input,
    const int8_t *features, void *states) {
    bool wide = op->wide;
    int32_t max = wide ? INT16_MAX : INT8_MAX;
    size_t last = batches * op->filters * op->steps - 1;
    for (size_t i = 0; i < last; i++) {
        put(states, i, wide, value_at(states, i + 1, wide));
    }
    size_t at = op->steps - 1;
    for (size_t b = 0; b < batches; b++, input += op->depth) {
        const int8_t *weights = features;
        for (size_t f = 0; f < op->filters; f++, at += op->steps) {
            int32_t sum = 0;
            for (size_t i = 0; i < op->depth; i++) {
                sum += *weights++ * (input[i] - op->input_zero_point);
            }
            sum = int8_rescale(sum, op->feature.multiplier, op->feature.shift);
            sum = sum < -max - 1 ? -max - 1 : sum > max ? max : sum;
            put(states, at, wide, op->state_zero_point + sum);
        }
    }
}

// TFLite sums in 32 bits, which some models' numbers leave; here they are clamped at the end.
void int8_svdf(const int8_svdf_t *op, size_t batches, const int8_t *input, const int8_t *features,
    const void *times, const int32_t *biases, void *states, int8_t *output) {
    new_step(op, batches, input, features, states);
    size_t state = 0;
    for (size_t b = 0; b < batches; b++) {
        size_t time = 0;
        for (size_t unit = 0; unit < op->filters / op->rank; unit++) {
            int64_t sum = biases[unit];
            for (size_t end = time + op->rank * op->steps; time < end; time++, state++) {
                sum += (int64_t)value_at(times, time, op->wide)
                    * (value_at(states, state, op->wide) - op->state_zero_point);
            }
            sum = sum < -INT8_SVDF_MOST ? -INT8_SVDF_MOST : sum > INT8_SVDF_MOST ? INT8_SVDF_MOST : sum;
            int32_t scaled = int8_rescale((int32_t)sum, op->time.multiplier, op->time.shift);
            *output++ = int8_clamp(op->output_zero_point + scaled, INT8_MIN, INT8_MAX);
        }
    }
}
