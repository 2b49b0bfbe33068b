// DEPTHWISE_CONV_2D.
//
// Three ways, chosen when the model is loaded:
//
// - Of an image with one channel it is a convolution, and computed as one, from weights that
//   each run puts into the order of a convolution's.
// - A window of 3x3 slides along the rows of each channel: nine values of the input stay in
//   registers, and three more are loaded for each output. The zero point is folded into the
//   bias as in conv_2d.c.
// - Any other goes output by output, four channels at a time if there is one output for each.

#include "rescale.h"

enum { WAY_ANY, WAY_3X3, WAY_CONVOLUTION };

#define MAX_TURNED (4096) // bytes of weights in another order
#define MAX_SUMS (64) // kept of a channel, unless a row has more

static size_t depth_of(const int8_depthwise_conv_2d_t *op) {
    return (size_t)op->in_depth * op->multiplier;
}

static size_t taps_of(const int8_depthwise_conv_2d_t *op) {
    return (size_t)op->window.height * op->window.width;
}

static int8_conv_2d_t convolution(const int8_depthwise_conv_2d_t *op) {
    return (int8_conv_2d_t) {
        op->window, op->in_depth, op->multiplier, op->input_zero_point, op->range, true, op->channels,
    };
}

static bool of_one_channel(const int8_depthwise_conv_2d_t *op) {
    return op->in_depth == 1 && taps_of(op) * depth_of(op) <= MAX_TURNED;
}

static bool of_3x3(const int8_window_t *window) {
    return window->height == 3 && window->width == 3 && window->dilation_height == 1
           && window->dilation_width == 1 && window->stride_width <= 2;
}

void int8_depthwise_conv_2d_prepare(int8_depthwise_conv_2d_t *op, const int8_t *weights) {
    op->way = WAY_ANY;
    if (weights == NULL) {
        return;
    }
    if (of_one_channel(op)) {
        int8_conv_2d_t conv = convolution(op);
        int8_conv_2d_prepare_transposed(&conv, weights);
        op->way = conv.packed ? WAY_CONVOLUTION : WAY_ANY;
    } else if (of_3x3(&op->window) && int8_can_fold(&op->channels, depth_of(op))) {
        op->way = WAY_3X3;
        for (size_t c = 0; c < depth_of(op); c++) {
            int32_t sum = 0;
            for (size_t i = 0; i < 9; i++) {
                sum += weights[i * depth_of(op) + c];
            }
            int8_fold(&op->channels, c, op->input_zero_point * sum);
        }
    }
}

static size_t turned_size(const int8_depthwise_conv_2d_t *op) {
    return (taps_of(op) * depth_of(op) + 3) / 4 * 4;
}

// How many rows of sums are turned into outputs together.
static size_t rows_at_once(const int8_window_t *window) {
    size_t rows = MAX_SUMS / window->out_width;
    return rows < 1 ? 1 : rows > window->out_height ? window->out_height : rows;
}

size_t int8_depthwise_conv_2d_scratch(const int8_depthwise_conv_2d_t *op) {
    if (of_one_channel(op)) {
        int8_conv_2d_t conv = convolution(op);
        return turned_size(op) + int8_conv_2d_scratch(&conv);
    }
    return of_3x3(&op->window) ? rows_at_once(&op->window) * op->window.out_width * sizeof(int32_t) : 0;
}

// As a convolution ------------------------------------------------------------------

static void as_convolution(const int8_depthwise_conv_2d_t *op, size_t batches, const int8_t *input,
    const int8_t *weights, int8_t *output, void *scratch) {
    int8_conv_2d_t conv = convolution(op);
    int8_t *turned = scratch;
    size_t taps = taps_of(op), depth = depth_of(op);
    for (size_t c = 0; c < depth; c++) {
        for (size_t i = 0; i < taps; i++) {
            *turned++ = weights[i * depth + c];
        }
    }
    int8_conv_2d(&conv, batches, input, scratch, output, (uint8_t *)scratch + turned_size(op));
}

// 3x3 -------------------------------------------------------------------------------

// A channel of an image.
typedef struct _plane_t {
    const int8_t *values;
    size_t depth; // from one column to the next
} plane_t;

