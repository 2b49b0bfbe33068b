#include "dot.h"

#define ADD(i) { \
        int32_t value = x[i] - zero; \
        sum0 += value * w0[i]; \
        sum1 += value * w1[i]; \
        sum2 += value * w2[i]; \
        sum3 += value * w3[i]; \
}

void int8_dot_4(const int8_t *x, int32_t zero, const int8_t *weights, size_t row, size_t count,
    int32_t *sums) {
    const int8_t *w0 = weights, *w1 = w0 + row, *w2 = w1 + row, *w3 = w2 + row;
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    for (; count >= 4; count -= 4) {
        ADD(0) ADD(1) ADD(2) ADD(3)
        x += 4, w0 += 4, w1 += 4, w2 += 4, w3 += 4;
    }
    for (size_t i = 0; i < count; i++) {
        ADD(i)
    }
    sums[0] = sum0, sums[1] = sum1, sums[2] = sum2, sums[3] = sum3;
}

int32_t int8_dot(const int8_t *x, int32_t zero, const int8_t *weights, size_t count) {
    int32_t sum = 0;
    for (; count >= 4; count -= 4, x += 4, weights += 4) {
        sum += (x[0] - zero) * weights[0] + (x[1] - zero) * weights[1]
            + (x[2] - zero) * weights[2] + (x[3] - zero) * weights[3];
    }
    for (size_t i = 0; i < count; i++) {
        sum += (x[i] - zero) * weights[i];
    }
    return sum;
}
