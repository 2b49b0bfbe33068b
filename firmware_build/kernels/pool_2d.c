// MAX_POOL_2D and AVERAGE_POOL_2D.

#include "rescale.h"

// What of a window is in the image. It is never empty.
typedef struct _part_t {
    int32_t top, left, height, width;
} part_t;

static int32_t larger(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static part_t part_of(const int8_window_t *window, int32_t y, int32_t x) {
    int32_t top = y * window->stride_height - window->pad_top;
    int32_t left = x * window->stride_width - window->pad_left;
    int32_t bottom = smaller(top + window->height, window->in_height);
    int32_t right = smaller(left + window->width, window->in_width);
    top = larger(top, 0);
    left = larger(left, 0);
    return (part_t) { top, left, bottom - top, right - left };
}

typedef void (*pool_t)(const int8_pool_2d_t *op, const int8_t *input, const part_t *part,
    int8_t *output);

static void pool_images(const int8_pool_2d_t *op, size_t batches, const int8_t *input,
    int8_t *output, pool_t pool) {
    const int8_window_t *window = &op->window;
    for (; batches > 0; batches--) {
        for (int32_t y = 0; y < window->out_height; y++) {
            for (int32_t x = 0; x < window->out_width; x++, output += op->depth) {
                part_t part = part_of(window, y, x);
                size_t first = (size_t)part.top * window->in_width + (size_t)part.left;
                pool(op, input + first * op->depth, &part, output);
            }
        }
        input += (size_t)window->in_height * window->in_width * op->depth;
    }
}

// Most windows are 2x2.
static void largest_of_four(const int8_pool_2d_t *op, const int8_t *input, int8_t *output) {
    const int8_t *below = input + (size_t)op->window.in_width * op->depth;
    const int8_t *right = input + op->depth, *below_right = below + op->depth;
    for (const int8_t *end = right; input != end;) {
        *output++ = (int8_t)larger(larger(*input++, *right++), larger(*below++, *below_right++));
    }
}

// One tap of the window at a time, all channels of it.
static void largest_of_any(const int8_pool_2d_t *op, const int8_t *input, const part_t *part,
    int8_t *output) {
    size_t next = (size_t)(op->window.in_width - part->width) * op->depth;
    const int8_t *end = output + op->depth;
    for (int8_t *to = output; to != end; to++) {
        *to = INT8_MIN;
    }
    for (int32_t rows = part->height; rows > 0; rows--, input += next) {
        for (int32_t columns = part->width; columns > 0; columns--) {
            for (int8_t *to = output; to != end; to++, input++) {
                if (*input > *to) {
                    *to = *input;
                }
            }
        }
    }
}

static void largest(const int8_pool_2d_t *op, const int8_t *input, const part_t *part,
    int8_t *output) {
    if (part->height == 2 && part->width == 2) {
        largest_of_four(op, input, output);
    } else {
        largest_of_any(op, input, part, output);
    }
    if (op->range.min > INT8_MIN || op->range.max < INT8_MAX) {
        for (int8_t *end = output + op->depth; output != end; output++) {
            *output = int8_clamp(*output, op->range.min, op->range.max);
        }
    }
}

static void average(const int8_pool_2d_t *op, const int8_t *input, const part_t *part,
    int8_t *output) {
    size_t next = (size_t)(op->window.in_width - part->width) * op->depth;
    int32_t count = part->height * part->width;
    for (const int8_t *end = input + op->depth; input != end; input++) {
        const int8_t *x = input;
        int32_t sum = 0;
        for (int32_t rows = part->height; rows > 0; rows--, x += next) {
            for (int32_t columns = part->width; columns > 0; columns--, x += op->depth) {
                sum += *x;
            }
        }
        // Half away from zero.
        sum = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
        *output++ = int8_clamp(sum, op->range.min, op->range.max);
    }
}

void int8_max_pool_2d(const int8_pool_2d_t *op, size_t batches, const int8_t *input,
    int8_t *output) {
    pool_images(op, batches, input, output, largest);
}

void int8_average_pool_2d(const int8_pool_2d_t *op, size_t batches, const int8_t *input,
    int8_t *output) {
    pool_images(op, batches, input, output, average);
}