typedef struct _filter_t {
    int32_t bias;
    int32_t weights[9];
} filter_t;

static filter_t filter_of(const int8_depthwise_conv_2d_t *op, const int8_t *weights, size_t channel) {
    filter_t filter;
    filter.bias = op->channels.factors[channel].bias;
    weights += channel;
    for (int i = 0; i < 9; i++, weights += depth_of(op)) {
        filter.weights[i] = *weights;
    }
    return filter;
}

// Count nothing for a row of the window that is outside: its weights become 0, and what the zero
// point made of them is taken out of the bias.
static void leave_out(filter_t *filter, int32_t row, int32_t zero) {
    int32_t *weights = filter->weights + 3 * row;
    filter->bias += zero * (weights[0] + weights[1] + weights[2]);
    weights[0] = weights[1] = weights[2] = 0;
}

// The next column of the input into three variables.
#define COLUMN(a, b, c) \
    if (left++ < width) { \
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
        return; \
    }

// The sums of a row of outputs, bias included, from three rows of the input at its first column.
static void slide(const int8_window_t *window, size_t step, const int8_t *row0, const int8_t *row1,
    const int8_t *row2, const filter_t *filter, int32_t zero, int32_t *sums) {
    const int32_t *w = filter->weights;
    const int32_t w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w5 = w[5], w6 = w[6],
        w7 = w[7], w8 = w[8], bias = filter->bias;
    const uint32_t width = window->in_width;
    const int32_t *end = sums + window->out_width;
    uint32_t left = 0u - window->pad_left; // of the image, modulo 2**32
    int32_t a0, a1, a2, b0, b1, b2, c0, c1, c2;
    COLUMN(a0, a1, a2)
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
}

// The outputs of a channel from the sums up to `end`.
static int8_t *put(const int8_depthwise_conv_2d_t *op, size_t channel, const int32_t *sums,
    const int32_t *end, int8_t *output) {
    size_t depth = depth_of(op);
    uint32_t twice = (uint32_t)op->channels.factors[channel].multiplier;
    int exponent = op->channels.shifts[channel];
    int32_t zero = op->range.zero_point, min = op->range.min, max = op->range.max;
    if (min == zero) {
        for (; sums != end; sums++, output += depth) {
            *output = (int8_t)int8_relu(*sums, twice, exponent, zero, max);
        }
        return output;
    }
    for (; sums != end; sums++, output += depth) {
        *output = int8_clamp(int8_halve(int8_multiply(*sums, twice), exponent) + zero, min, max);
    }
    return output;
}

static void by_3x3(const int8_depthwise_conv_2d_t *op, const int8_t *image, const int8_t *weights,
    int8_t *output, int32_t *sums) {
    const int8_window_t *window = &op->window;
    size_t depth = depth_of(op), step = op->in_depth, row = window->in_width * step;
    int32_t *full = sums + rows_at_once(window) * window->out_width;
    for (size_t c = 0; c < depth; c++) {
        const int8_t *values = image + c / op->multiplier;
        int8_t *to = output + c;
        int32_t *next = sums;
        filter_t whole = filter_of(op, weights, c);
        int32_t top = -window->pad_top;
        for (size_t y = window->out_height; y > 0; y--, top += window->stride_height) {
            filter_t part;
            const filter_t *filter = &whole;
            const int8_t *rows[3];
            if (top >= 0 && top + 3 <= window->in_height) {
                rows[0] = values + (size_t)top * row;
                rows[1] = rows[0] + row;
                rows[2] = rows[1] + row;
            } else {
                part = whole;
                filter = &part;
                for (int32_t i = 0; i < 3; i++) {
                    bool inside = top + i >= 0 && top + i < window->in_height;
                    rows[i] = values + (inside ? (size_t)(top + i) * row : 0);
                    if (!inside) {
                        leave_out(&part, i, op->input_zero_point);
                    }
                }
            }
            slide(window, step, rows[0], rows[1], rows[2], filter, op->input_zero_point, next);
            next += window->out_width;
            if (next == full) {
                to = put(op, c, sums, next, to);
                next = sums;
            }
        }
        put(op, c, sums, next, to);
    }
}

