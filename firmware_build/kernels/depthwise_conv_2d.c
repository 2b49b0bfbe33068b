// DEPTHWISE_CONV_2D.
//
// Three ways, chosen when the model is loaded:
//
// - Windows of 3x3 slide (conv_3x3.c).
// - Of an image with one channel it is a convolution, and computed as one, from weights that
//   each run puts into the order of a convolution's.
// - Any other goes output by output, four channels at a time if there is one output for each.

#include "conv_2d_packed.h"
#include "conv_3x3.h"
#include "rescale.h"

enum { WAY_ANY, WAY_3X3, WAY_CONVOLUTION };

#define MAX_TURNED (4096) // bytes of weights in another order

static size_t depth_of(const int8_depthwise_conv_2d_t *op) {
    return (size_t)op->in_depth * op->multiplier;
}

static size_t taps_of(const int8_depthwise_conv_2d_t *op) {
    return (size_t)op->window.height * op->window.width;
}

static int8_conv_2d_t convolution(const int8_depthwise_conv_2d_t *op) {
    return (int8_conv_2d_t) {
        op->window, op->in_depth, op->multiplier, 1, op->input_zero_point, op->range, 0,
        op->channels,
    };
}

static bool of_one_channel(const int8_depthwise_conv_2d_t *op) {
    return op->in_depth == 1 && taps_of(op) * depth_of(op) <= MAX_TURNED;
}

static int8_conv_3x3_t sliding(const int8_depthwise_conv_2d_t *op) {
    return (int8_conv_3x3_t) {
        &op->window, op->in_depth, op->multiplier, { depth_of(op), 1 }, op->input_zero_point,
        op->range, op->channels,
    };
}

void int8_depthwise_conv_2d_prepare(int8_depthwise_conv_2d_t *op, const int8_t *weights) {
    op->way = WAY_ANY;
    if (weights == NULL) {
        return;
    }
    int8_conv_3x3_t slide = sliding(op);
    if (int8_conv_3x3_prepare(&slide, weights)) {
        op->way = WAY_3X3;
    } else if (of_one_channel(op)) {
        int8_conv_2d_t conv = convolution(op);
        if (int8_conv_2d_packed_prepare(&conv, weights, slide.layout)) {
            op->way = WAY_CONVOLUTION;
        }
    }
}

static size_t turned_size(const int8_depthwise_conv_2d_t *op) {
    return (taps_of(op) * depth_of(op) + 3) / 4 * 4;
}

size_t int8_depthwise_conv_2d_scratch(const int8_depthwise_conv_2d_t *op) {
    size_t slide = int8_conv_3x3_scratch(&op->window, op->in_depth);
    if (slide > 0 || !of_one_channel(op)) {
        return slide;
    }
    int8_conv_2d_t conv = convolution(op);
    return turned_size(op) + int8_conv_2d_packed_scratch(&conv);
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
    size_t in = (size_t)op->window.in_height * op->window.in_width;
    size_t out = (size_t)op->window.out_height * op->window.out_width * depth;
    for (; batches > 0; batches--, input += in, output += out) {
        int8_conv_2d_packed(&conv, input, scratch, output, (uint8_t *)scratch + turned_size(op));
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
            int8_conv_3x3_t slide = sliding(op);
            int8_conv_3x3(&slide, input, weights, output, scratch);
        } else {
            by_places(op, input, weights, output);
        }
    }
}
