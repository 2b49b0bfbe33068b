// A window of 3x3 slides along the rows of each channel: nine values of the input stay in
// registers, and three more are loaded for each output. The zero point is folded into the bias
// as in conv_2d_packed.c, with no limit to the weights; in the place of rows above and below the
// image one is read that holds nothing else.

#include "conv_3x3.h"
#include "rescale.h"

#define MAX_SUMS (128) // kept of a channel, unless a row has more

static bool fits(const int8_window_t *window) {
    return window->height == 3 && window->width == 3 && window->dilation_height == 1
           && window->dilation_width == 1 && window->stride_width <= 2 && window->pad_left <= 1;
}

static size_t depth_of(const int8_conv_3x3_t *op) {
    return op->in_depth * op->multiplier;
}

bool int8_conv_3x3_prepare(const int8_conv_3x3_t *op, const int8_t *weights) {
    if (!fits(op->window) || !int8_can_fold(&op->channels, depth_of(op))) {
        return false;
    }
    for (size_t c = 0; c < depth_of(op); c++, weights += op->layout.channel) {
        int32_t sum = 0;
        for (size_t i = 0; i < 9; i++) {
            sum += weights[i * op->layout.tap];
        }
        int8_fold(&op->channels, c, op->input_zero_point * sum);
    }
    return true;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

// How many rows of sums are turned into outputs together.
static size_t rows_at_once(const int8_window_t *window) {
    size_t rows = MAX_SUMS / window->out_width;
    return rows < 1 ? 1 : smaller(rows, window->out_height);
}

size_t int8_conv_3x3_scratch(const int8_window_t *window, size_t in_depth) {
    size_t row = (window->in_width * in_depth + 3) / 4 * 4;
    size_t sums = rows_at_once(window) * window->out_width;
    return fits(window) ? sums * sizeof(int32_t) + row : 0;
}

// The next column of the input into three variables.
#define COLUMN(a, b, c) \
    if (row0 != last) { \
        a = *row0, b = *row1, c = *row2; \
        row0 += step, row1 += step, row2 += step; \
    } else { \
        a = zero, b = zero, c = zero; \
    }

// One output. The columns of its window are a, b and c.
#define OUTPUT(a, b, c) \
    *sums++ = bias + a##0 * w0 + b##0 * w1 + c##0 * w2 + a##1 * w3 + b##1 * w4 + c##1 * w5 \
        + a##2 * w6 + b##2 * w7 + c##2 * w8; \
    if (sums == end) { \
        goto next_row; \
    }

// Where a channel of the image begins, and a row to take for those above and below the image.
typedef struct _plane_t {
    const int8_t *values, *outside;
    size_t step, row; // from one column to the next, from one row to the next
} plane_t;

static inline const int8_t *row_of(const plane_t *plane, int32_t y, int32_t height) {
    return y >= 0 && y < height ? plane->values + (size_t)y * plane->row : plane->outside;
}

// The sums of some rows of outputs, bias included. The first one's window begins in row `top`.
__attribute__((noinline)) static void slide(const int8_conv_3x3_t *op, const plane_t *plane,
    int32_t top, size_t rows, const int8_t *w, int32_t bias, int32_t *sums) {
    const int8_window_t *window = op->window;
    const size_t tap = op->layout.tap, step = plane->step;
    const int32_t zero = op->input_zero_point;
    const int32_t w0 = *w, w1 = *(w += tap), w2 = *(w += tap), w3 = *(w += tap), w4 = *(w += tap),
        w5 = *(w += tap), w6 = *(w += tap), w7 = *(w += tap), w8 = *(w += tap);
    for (; rows > 0; rows--, top += window->stride_height) {
        const int8_t *row0, *row1, *row2;
        if (top >= 0 && top + 3 <= window->in_height) {
            row0 = plane->values + (size_t)top * plane->row;
            row1 = row0 + plane->row, row2 = row1 + plane->row;
        } else {
            row0 = row_of(plane, top, window->in_height);
            row1 = row_of(plane, top + 1, window->in_height);
            row2 = row_of(plane, top + 2, window->in_height);
        }
        const int8_t *last = row0 + window->in_width * step;
        const int32_t *end = sums + window->out_width;
        int32_t a0 = zero, a1 = zero, a2 = zero, b0, b1, b2, c0, c1, c2;
        if (window->pad_left == 0) {
            COLUMN(a0, a1, a2)
        }
        if (window->stride_width == 1) {
            COLUMN(b0, b1, b2)
            for (;;) {
                COLUMN(c0, c1, c2)
                OUTPUT(a, b, c)
                COLUMN(a0, a1, a2)
                OUTPUT(b, c, a)
                COLUMN(b0, b1, b2)
                OUTPUT(c, a, b)
            }
        }
        for (;;) {
            COLUMN(b0, b1, b2)
            COLUMN(c0, c1, c2)
            OUTPUT(a, b, c)
            COLUMN(b0, b1, b2)
            COLUMN(a0, a1, a2)
            OUTPUT(c, b, a)
        }
    next_row:;
    }
}

// The outputs of a channel from the sums up to `end`.
static int8_t *put(const int8_conv_3x3_t *op, size_t channel, const int32_t *sums,
    const int32_t *end, int8_t *output) {
    const size_t depth = depth_of(op);
    const uint32_t twice = (uint32_t)op->channels.factors[channel].multiplier;
    const int32_t exponent = op->channels.shifts[channel], shift = exponent + 1;
    const int32_t min = op->range.min, max = op->range.max;
    const int32_t rounding = int8_rounding(op->range.zero_point, exponent);
    const int32_t zero = rounding >> shift;
    if (min == op->range.zero_point) {
        for (; sums != end; sums++, output += depth) {
            int32_t sum = *sums, found = zero;
            if (sum > 0) {
                found = (int8_multiply(sum, twice) + rounding) >> shift;
                found = found > max ? max : found;
            }
            *output = (int8_t)found;
        }
        return output;
    }
    for (; sums != end; sums++, output += depth) {
        int32_t value = int8_multiply(*sums, twice);
        *output = int8_clamp((value + (value >> 31) + rounding) >> shift, min, max);
    }
    return output;
}

void int8_conv_3x3(const int8_conv_3x3_t *op, const int8_t *image, const int8_t *weights,
    int8_t *output, void *scratch) {
    const int8_window_t *window = op->window;
    size_t depth = depth_of(op), at_once = rows_at_once(window);
    int32_t *sums = scratch;
    uint32_t *outside = (uint32_t *)(sums + at_once * window->out_width);
    plane_t plane = {
        NULL, (const int8_t *)outside, op->in_depth, window->in_width * op->in_depth,
    };
    for (size_t i = 0; i < (plane.row + 3) / 4; i++) {
        outside[i] = (uint8_t)op->input_zero_point * UINT32_C(0x01010101);
    }
    for (size_t c = 0; c < depth; c++, weights += op->layout.channel) {
        int8_t *to = output + c;
        int32_t top = -window->pad_top;
        plane.values = image + c / op->multiplier;
        for (size_t left = window->out_height, some; left > 0; left -= some) {
            some = smaller(at_once, left);
            slide(op, &plane, top, some, weights, op->channels.factors[c].bias, sums);
            to = put(op, c, sums, sums + some * window->out_width, to);
            top += (int32_t)some * window->stride_height;
        }
    }
}
