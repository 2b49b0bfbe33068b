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

// The products of `count` values with weights that are `step` apart.
static int64_t dot(const int16_t *values, const int8_t *weights, size_t count, size_t step) {
    int64_t sum = 0;
    while (count > 0) {
        size_t some = count < MOST ? count : MOST;
        int32_t part = 0;
        for (size_t i = 0; i < some; i++, weights += step) {
            part += values[i] * *weights;
        }
        values += some;
        count -= some;
        sum += part;
    }
    return sum;
}

// How weights lie, those of an output channel and those of a tap one behind the other.
typedef struct _steps_t {
    size_t channel, tap, value; // from one to the next
    size_t pixel; // of the image
} steps_t;

// What one output channel gets from the window at `top` and `left`, whose image begins with the first
// channel of its group.
static int64_t sum_of(const int16_conv_2d_t *op, const steps_t *steps, const int16_t *image,
    const int8_t *weights, int32_t top, int32_t left) {
    const int8_window_t *window = &op->window;
    int64_t sum = 0;
    int32_t y = top;
    for (int32_t row = 0; row < window->height; row++, y += window->dilation_height) {
        int32_t x = left;
        for (int32_t column = 0; column < window->width; column++, x += window->dilation_width) {
            if (y >= 0 && y < window->in_height && x >= 0 && x < window->in_width) {
                size_t pixel = (size_t)y * window->in_width + (size_t)x;
                sum += dot(image + pixel * steps->pixel, weights, op->in_depth, steps->value);
            }
            weights += steps->tap;
        }
    }
    return sum;
}

void int16_conv_2d(const int16_conv_2d_t *op, size_t batches, const int16_t *input,
    const int8_t *weights, const int16_bias_t *biases, int16_t *output) {
    const int8_window_t *window = &op->window;
    size_t taps = (size_t)window->height * window->width;
    size_t each = op->out_depth / op->groups;
    steps_t steps = { taps * op->in_depth, op->in_depth, 1, (size_t)op->in_depth * op->groups };
    if (op->depthwise) {
        steps.channel = 1, steps.tap = steps.value = op->out_depth;
    }
    size_t places = batches * window->out_height * window->out_width;
    int32_t row = 0, column = 0;
    for (; places > 0; places--) {
        const int16_t *group = input;
        size_t end = each;
        for (size_t c = 0; c < op->out_depth; c++) {
            if (c == end) {
                group += op->in_depth, end += each;
            }
            int64_t sum = biases[c] + sum_of(op, &steps, group, weights + c * steps.channel,
                row * window->stride_height - window->pad_top,
                column * window->stride_width - window->pad_left);
            *output++ = output_of(sum, &op->factors[c], &op->range);
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
            int64_t sum = dot(input, weights + c * op->in_depth, op->in_depth, 1);
            *output++ = output_of(biases == NULL ? sum : biases[c] + sum, &op->factors[c * op->step], &op->range);
        }
    }
}
