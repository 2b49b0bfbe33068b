// PAD and CONCATENATION, which move bytes whatever they mean.

#include "kernels.h"

#define MAX_RANK (6)

typedef struct _pad_t {
    const int *dims;
    const int32_t *paddings;
    int last; // dimension; those behind it have no padding, and are part of its values
    size_t bytes[MAX_RANK]; // of one value of a dimension, in the output
    size_t size;
    const uint8_t *value;
    const uint8_t *input;
    uint8_t *output;
} pad_t;

static void fill(pad_t *pad, size_t bytes) {
    uint8_t *to = pad->output, *end = pad->output = to + bytes;
    if (pad->size == 1) {
        for (uint8_t value = *pad->value; to != end;) {
            *to++ = value;
        }
        return;
    }
    while (to != end) {
        for (size_t i = 0; i < pad->size; i++) {
            *to++ = pad->value[i];
        }
    }
}

static void copy(const uint8_t *restrict from, uint8_t *restrict to, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
}

// Input and output are met in the order in which they lie.
static void pad_axis(pad_t *pad, int axis) {
    fill(pad, (size_t)pad->paddings[2 * axis] * pad->bytes[axis]);
    if (axis < pad->last) {
        for (int i = pad->dims[axis]; i > 0; i--) {
            pad_axis(pad, axis + 1);
        }
    } else {
        size_t bytes = (size_t)pad->dims[axis] * pad->bytes[axis];
        copy(pad->input, pad->output, bytes);
        pad->input += bytes;
        pad->output += bytes;
    }
    fill(pad, (size_t)pad->paddings[2 * axis + 1] * pad->bytes[axis]);
}

void int8_pad(const int *dims, int rank, const int32_t *paddings, size_t size, const void *value,
    const void *input, void *output) {
    pad_t pad = { dims, paddings, rank - 1, { 0 }, size, value, input, output };
    size_t bytes = size;
    for (int i = rank - 1; i >= 0; i--) {
        pad.bytes[i] = bytes;
        bytes *= (size_t)(dims[i] + paddings[2 * i] + paddings[2 * i + 1]);
        if (i > 0 && bytes == pad.bytes[i] * (size_t)dims[i] && pad.last == i) {
            pad.last--;
        }
    }
    pad_axis(&pad, 0);
}

void int8_copy_rows(const void *input, size_t bytes, size_t rows, void *output, size_t step) {
    const uint8_t *from = input;
    uint8_t *to = output;
    for (; rows > 0; rows--, from += bytes, to += step) {
        copy(from, to, bytes);
    }
}
