// A patch: what lies below the windows of four places, tap by tap, in words that hold a value of
// two places each: first + second * 65536. What is outside of the image has the zero point's
// value. Rows of the windows that are outside for all four are left out.

#include "conv_2d_patch.h"

rows_t int8_conv_2d_rows(const int8_conv_2d_t *op, const place_t *first, const place_t *last) {
    const int8_window_t *window = &op->window;
    int32_t step = window->dilation_height, start = 0, end = window->height;
    if (last->top < 0) {
        start = (step - 1 - last->top) / step;
    }
    if (first->top + (end - 1) * step >= window->in_height) {
        end = (window->in_height - first->top + step - 1) / step;
    }
    size_t row = (size_t)window->width * op->in_depth;
    return (rows_t) {
        start, end, start * step, (end - 1) * step, row, (size_t)(end - start) * row,
        (size_t)step * window->in_width * op->in_depth,
    };
}

#define PACK(n, a, b) patch[n] = (uint32_t)(a + b * 65536);

// One word of each tap, of `count` that lie one after the other.
static inline uint32_t *pack(uint32_t *patch, const int8_t *first, const int8_t *second, size_t count) {
    for (; count >= 4; count -= 4, first += 4, second += 4, patch += 8) {
        PACK(0, first[0], second[0])
        PACK(2, first[1], second[1])
        PACK(4, first[2], second[2])
        PACK(6, first[3], second[3])
    }
    for (; count > 0; count--, patch += 2) {
        PACK(0, *first++, *second++)
    }
    return patch;
}

// Columns x to `end` of a row of the window, where one tap or both are outside of the image.
__attribute__((noinline)) static uint32_t *pack_edge(const int8_conv_2d_t *op,
    const int8_t *image, const place_t *a, const place_t *b, int32_t y, int32_t x, int32_t end,
    uint32_t *patch) {
    for (; x < end; x++) {
        const int8_t *first = tap_of(op, image, op->in_depth, a, y, x);
        const int8_t *second = tap_of(op, image, op->in_depth, b, y, x);
        size_t step_first = first != NULL, step_second = second != NULL;
        first = first != NULL ? first : &op->input_zero_point;
        second = second != NULL ? second : &op->input_zero_point;
        for (size_t count = op->in_depth; count > 0; count--, patch += 2) {
            PACK(0, *first, *second)
            first += step_first, second += step_second;
        }
    }
    return patch;
}

// Two places. If they are side by side, most of their columns are in the image for both, and those
// of a row lie one after the other.
__attribute__((noinline)) static void gather_two(const int8_conv_2d_t *op, const rows_t *rows,
    const int8_t *image, const place_t *a, const place_t *b, uint32_t *patch) {
    const int8_window_t *window = &op->window;
    int32_t width = window->width, start = 0, end = 0;
    // Rows that count for the other two places may be outside for these.
    if (a->top == b->top && window->dilation_width == 1 && a->top + rows->top >= 0
        && a->top + rows->bottom < window->in_height) {
        int32_t inside = window->in_width - b->left;
        start = a->left < 0 ? -a->left : 0;
        end = inside < width ? inside : width;
        end = end > start ? end : start;
    }
    size_t second = (size_t)(b->left - a->left) * op->in_depth;
    size_t count = (size_t)(end - start) * op->in_depth;
    const int8_t *values = count > 0 ? values_at(op, image, a->top + rows->top, a->left + start) : NULL;
    for (int32_t y = rows->first; y < rows->end; y++) {
        if (start > 0) {
            patch = pack_edge(op, image, a, b, y, 0, start, patch);
        }
        if (count > 0) {
            patch = pack(patch, values, values + second, count);
            values += y + 1 < rows->end ? rows->next : 0;
        }
        if (end < width) {
            patch = pack_edge(op, image, a, b, y, end, width, patch);
        }
    }
}

// Four places in one row, with all that counts in the image.
__attribute__((noinline)) static void gather_four(const int8_conv_2d_t *op, const rows_t *rows,
    const int8_t *values, uint32_t *patch) {
    size_t step = (size_t)op->window.stride_width * op->in_depth;
    const uint32_t *last = patch + 2 * rows->taps;
    for (; patch != last; values += rows->next) {
        const int8_t *a = values, *b = a + step, *c = b + step, *d = c + step;
        size_t count = rows->row;
        for (; count >= 2; count -= 2, patch += 4) {
            PACK(0, a[0], b[0])
            PACK(1, c[0], d[0])
            PACK(2, a[1], b[1])
            PACK(3, c[1], d[1])
            a += 2, b += 2, c += 2, d += 2;
        }
        if (count > 0) {
            PACK(0, *a, *b)
            PACK(1, *c, *d)
            patch += 2;
        }
    }
}

void int8_conv_2d_gather(const int8_conv_2d_t *op, const rows_t *rows, const int8_t *image,
    const place_t *first, const place_t *last, size_t places, uint32_t *patch) {
    const int8_window_t *window = &op->window;
    if (places == 4 && first->top == last->top && first->left >= 0 && window->dilation_width == 1
        && last->left + window->width <= window->in_width) {
        gather_four(op, rows, values_at(op, image, first->top + rows->top, first->left), patch);
        return;
    }
    place_t b = *first, c;
    if (places > 1) {
        next_place(window, &b);
    }
    gather_two(op, rows, image, first, &b, patch);
    if (places > 2) {
        c = b;
        next_place(window, &c);
        gather_two(op, rows, image, &c, last, patch + 1);
    }
}
