// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of values with 16 bits.

#include "int16.h"

// So many products of 16 by 8 bits fit into 32.
#define MOST (256)

int16_factor_t int16_factor(int32_t multiplier, int shift) {
    int32_t rounded = multiplier < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
    return (int16_factor_t) { (int16_t)rounded, (uint8_t)(15 - shift) };
}

// What of a sum is within a range.
static int16_t output_of(int64_t sum, const int16_factor_t *factor, const int16_range_t *range) {
    int64_t scaled = (sum * factor->multiplier + (INT64_C(1) << (factor->shift - 1))) >> factor->shift;
    scaled = scaled < range->min ? range->min : scaled;
    return (int16_t)(scaled > range->max ? range->max : scaled);
}

// The products of `count` values and weights, that are so far apart.
static int64_t dot(const int16_t *values, size_t value_step, const int8_t *weights, size_t weight_step,
    size_t count) {
    int64_t sum = 0;
    while (count > 0) {
        size_t some = count < MOST ? count : MOST;
        int32_t part = 0;
        count -= some;
        for (; some > 0; some--, values += value_step, weights += weight_step) {
            part += *values * *weights;
        }
        sum += part;
    }
    return sum;
}

// How values and weights lie: from one output channel to the next, from one tap to the next, from one
// pixel of the image to the next.
typedef struct _steps_t {
    size_t channel, tap, pixel;
    bool one_run; // the values below a row of the window lie one behind the other
} steps_t;

// Taps first to end - 1 of a side of the window that are in the image, if its first one is at `start`.
typedef struct _part_t {
    int32_t start, first, end;
} part_t;

static part_t part_of(int32_t start, int32_t size, int32_t taps, int32_t dilation) {
    part_t part = { start, 0, taps };
    if (start < 0) {
        part.first = (dilation - 1 - start) / dilation;
    }
    if (start + (taps - 1) * dilation >= size) {
        part.end = start < size ? (size - start + dilation - 1) / dilation : 0;
    }
    part.end = part.end < part.first ? part.first : part.end;
    return part;
}

// What one output channel gets from these rows and columns of its window. The image begins with the
// first channel of its group.
static int64_t sum_of(const int16_conv_2d_t *op, const steps_t *steps, const part_t *rows,
    const part_t *columns, const int16_t *image, const int8_t *weights) {
    const int8_window_t *window = &op->window;
    size_t count = (size_t)(columns->end - columns->first), next = steps->pixel * window->dilation_width;
    size_t column = (size_t)(columns->start + columns->first * window->dilation_width);
    int64_t sum = 0;
    for (int32_t row = rows->first; row < rows->end && count > 0; row++) {
        size_t y = (size_t)(rows->start + row * window->dilation_height);
        const int16_t *x = image + (y * window->in_width + column) * steps->pixel;
        const int8_t *w = weights + (size_t)(row * window->width + columns->first) * steps->tap;
        if (op->in_depth == 1) {
            sum += dot(x, next, w, steps->tap, count);
        } else if (steps->one_run) {
            sum += dot(x, 1, w, 1, count * op->in_depth);
        } else {
            for (size_t n = count; n > 0; n--, x += next, w += steps->tap) {
                sum += dot(x, 1, w, 1, op->in_depth);
            }
        }
    }
    return sum;
}

void int16_conv_2d(const int16_conv_2d_t *op, size_t batches, const int16_t *input,
    const int8_t *weights, const int16_bias_t *biases, int16_t *output) {
    const int8_window_t *window = &op->window;
    size_t taps = (size_t)window->height * window->width;
    size_t each = op->out_depth / op->groups;
    steps_t steps = { taps * op->in_depth, op->in_depth, (size_t)op->in_depth * op->groups,
                      op->groups == 1 && window->dilation_width == 1 };
    if (op->depthwise) {
        steps.channel = 1, steps.tap = op->out_depth;
    }
    size_t places = batches * window->out_height * window->out_width;
    int32_t row = 0, column = 0;
    for (; places > 0; places--) {
        part_t rows = part_of(row * window->stride_height - window->pad_top, window->in_height,
            window->height, window->dilation_height);
        part_t columns = part_of(column * window->stride_width - window->pad_left, window->in_width,
            window->width, window->dilation_width);
        const int16_t *group = input;
        size_t end = each;
        for (size_t c = 0; c < op->out_depth; c++) {
            if (c == end) {
                group += op->in_depth, end += each;
            }
            int64_t sum = sum_of(op, &steps, &rows, &columns, group, weights + c * steps.channel);
            *output++ = output_of(biases[c] + sum, &op->factors[c], &op->range);
        }
        if (++column == window->out_width) {
            column = 0;
            if (++row == window->out_height) {
                row = 0;
                input += (size_t)window->in_height * window->in_width * steps.pixel;
            }
        }
    }
}

void int16_fully_connected(const int16_fully_connected_t *op, size_t batches, const int16_t *input,
    const int8_t *weights, const int16_bias_t *biases, int16_t *output) {
    for (; batches > 0; batches--, input += op->in_depth) {
        for (size_t c = 0; c < op->out_depth; c++) {
            int64_t sum = dot(input, 1, weights + c * op->in_depth, 1, op->in_depth);
            *output++ = output_of(biases == NULL ? sum : biases[c] + sum, &op->factors[c * op->step], &op->range);
        }
    }
}
