// MEAN.

#include "rescale.h"

void int8_part_axes(const int *dims, int rank, unsigned reduced, int8_axes_t *kept,
    int8_axes_t *gone) {
    uint32_t step = 1;
    const int8_axes_t *before = NULL;
    kept->count = gone->count = 0;
    for (int i = rank - 1; i >= 0; i--) {
        uint32_t size = (uint32_t)dims[i];
        if (size == 1) {
            continue;
        }
        int8_axes_t *axes = (reduced >> i & 1) != 0 ? gone : kept;
        if (axes == before) {
            axes->axes[axes->count - 1].size *= size;
        } else {
            axes->axes[axes->count].size = size;
            axes->axes[axes->count].step = step;
            axes->count++;
        }
        before = axes;
        step *= size;
    }
}

size_t int8_axes_values(const int8_axes_t *axes) {
    size_t values = 1;
    for (unsigned i = 0; i < axes->count; i++) {
        values *= axes->axes[i].size;
    }
    return values;
}

size_t int8_axes_offset(const int8_axes_t *axes, size_t i) {
    size_t offset = 0;
    for (unsigned n = 0; n < axes->count; n++) {
        offset += i % axes->axes[n].size * axes->axes[n].step;
        i /= axes->axes[n].size;
    }
    return offset;
}

// 2**shift is the power of two below the number of values. The quotient is found bit by bit: its
// dividend has up to 53.
void int8_mean_prepare(int8_mean_t *op, uint32_t count) {
    int shift = 0;
    while (count >> shift > 1) {
        shift++;
    }
    if (shift > 31 + op->factor.shift) {
        shift = 31 + op->factor.shift;
    }
    uint32_t quotient = (uint32_t)op->factor.multiplier / count;
    uint32_t rest = (uint32_t)op->factor.multiplier % count;
    for (int i = 0; i < shift; i++) {
        quotient *= 2;
        rest *= 2;
        if (rest >= count) {
            rest -= count;
            quotient++;
        }
    }
    op->factor.multiplier = (int32_t)quotient;
    op->factor.shift = (int8_t)(op->factor.shift - shift);
}

void int8_mean(const int8_mean_t *op, const int *dims, int rank, const int8_t *input,
    int8_t *output) {
    int8_axes_t kept, gone;
    int8_part_axes(dims, rank, op->reduced, &kept, &gone);
    size_t outputs = int8_axes_values(&kept), values = int8_axes_values(&gone);
    size_t size = gone.count > 0 ? gone.axes[0].size : 1, step = gone.count > 0 ? gone.axes[0].step : 1;
    for (size_t i = 0; i < outputs; i++) {
        const int8_t *at = input + int8_axes_offset(&kept, i);
        int32_t sum = -op->input_zero_point * (int32_t)values;
        for (size_t n = 0; n < values; n += size) {
            const int8_t *x = at + int8_axes_offset(&gone, n);
            for (const int8_t *end = x + size * step; x != end; x += step) {
                sum += *x;
            }
        }
        sum = int8_rescale(sum, op->factor.multiplier, op->factor.shift) + op->output_zero_point;
        output[i] = int8_clamp(sum, INT8_MIN, INT8_MAX);
    }
}
