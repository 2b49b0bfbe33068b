// SOFTMAX and LOGISTIC.

#include "exp.h"

// e**-distance, in the way of a softmax.
static int32_t exp_of(const int8_softmax_t *op, uint32_t distance) {
    uint32_t shifted = 0 - (distance << op->factor.shift);
    return int8_exp(int8_multiply((int32_t)shifted, (uint32_t)op->factor.multiplier * 2), 26);
}

void int8_softmax(const int8_softmax_t *op, size_t rows, size_t depth, const int8_t *input,
    int8_t *output) {
    const uint32_t furthest = 0 - (uint32_t)op->least;
    for (; rows > 0; rows--, input += depth, output += depth) {
        int32_t largest = INT8_MIN;
        for (size_t i = 0; i < depth; i++) {
            largest = input[i] > largest ? input[i] : largest;
        }
        // Python may write to the input meanwhile. What is larger by now is too far away, as an
        // unsigned number, and the sum may be 0.
        uint32_t sum = 0; // in 1/2**19, and at least 1
        for (size_t i = 0; i < depth; i++) {
            uint32_t distance = (uint32_t)(largest - input[i]);
            if (distance <= furthest) {
                sum += ((uint32_t)exp_of(op, distance) + (1 << 11)) >> 12;
            }
        }
        int bits = 35;
        sum = sum > 0 ? sum : 1;
        for (; sum >> 31 == 0; sum <<= 1) {
            bits--;
        }
        uint32_t twice = (uint32_t)int8_reciprocal((int32_t)(sum & INT32_MAX)) * 2;
        for (size_t i = 0; i < depth; i++) {
            uint32_t distance = (uint32_t)(largest - input[i]);
            uint32_t part = 0;
            if (distance <= furthest) {
                part = (uint32_t)int8_multiply(exp_of(op, distance), twice);
                part = (part + (UINT32_C(1) << (bits - 1))) >> bits;
            }
            output[i] = (int8_t)(part > UINT8_MAX ? INT8_MAX : (int32_t)part + INT8_MIN);
        }
    }
}

// 1 / (1 + e**-x).
static uint32_t logistic_of(int32_t x) {
    int32_t of_magnitude = int8_reciprocal(int8_exp(x < 0 ? x : -x, 27));
    return (uint32_t)(x < 0 ? INT32_MAX - of_magnitude : of_magnitude);
}

void int8_logistic(const int8_logistic_t *op, size_t count, const int8_t *input, int8_t *output) {
    for (size_t i = 0; i < count; i++) {
        int32_t x = input[i] - op->input_zero_point;
        if (x <= -op->radius) {
            output[i] = INT8_MIN;
        } else if (x >= op->radius) {
            output[i] = INT8_MAX;
        } else {
            int32_t scaled = int8_multiply((int32_t)((uint32_t)x << op->factor.shift),
                (uint32_t)op->factor.multiplier * 2);
            int32_t part = (int32_t)((logistic_of(scaled) + (1 << 22)) >> 23);
            output[i] = (int8_t)(part > UINT8_MAX ? INT8_MAX : part + INT8_MIN);
        }
    }
}
