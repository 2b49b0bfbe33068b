// Sums of products of one run of inputs and four rows of weights.

#ifndef INT8_DOT_H
#define INT8_DOT_H

#include "kernels.h"

// sums[n] += sum((x[i] - zero) * weights[n * row + i]) for i < count, n < 4.
void int8_dot_4(const int8_t *x, int32_t zero, const int8_t *weights, size_t row, size_t count,
    int32_t *sums);

// The same for one row.
int32_t int8_dot(const int8_t *x, int32_t zero, const int8_t *weights, size_t count);

#endif // INT8_DOT_H