// Any window ------------------------------------------------------------------------

// The taps that are inside of a side of the image, and where the first of them is.
typedef struct _span_t {
    int32_t first, last, start;
} span_t;

static span_t span_of(int32_t start, int32_t size, int32_t dilation, int32_t side) {
    span_t span = { 0, size, 0 };
    if (start < 0) {
        span.first = (dilation - 1 - start) / dilation;
    }
    if (start + (size - 1) * dilation >= side) {
        span.last = start >= side ? 0 : (side - start + dilation - 1) / dilation;
    }
    span.start = start + span.first * dilation;
    return span;
}

static void finish(const int8_depthwise_conv_2d_t *op, size_t c, int32_t sum, int8_t *output) {
    const int8_channel_t *factor = &op->channels.factors[c];
    int32_t scaled = int8_rescale(sum + factor->bias, factor->multiplier, op->channels.shifts[c]);
    output[c] = int8_clamp(scaled + op->range.zero_point, op->range.min, op->range.max);
}

// All channels of one output, from the value of the first tap that is inside and its weight.
static void one_place(const int8_depthwise_conv_2d_t *op, const span_t *rows, const span_t *columns,
    const int8_t *input, const int8_t *weights, int8_t *output) {
    const int8_window_t *window = &op->window;
    size_t depth = depth_of(op);
    size_t next_row = (size_t)window->dilation_height * window->in_width * op->in_depth;
    size_t next_column = (size_t)window->dilation_width * op->in_depth;
    int32_t zero = op->input_zero_point;
    for (size_t c = 0, some; c < depth; c += some) {
        some = op->multiplier == 1 && c + 4 <= depth ? 4 : 1;
        const int8_t *x_row = input + c / op->multiplier, *w_row = weights + c;
        int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
        for (int32_t y = rows->first; y < rows->last; y++) {
            const int8_t *x = x_row, *w = w_row;
            for (int32_t i = columns->first; i < columns->last; i++) {
                sum0 += (x[0] - zero) * w[0];
                if (some == 4) {
                    sum1 += (x[1] - zero) * w[1];
                    sum2 += (x[2] - zero) * w[2];
                    sum3 += (x[3] - zero) * w[3];
                }
                x += next_column, w += depth;
            }
            x_row += next_row, w_row += window->width * depth;
        }
        finish(op, c, sum0, output);
        if (some == 4) {
            finish(op, c + 1, sum1, output);
            finish(op, c + 2, sum2, output);
            finish(op, c + 3, sum3, output);
        }
    }
}

static void by_places(const int8_depthwise_conv_2d_t *op, const int8_t *image,
    const int8_t *weights, int8_t *output) {
    const int8_window_t *window = &op->window;
    size_t depth = depth_of(op);
    for (int32_t y = 0; y < window->out_height; y++) {
        span_t rows = span_of(y * window->stride_height - window->pad_top, window->height,
            window->dilation_height, window->in_height);
        for (int32_t x = 0; x < window->out_width; x++, output += depth) {
            span_t columns = span_of(x * window->stride_width - window->pad_left, window->width,
                window->dilation_width, window->in_width);
            size_t first = (size_t)rows.start * window->in_width + (size_t)columns.start;
            size_t tap = (size_t)rows.first * window->width + (size_t)columns.first;
            one_place(op, &rows, &columns, image + first * op->in_depth, weights + tap * depth, output);
        }
    }
}

void int8_depthwise_conv_2d(const int8_depthwise_conv_2d_t *op, size_t batches,
    const int8_t *input, const int8_t *weights, int8_t *output, void *scratch) {
    if (op->way == WAY_CONVOLUTION) {
        as_convolution(op, batches, input, weights, output, scratch);
        return;
    }
    size_t in = (size_t)op->window.in_height * op->window.in_width * op->in_depth;
    size_t out = (size_t)op->window.out_height * op->window.out_width * depth_of(op);
    for (; batches > 0; batches--, input += in, output += out) {
        if (op->way == WAY_3X3) {
            by_3x3(op, input, weights, output, scratch);
        } else {
            by_places(op, input, weights, output);
        }
    }
}
