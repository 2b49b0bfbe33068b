// CONV_2D.
//
// Three ways, chosen when the model is loaded:
//
// - Over an image with one channel windows of 3x3 slide (conv_3x3.c).
// - Four places are computed at once (conv_2d_packed.c).
// - Any weights, windows too large for that, and groups go place by place, four channels at a time.

#include "conv_2d_packed.h"
#include "conv_2d_place.h"
#include "conv_3x3.h"
#include "dot.h"
#include "rescale.h"

enum { WAY_ANY, WAY_3X3, WAY_PACKED };

static int8_conv_3x3_t sliding(const int8_conv_2d_t *op) {
    return (int8_conv_3x3_t) {
        &op->window, 1, op->out_depth, { 1, 9 }, op->input_zero_point, op->range, op->channels,
    };
}

void int8_conv_2d_prepare(int8_conv_2d_t *op, const int8_t *weights) {
    int8_layout_t layout = { 1, taps_of(op) };
    int8_conv_3x3_t slide = sliding(op);
    op->way = WAY_ANY;
    if (weights == NULL || op->groups > 1) {
        return;
    }
    if (op->in_depth == 1 && int8_conv_3x3_prepare(&slide, weights)) {
        op->way = WAY_3X3;
    } else if (int8_conv_2d_packed_prepare(op, weights, layout)) {
        op->way = WAY_PACKED;
    }
}

size_t int8_conv_2d_scratch(const int8_conv_2d_t *op) {
    if (op->groups > 1) {
        return 0;
    }
    size_t slide = op->in_depth == 1 ? int8_conv_3x3_scratch(&op->window, 1) : 0;
    return slide > 0 ? slide : int8_conv_2d_packed_scratch(op);
}

// Any weights -----------------------------------------------------------------------

// Add to `sums` what `channels` output channels, 1 or 4, get from one place. The image begins with
// the first channel of their group.
static void direct_sums(const int8_conv_2d_t *op, const int8_t *image, const place_t *place,
    const int8_t *weights, size_t channels, int32_t *sums) {
    const int8_window_t *window = &op->window;
    size_t depth = (size_t)op->in_depth * op->groups;
    bool inside = op->groups == 1 && columns_inside(window, place);
    int32_t runs = inside ? 1 : window->width;
    size_t count = (size_t)(inside ? window->width : 1) * op->in_depth;
    size_t taps = taps_of(op);
    for (int32_t y = 0; y < window->height; y++) {
        for (int32_t x = 0; x < runs; x++, weights += count) {
            const int8_t *values = tap_of(op, image, depth, place, y, x);
            if (values == NULL) {
                continue;
            }
            if (channels == 4) {
                int8_dot_4(values, op->input_zero_point, weights, taps, count, sums);
            } else {
                *sums += int8_dot(values, op->input_zero_point, weights, count);
            }
        }
    }
}

static void direct_image(const int8_conv_2d_t *op, const int8_t *image, const int8_t *weights,
    int8_t *output) {
    size_t taps = taps_of(op), each = op->out_depth / op->groups;
    size_t places = (size_t)op->window.out_height * op->window.out_width;
    const int8_channels_t *channels = &op->channels;
    place_t place = first_place(&op->window);
    for (; places > 0; places--, next_place(&op->window, &place)) {
        const int8_t *group = image;
        size_t end = each;
        for (size_t c = 0, some; c < op->out_depth; c += some) {
            if (c == end) {
                group += op->in_depth, end += each;
            }
            some = c + 4 <= end ? 4 : 1;
            int32_t sums[4];
            for (size_t n = 0; n < some; n++) {
                sums[n] = channels->factors[c + n].bias;
            }
            direct_sums(op, group, &place, weights + c * taps, some, sums);
            for (size_t n = 0; n < some; n++) {
                int32_t scaled = int8_rescale(sums[n], channels->factors[c + n].multiplier,
                    channels->shifts[c + n]);
                *output++ = int8_clamp(scaled + op->range.zero_point, op->range.min, op->range.max);
            }
        }
    }
}

void int8_conv_2d(const int8_conv_2d_t *op, size_t batches, const int8_t *input,
    const int8_t *weights, int8_t *output, void *scratch) {
    size_t in = (size_t)op->window.in_height * op->window.in_width * op->in_depth * op->groups;
    size_t out = (size_t)op->window.out_height * op->window.out_width * op->out_depth;
    for (; batches > 0; batches--, input += in, output += out) {
        if (op->way == WAY_3X3) {
            int8_conv_3x3_t slide = sliding(op);
            int8_conv_3x3(&slide, input, weights, output, scratch);
        } else if (op->way == WAY_PACKED) {
            int8_conv_2d_packed(op, input, weights, output, scratch);
        } else {
            direct_image(op, input, weights, output);
        }
    }
}
