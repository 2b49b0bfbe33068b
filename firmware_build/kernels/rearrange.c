// SLICE and TRANSPOSE, which move values whatever they mean.

#include "kernels.h"

#define MAX_RANK (6)

// A row of `count` parts of `bytes` bytes, `step` bytes apart.
static uint8_t *copy_row(const uint8_t *restrict from, size_t step, size_t count, size_t bytes,
    uint8_t *restrict to) {
    if (bytes == 1) {
        for (; count > 0; count--, from += step) {
            *to++ = *from;
        }
        return to;
    }
    for (; count > 0; count--, from += step) {
        for (size_t i = 0; i < bytes; i++) {
            *to++ = from[i];
        }
    }
    return to;
}

void int8_rearrange(const int *dims, const size_t *steps, int rank, size_t size, const void *input,
    void *output) {
    const uint8_t *from = input;
    uint8_t *to = output;
    int at[MAX_RANK] = { 0 };
    // What lies in the input as it will in the output is one value.
    while (rank > 0 && steps[rank - 1] == size) {
        size *= (size_t)dims[--rank];
    }
    int last = rank - 1;
    for (int i = 0; i >= 0;) {
        to = copy_row(from, rank > 0 ? steps[last] : 0, rank > 0 ? (size_t)dims[last] : 1, size, to);
        for (i = last - 1; i >= 0; i--) {
            from += steps[i];
            if (++at[i] < dims[i]) {
                break;
            }
            from -= (size_t)dims[i] * steps[i];
            at[i] = 0;
        }
    }
}
